"""
A comma at the end of an assignment: `self.fc = nn.Linear(4, 4),`, `self.dim = dim,` or `x = self.conv(x),`.

## Why it hurts
The attribute is a tuple: its layer is not in `parameters()` and not in the `state_dict`, and calling it raises
`TypeError: 'tuple' object is not callable`. A result in a tuple fails in the next layer: `TypeError: conv2d()
received an invalid combination of arguments - got (tuple, ...)`. So does a size in a tuple: `nn.Linear(self.dim, 4)`.

## What is not reported
Tuples that are unpacked, indexed, looped over, added to or written with parentheses (unless they are called), and
tuples of anything but a layer, its result, or a size that the same method hands to `nn.Linear` and the like.

## Fix safety
Safe: the comma is taken away, where the code cannot run with it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from nn_lint.diagnostic import Applicability, Edit, Span
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.trailing_commas import Meant, TrailingComma, trailing_commas
from nn_lint.project.facts import ClassFacts
from nn_lint.project.premises.nodes import assignments
from nn_lint.rules.rule import Example, Finding, Repair, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report tuples of one that are used like what stands in them."""
    if not cls.is_module or not sieve(cls.facts, cls.text):
        return
    for found in trailing_commas(cls):
        message = f"the comma makes `{found.name}` a tuple: it is {_HARM[found.meant]}"
        yield Finding(cls.syntax.span(found.statement), message, Repair("Drop the comma", (_edit(cls, found),)))


_HARM = {
    Meant.LAYER: "not registered, and calling it raises `TypeError`",
    Meant.SIZE: "no number any more, and the layer that takes it raises `TypeError`",
    Meant.RESULT: "no tensor any more",
}


def _edit(cls: ModuleClass, found: TrailingComma) -> Edit:
    """The comma with the blanks before it; what closes the parentheses around the value stays."""
    lines = cls.syntax.lines
    end = cls.syntax.span(found.comma).end
    text = lines.text[: lines.offset(end) - 1]
    return Edit(Span(lines.position(len(_BEFORE_COMMA.sub("", text))), end), "")


_BEFORE_COMMA = re.compile(r"(?:[ \t]*\\(?:\r\n|\r|\n))?[ \t]*\Z")


_END = re.compile(r"\),[ \t]*(?:#[^\n]*)?\r?$", re.MULTILINE)
_TYPE = r"[ \t]*(?::[^=\n]+)?"
_START = re.compile(rf"[ \t]*(?:self\.\w+{_TYPE}=|\w+{_TYPE}[ \t]+=[ \t]|\w+{_TYPE}=[^\n]*\bself\.)")
_LAST_ROW = re.compile(r"\n[ \t]*\)+,")
_ROWS = re.compile(
    rf"^([ \t]*)(?:self\.\w+{_TYPE}=|\w+{_TYPE}[ \t]+=[ \t])[^\n]*"
    r"\([ \t]*\r?\n(?:\1[ \t][^\n]*\n)*?\1\)+,[ \t\r]*(?:#|$)",
    re.MULTILINE,
)
_ATTRIBUTE = re.compile(r"\bself\.\w+[ \t]*(?::[^=\n]+)?=(?!=)[^\n]*,[ \t]*(?:;[^\n]*|#[^\n]*)?\r?$", re.MULTILINE)
_PARENTHESES = re.compile(r"self\.\w+[ \t]*(?::[^=\n]+)?=[ \t]*\(\s*[\w.]+\(")


def sieve(facts: ClassFacts, source: str) -> bool:
    """A row, or rows down to a closing parenthesis, that begins like an assignment and ends in a comma."""
    ends = (found.start() for found in _END.finditer(source))
    return (
        any(_START.match(source, source.rfind("\n", 0, end) + 1, end) is not None for end in ends)
        or (_LAST_ROW.search(source) is not None and _ROWS.search(source) is not None)
        or _ATTRIBUTE.search(source) is not None
        or _PARENTHESES.search(source) is not None
    )


def premise(cls: ModuleClass) -> bool:
    """An assignment of a tuple of one."""
    if cls.tree is None:
        return True
    values = (value for _, value in assignments(cls.tree.nodes))
    return any(isinstance(value, ast.Tuple) and len(value.elts) == 1 for value in values)


