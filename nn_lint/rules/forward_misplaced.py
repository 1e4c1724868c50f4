"""
A `forward` that is no method of its class: indented into `__init__` or another method, or left at module level.

## Why it hurts
`NotImplementedError: Module [Net] is missing the required "forward" function`, at the first call and not before: the
function is made anew inside `__init__` and thrown away, or stands beside the class.

## What is not reported
Classes that get a `forward` from a base or at run time (`self.forward = forward`), nested functions that the method
around them uses, functions of a file that anything else names, and those that do not take `self`.

## Fix safety
Verified: the function is moved to the indentation of the class's methods, and kept only if the model then runs in
torch. Not offered where other statements of the method follow, or where the function uses local names around it.
"""

from __future__ import annotations

from collections.abc import Iterator

from nn_lint.diagnostic import Applicability, Edit, Position, Span
from nn_lint.fixing.build import insert, replace
from nn_lint.model.misplaced_forward import MisplacedForward, docstring_rows, misplaced_forward
from nn_lint.model.module_class import ModuleClass
from nn_lint.project.facts import ClassFacts
from nn_lint.rules.rule import Example, Finding, Repair, Rule
from nn_lint.source.indentation import rows_inside_strings


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report the `forward` that a class without one has beside it."""
    if not cls.is_certain or "def forward" not in cls.definition.file.text.content:
        return
    if any(item.facts.method("forward") is not None for item in (cls.definition, *cls.ancestry.project_classes)):
        return
    found = misplaced_forward(cls)
    if found is None or not cls.lacks_forward:
        return
    where = f"inside `{found.holder.name}`" if found.holder is not None else "outside the class"
    message = f"`forward` stands {where} by its indentation: `{cls.name}` has none, and its first call raises"
    edits = tuple(_edits(cls, found)) if found.may_move else ()
    repair = Repair(f"Make it a method of `{cls.name}`", edits) if edits else None
    yield Finding(found.name_span, message, repair)


def _edits(cls: ModuleClass, found: MisplacedForward) -> Iterator[Edit]:
    """Every row of the function and its docstring gets the indentation that a method has; other strings stay."""
    lines = cls.syntax.lines
    tree = cls.definition.file.text.tree
    if tree is None:
        return
    wanted = lines.indentation(cls.methods[0].name_span.start.row) if cls.methods else "    "
    given = lines.indentation(found.first_row)
    told = (row for row in docstring_rows(tree, found) if len(lines.indentation(row)) > len(given))
    inside = rows_inside_strings(lines).difference(told)
    rows = [row for row in range(found.first_row, found.end_row + 1) if lines.row(row).strip() and row not in inside]
    if any(not lines.row(row).startswith(given) for row in rows):
        return
    for row in rows:
        start = Position(row, 1)
        if given:
            yield replace(Span(start, Position(row, len(given) + 1)), wanted)
        else:
            yield insert(start, wanted)


def sieve(facts: ClassFacts, source: str) -> bool:
    """No `forward` of its own; what stands beside the class is asked of the file before anything is parsed."""
    return facts.method("forward") is None


RULE = Rule(
    code="NN204",
    name="forward-misplaced",
    doc=__doc__,
    fix=Applicability.VERIFIED,
    check=check,
    sieve=sieve,
    examples=(
        Example(
            """
            import torch
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)

                    def forward(self, x):  # NN204
                        '''Runs.

                        Once a batch.
                        '''
                        x = self.fc(x)
                        return x

            class Helped(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                    self.init_weights()
                def init_weights(self):
                    nn.init.zeros_(self.fc.weight)
                    @torch.no_grad()
                    def forward(self, x):  # NN204
                        return self.fc(x)
            class Beside(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)

            def forward(self, x):  # NN204
                x = self.fc(x)

                return x
            """,
            fixed="""
            import torch
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)

                def forward(self, x):
                    '''Runs.

                    Once a batch.
                    '''
                    x = self.fc(x)
                    return x

            class Helped(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                    self.init_weights()
                def init_weights(self):
                    nn.init.zeros_(self.fc.weight)
                @torch.no_grad()
                def forward(self, x):
                    return self.fc(x)
            class Beside(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)

                def forward(self, x):
                    x = self.fc(x)

                    return x
            """,
        ),
        Example(
            """
            from torch import nn
            class Followed(nn.Module):
                def __init__(self, scale):
                    super().__init__()
                    def forward(self, x):  # NN204
                        return self.fc(x) * scale
                    self.fc = nn.Linear(4, 4)
            """
        ),
        Example(
            """
            from torch import nn
            from elsewhere import Base, patched
            class Chosen(nn.Module):
                def __init__(self):
                    super().__init__()
                    def forward(x):
                        return x
                    self.forward = forward
            class Patched(nn.Module):
                def __init__(self):
                    super().__init__()
                    def forward(self, x):
                        return x
                    patched(self, forward)
            class Own(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                    def forward(self, x):
                        return x
                def forward(self, x):
                    return self.fc(x)
            class Heir(Own):
                def __init__(self):
                    super().__init__()
                    def forward(self, x):
                        return x
            class Unseen(Base, nn.Module):
                def __init__(self):
                    super().__init__()
                    def forward(self, x):
                        return x
            class Abstract(nn.Module):
                def __init__(self):
                    super().__init__()
            def outer(self, x):
                def forward(self, x):
                    return x
                return forward(self, x)
            """
        ),
        Example(
            """
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
            def forward(self, x):
                return self.fc(x)
            Net.forward = forward
            """
        ),
        Example(
            """
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
            def forward(model, x):
                return model.fc(x)
            """
        ),
        Example(
            """
            from fastcore.basics import patch
            from torch import nn
            class Patched(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(2, 2)
            @patch
            def forward(self: Patched, x):
                return self.fc(x)
            class Inside(nn.Module):
                def __init__(self):
                    super().__init__()
                    @self._use
                    def forward(self, x):
                        return x
                def _use(self, function):
                    vars(self)["for" + "ward"] = function.__get__(self)
            """
        ),
        Example(
            """
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(2, 2)
            def forward(self, x):
                return self.fc(x)
            for name, value in list(globals().items()):
                if callable(value) and name.islower():
                    setattr(Net, name, value)
            """
        ),
        Example(
            r"""
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(2, 2)
            def forward(self, x):  # NN204
                '''What it does,
            and how.
            '''
                return self.fc(x), 'a\
            b'
            """,
            fixed=r"""
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(2, 2)
                def forward(self, x):
                    '''What it does,
            and how.
            '''
                    return self.fc(x), 'a\
            b'
            """,
        ),
        Example(
            """
            from torch import nn
            class Printing(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                    def forward(self, x):  # NN204
                        print('''The input:
                        as it came''')
                        return self.fc(x)
            """,
            fixed="""
            from torch import nn
            class Printing(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                def forward(self, x):
                    print('''The input:
                        as it came''')
                    return self.fc(x)
            """,
        ),
    ),
)
