"""
`super().__init__` is written but not called, cut short to `super()`, or called on the type `super` itself.

## Why it hurts
`super().__init__` without parentheses is an expression that does nothing, so the module is never initialised; nor
does `super()` as a statement of its own initialise anything.
`super.__init__()` asks the type and not an object: `TypeError: descriptor '__init__' of 'super' object needs an
argument`.

## Fix safety
Safe: the missing parentheses are added. A bare name is left as it is where the parent's `__init__` wants arguments.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from nn_lint.diagnostic import Applicability, Span
from nn_lint.fixing.build import insert, replace
from nn_lint.model.method import Method
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.parent_calls import CallForm, ParentCall
from nn_lint.model.syntax import dotted
from nn_lint.project.facts import ClassFacts
from nn_lint.project.hierarchy import TorchClass
from nn_lint.rules.rule import Example, Finding, Repair, Rule

_NOT_CALLED = frozenset({CallForm.ZERO_ARGUMENT, CallForm.TWO_ARGUMENT})


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report statements that name the parent's `__init__` without running it."""
    init = cls.init if cls.is_module and not cls.facts.begins_with_parent_init else None
    if init is not None:
        yield from _cut_short(cls, init)
    for call in init.parent_calls if init is not None else ():
        if call.form is CallForm.EXPLICIT and cls.resolve(call.parent or "") == TorchClass("Module"):
            yield from _bare_name(call, init.receiver if init is not None else "self")
        if call.form is CallForm.TYPE and call.is_spelled_right:
            yield _on_type(call)
        elif call.form in _NOT_CALLED and call.is_spelled_right and not call.is_called and call.is_statement:
            repair = None
            if not cls.construction.parent_wants_arguments:
                repair = Repair("Add the parentheses", (insert(call.span.end, "()"),))
            yield Finding(call.span, "`super().__init__` is named but not called: its parentheses are missing", repair)


def _cut_short(cls: ModuleClass, init: Method) -> Iterator[Finding]:
    """`super()`, `super(Net, self)` and `super` as statements, where nothing else initialises the module."""
    if cls.construction.calls_some_init:
        return
    for statement in init.statements:
        node = statement.value if isinstance(statement, cst.Expr) else None
        name = node.func if isinstance(node, cst.Call) else node
        if node is not None and name is not None and dotted(name) == "super":
            span = cls.syntax.span(node)
            missing = ".__init__()" if isinstance(node, cst.Call) else "().__init__()"
            repair = None
            if not cls.construction.parent_wants_arguments:
                repair = Repair("Add the call of `__init__`", (insert(span.end, missing),))
            yield Finding(span, "`super` alone initialises nothing: `super().__init__()` is meant", repair)


def _bare_name(call: ParentCall, receiver: str) -> Iterator[Finding]:
    """`nn.Module.__init__` as a statement becomes `nn.Module.__init__(self)`."""
    if not call.is_called and call.is_statement:
        repair = Repair("Add the call", (insert(call.span.end, f"({receiver})"),))
        yield Finding(
            call.span, f"`{call.parent}.__init__` is named but not called: its parentheses are missing", repair
        )


def _on_type(call: ParentCall) -> Finding:
    """`super.__init__(Net, self, width)` becomes `super().__init__(width)`."""
    edits = [insert(call.super_span.end, "()")]
    rest = [item for item in call.arguments if item.text != "self" and not _is_class_name(item.text)]
    if not call.is_called:
        edits.append(insert(call.span.end, "()"))
    elif len(rest) != len(call.arguments):
        inside = Span(call.method_span.end, call.span.end)
        edits.append(replace(inside, f"({', '.join(item.text for item in rest)})"))
    message = "`super.__init__` asks the type `super`, not an instance of it: write `super().__init__()`"
    repair = Repair("Rewrite as `super().__init__()`", tuple(edits))
    return Finding(call.span, message, None if "#" in call.syntax.lines.slice(call.span) else repair)


def _is_class_name(text: str) -> bool:
    return text.isidentifier() and text[0].isupper()


def sieve(facts: ClassFacts, source: str) -> bool:
    """An `__init__` that does not begin with the call."""
    return not facts.begins_with_parent_init


RULE = Rule(
    code="NN103",
    name="super-init-not-called",
    doc=__doc__,
    fix=Applicability.SAFE,
    check=check,
    sieve=sieve,
    examples=(
        Example(
            """
            from torch import nn
            class BoxLoss(nn.Module):
                def __init__(self, reg_max):
                    super.__init__()  # NN103
                    self.reg_max = reg_max
            class Named(nn.Module):
                def __init__(self):
                    super.__init__(Named, self)  # NN103
            class Bare(nn.Module):
                def __init__(self):
                    super().__init__  # NN103
                    self.fc = nn.Linear(2, 2)
            class Old(nn.Module):
                def __init__(self):
                    super(Old, self).__init__  # NN103
            class Both(nn.Module):
                def __init__(self):
                    super.__init__  # NN103
            class Explicit(nn.Module):
                def __init__(self):
                    nn.Module.__init__  # NN103
            class Short(nn.Module):
                def __init__(self):
                    super()  # NN103
                    self.fc = nn.Linear(2, 2)
            class OldShort(nn.Module):
                def __init__(self):
                    super(OldShort, self)  # NN103
            class Word(nn.Module):
                def __init__(self):
                    super  # NN103
            """,
            fixed="""
            from torch import nn
            class BoxLoss(nn.Module):
                def __init__(self, reg_max):
                    super().__init__()
                    self.reg_max = reg_max
            class Named(nn.Module):
                def __init__(self):
                    super().__init__()
            class Bare(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(2, 2)
            class Old(nn.Module):
                def __init__(self):
                    super(Old, self).__init__()
            class Both(nn.Module):
                def __init__(self):
                    super().__init__()
            class Explicit(nn.Module):
                def __init__(self):
                    nn.Module.__init__(self)
            class Short(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(2, 2)
            class OldShort(nn.Module):
                def __init__(self):
                    super(OldShort, self).__init__()
            class Word(nn.Module):
                def __init__(self):
                    super().__init__()
            """,
        ),
        Example(
            """
            from torch import nn
            class Layer(nn.Linear):
                def __init__(self):
                    super().__init__  # NN103
            class Base(nn.Module):
                def __init__(self, width):
                    super().__init__()
            class Child(Base):
                def __init__(self, width):
                    super()  # NN103
                    self.fc = nn.Linear(width, width)
            """,
        ),
        Example(
            """
            from functools import partial
            from torch import nn
            from elsewhere import Base
            class Unseen(Base):
                def __init__(self):
                    super().__init__
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
            class Kept(nn.Module):
                def __init__(self):
                    start = super().__init__
                    start()
            class Needless(nn.Module):
                def __init__(self):
                    super()
                    super().__init__()
            class Helped(nn.Module):
                def __init__(self):
                    super()
                    self._start()
                def _start(self):
                    nn.Module.__init__(self)
            class Started(nn.Module):
                def __init__(self):
                    super()
                    partial(nn.Module.__init__, self)()
            class Handed(nn.Module):
                def __init__(self):
                    partial(super().__init__)()
            """
        ),
        Example(
            """
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super.__init__(  # NN103
                        self  # the module
                    )
            """
        ),
    ),
)