RULE = Rule(
    code="NN212",
    name="trailing-comma",
    doc=__doc__,
    fix=Applicability.SAFE,
    check=check,
    sieve=sieve,
    premise=premise,
    examples=(
        Example(
            """
            import torch
            import torch.nn.functional as F
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.conv = nn.Conv2d(1, 1, 1),  # NN212
                    self.net = nn.Sequential(  # NN212
                        nn.Conv2d(1, 1, 1),
                        nn.ReLU(),
                    ),
                def forward(self, x):
                    return self.net(self.conv(x))
            class Listed(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4),  # NN212
                    for layer in [self.fc]:
                        print(layer)
                def forward(self, x):
                    return self.fc(x)
            class Scaled(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.scale = nn.Parameter(torch.ones(4)),  # NN212
                def forward(self, x):
                    return x * self.scale
            class Results(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.conv = nn.Conv2d(1, 1, 1)
                def forward(self, x):
                    x = self.conv(x),  # NN212
                    x = F.relu(x),  # NN212
                    return self.conv(x)
            class Formatted(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.pool = (nn.AvgPool2d(2),)  # NN212
                def forward(self, x):
                    return self.pool(x)
            """,
            fixed="""
            import torch
            import torch.nn.functional as F
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.conv = nn.Conv2d(1, 1, 1)
                    self.net = nn.Sequential(
                        nn.Conv2d(1, 1, 1),
                        nn.ReLU(),
                    )
                def forward(self, x):
                    return self.net(self.conv(x))
            class Listed(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                    for layer in [self.fc]:
                        print(layer)
                def forward(self, x):
                    return self.fc(x)
            class Scaled(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.scale = nn.Parameter(torch.ones(4))
                def forward(self, x):
                    return x * self.scale
            class Results(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.conv = nn.Conv2d(1, 1, 1)
                def forward(self, x):
                    x = self.conv(x)
                    x = F.relu(x)
                    return self.conv(x)
            class Formatted(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.pool = (nn.AvgPool2d(2))
                def forward(self, x):
                    return self.pool(x)
            """,
        ),
        Example(
            """
            from torch import nn
            class Tuples(nn.Module):
                def __init__(self, dim, teacher):
                    super().__init__()
                    self.shape = tuple(dim),
                    self.hidden = (nn.Linear(4, 4),)
                    self.kernel = dim,
                    self.fc = nn.Linear(4, 4)
                    self.layers = nn.Linear(4, 4), nn.ReLU()
                    first = self.fc(teacher),
                    self.head = nn.Identity(),
                def forward(self, x):
                    for layer in self.head:
                        x = layer(x)
                    outputs = self.fc(x),
                    outputs = outputs + (x,)
                    hidden = self.fc(x),
                    states = self.fc(x),
                    (only,) = states
                    self.hidden[0](x)
                    return outputs, hidden[0], only
                def predict(
                    self,
                    x,
                ):
                    y = self.fc(
                        x,
                    )
                    return y
            """
        ),
        Example(
            """
            from torch import nn
            class Last(nn.Module):
                def forward(self, states):
                    return states[-1]
            class Hidden(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc, self.last = nn.Linear(4, 4), Last()
                    self.teacher = nn.Linear(4, 4),
                    self.pairs = nn.Linear(4, 4),
                    self.aliased = nn.Linear(4, 4),
                    self.elsewhere = nn.Linear(4, 4),
                def forward(self, x, xs):
                    teacher, = self.teacher
                    x = teacher(x)
                    for layer, other in zip(self.pairs, xs):
                        x = layer(x + other)
                    layers = self.aliased
                    for layer in layers:
                        x = layer(x)
                    states = self.fc(x),
                    given = self.fc(x),
                    counted = self.fc(x),
                    counted.count(1)
                    outputs = self.fc(x),
                    return self.last(states), self.collect(given), counted, outputs
                def collect(self, states):
                    return list(states)
            class Tuple(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                def forward(self, x):
                    outputs = self.fc(x),
                    return outputs
            class Heir(Hidden):
                def run(self, x):
                    for layer in self.elsewhere:
                        x = layer(x)
                    return x
            """
        ),
        Example(
            r"""
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.a = (nn.Linear(2, 2)),  # NN212
                    self.b = nn.Linear(2, 2)  ,  # one, two  # NN212
                    self.c = nn.Linear(  # NN212
                        2, 2  # first,
                    ) \
                    ,
                    self.d = (  # NN212
                        nn.Linear(2, 2)  # why,
                        ,
                    )
                def forward(self, x):
                    return self.a(self.b(self.c(self.d(x))))
            """,
            fixed=r"""
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.a = (nn.Linear(2, 2))
                    self.b = nn.Linear(2, 2)  # one, two
                    self.c = nn.Linear(
                        2, 2  # first,
                    )
                    self.d = (
                        nn.Linear(2, 2)  # why,

                    )
                def forward(self, x):
                    return self.a(self.b(self.c(self.d(x))))
            """,
        ),
        Example(
            """
            from torch import nn
            class Sizes(nn.Module):
                def __init__(self, dim, hidden=4):
                    super().__init__()
                    self.dim = dim,  # NN212
                    self.hidden = 4 * hidden,  # NN212
                    self.act: nn.Module = nn.GELU(),  # NN212
                    self.fc = nn.Linear(self.dim, out_features=self.hidden)
                    self.out = nn.Linear(self.fc.out_features, 4)
                def forward(self, x):
                    x = self.out(self.act(self.fc(x))),  # NN212
                    return x
            """,
            fixed="""
            from torch import nn
            class Sizes(nn.Module):
                def __init__(self, dim, hidden=4):
                    super().__init__()
                    self.dim = dim
                    self.hidden = 4 * hidden
                    self.act: nn.Module = nn.GELU()
                    self.fc = nn.Linear(self.dim, out_features=self.hidden)
                    self.out = nn.Linear(self.fc.out_features, 4)
                def forward(self, x):
                    x = self.out(self.act(self.fc(x)))
                    return x
            """,
        ),
        Example(
            """
            from torch import nn
            class Tupled(nn.Module):
                def __init__(self, dim, kernel, size):
                    super().__init__()
                    self.dim = dim,
                    self.kernel = kernel,
                    self.size = size,
                    self.size = size[0]
                    self.norm = nn.LayerNorm(self.dim)
                    self.conv = nn.Conv1d(4, 4, self.kernel)
                    self.fc = nn.Linear(self.dim[0], self.size)
                def forward(self, x):
                    x = self.norm(self.conv(x)),
                    return x + (self.fc(x[0]),)
                def hidden(self, x):
                    x = self.fc(x),
                    return x
            """
        ),
    ),
)
