"""
A slip of `self`: `def forward(slef, x)` with a body that says `self`, the reverse, or `self` in the wrong place.

## Why it hurts
The body raises `NameError: name 'self' is not defined` at its first use. `def forward(x, self)` is worse: the
tensor arrives as `self`, and torch complains that a `Tensor` has no such layer.

## What is not reported
Any other name for the receiver that the body uses throughout: `this` works, and so does a consistent `slef`.

## Fix safety
Safe where only one spelling is used in the body: the other is renamed, or `self` moves to the front. Calls by
position are already written for that order. Report only where both spellings are in use.
"""

from __future__ import annotations

from collections.abc import Iterator

from nn_lint.diagnostic import Applicability, Position, Span
from nn_lint.fixing.build import replace
from nn_lint.fixing.signature import move_first
from nn_lint.model.method import Method
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.receivers import IMPLICITLY_UNBOUND, ReceiverFault, find_receiver_faults
from nn_lint.model.spelling import is_misspelled_self
from nn_lint.project.facts import ClassFacts
from nn_lint.rules.rule import Example, Finding, Repair, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each method whose signature and body disagree about the receiver's name or place."""
    repairs = {
        ReceiverFault.MISNAMED: _rename_parameter,
        ReceiverFault.MISSPELLED_USE: _rename_uses,
        ReceiverFault.NOT_FIRST: _move,
    }
    for found in find_receiver_faults(cls) if cls.is_module else ():
        if found.fault in repairs:
            method = found.method
            said = "has `self` in the wrong place" if found.fault is ReceiverFault.NOT_FIRST else "misspells `self`"
            message = f"`{cls.name}.{method.name}` {said}: {found.evidence}"
            yield Finding(_span(method, found.fault), message, repairs[found.fault](method))


def _span(method: Method, fault: ReceiverFault) -> Span:
    return method.name_span if fault is not ReceiverFault.MISSPELLED_USE else _slips(method)[0]


def _slips(method: Method) -> list[Span]:
    bound = method.locals
    slips = (name for name in method.names_read if is_misspelled_self(name) and name not in bound)
    return sorted(span for name in slips for span in method.name_spans(name))


def _rename_parameter(method: Method) -> Repair | None:
    first = method.positional[0]
    if first.name in method.names_read:
        return None
    start = first.span.start
    name = Span(start, Position(start.row, start.column + len(first.name)))
    return Repair(f"Rename `{first.name}` to `self`", (replace(name, "self"),))


def _rename_uses(method: Method) -> Repair:
    return Repair("Write `self`", tuple(replace(span, "self") for span in _slips(method)))


def _move(method: Method) -> Repair | None:
    parameter = next(item for item in method.positional if item.name == "self")
    if parameter.default is not None:
        return None
    edits = move_first(method, parameter)
    return Repair("Move `self` to the front", edits) if edits else None


def sieve(facts: ClassFacts, source: str) -> bool:
    """A first parameter that is not `self`, or a slip of it anywhere."""
    bound = (method for method in facts.methods if not {"staticmethod", "classmethod"} & set(method.decorators))
    if any(method.parameters[:1] != ("self",) and method.name not in IMPLICITLY_UNBOUND for method in bound):
        return True
    return any(is_misspelled_self(word) for word in _words(source))


def _words(source: str) -> set[str]:
    """The names before a dot, which is where a receiver stands."""
    return {part.rstrip()[-5:].split("(")[-1].split(" ")[-1].strip("[,=-*+/~@:{") for part in source.split(".")[:-1]}


RULE = Rule(
    code="NN202",
    name="misnamed-self",
    doc=__doc__,
    fix=Applicability.SAFE,
    check=check,
    sieve=sieve,
    examples=(
        Example(
            """
            from torch import nn
            class Swapped(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                def forward(x, self):  # NN202
                    return self.fc(x)
            class Slip(nn.Module):
                def __init__(slef):  # NN202
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                def forward(self, x):
                    x = slef.fc(x)  # NN202
                    return (slef.fc(x))
            class Capital(nn.Module):
                def __init__(self):
                    super().__init__()
                    Self.fc = nn.Linear(4, 4)  # NN202
                def extra(cls, x):  # NN202
                    return self.fc(x)
            class Typed(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                def forward(x: object, y: object, self: object, z=1):  # NN202
                    return self.fc(x) + y
            class Second(nn.Module):
                def __init__(dim, self):  # NN202
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
            """,
            fixed="""
            from torch import nn
            class Swapped(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                def forward(self, x):
                    return self.fc(x)
            class Slip(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                def forward(self, x):
                    x = self.fc(x)
                    return (self.fc(x))
            class Capital(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                def extra(self, x):
                    return self.fc(x)
            class Typed(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                def forward(self: object, x: object, y: object, z=1):
                    return self.fc(x) + y
            class Second(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
            """,
        ),
        Example(
            """
            from torch import nn
            class Both(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                def forward(slef, x):  # NN202
                    return slef.fc(x) + self.fc(x)
            """,
        ),
        Example(
            """
            from typing import Self
            from torch import nn
            class Consistent(nn.Module):
                def __init__(slef):
                    super().__init__()
                    slef.fc = nn.Linear(4, 4)
                def forward(slef, x):
                    return slef.fc(x)
                def clone(self) -> Self:
                    return self
                def compare(other, self):
                    return other is self
            class Local(nn.Module):
                def forward(self, x):
                    sel = x.argmax(-1)
                    return sel.float()
            """
        ),
        Example(
            """
            from constants import *
            from torch import nn
            from torch.nn import functional as F
            first, sel = 1, F
            with open("scale.txt") as elf:
                pass
            class Net(nn.Module):
                def forward(self, x):
                    return sel.relu(x) * SELF.scale * float(elf.read())
            """
        ),
        Example(
            """
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(2, 2)
                def forward(  # NN202
                    x,  # the input
                    self,  # the module
                ):
                    return self.fc(x)
            """
        ),
    ),
)
