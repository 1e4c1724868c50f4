"""
A call of the parent's `__init__` that cannot work as it is written.

## Why it hurts
`super(self).__init__()` raises `TypeError: super() argument 1 must be a type`; `super(Net).__init__()` makes an
unbound object and initialises nothing; `nn.Module.__init__()` misses its `self`; `super().__init__(self)` hands it
over twice; `super().init()` names no method; `nn.Module().__init__()` initialises another object; and
`nn.Module.__init__` takes no arguments, so `super().__init__(width)` raises `TypeError: Net.__init__() takes 1
positional argument but 2 were given`.

## What is not reported
Arguments for a parent that may take them, `*args` and `**kwargs` (often empty), and arguments in classes that are
combined with others by multiple inheritance, where `super()` need not be `nn.Module`.

## Fix safety
Safe: as written the constructor always fails, so no working model changes. Arguments are dropped only where the one
base is `nn.Module` and evaluating them has no effect.
"""

from __future__ import annotations

from collections.abc import Iterator

from nn_lint.diagnostic import Applicability, Span
from nn_lint.fixing.build import replace
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.parent_calls import CallForm, ParentCall
from nn_lint.project.facts import ClassFacts, InitStart
from nn_lint.project.hierarchy import TorchClass
from nn_lint.rules.rule import Example, Finding, Repair, Rule

_ON_SUPER = frozenset({CallForm.ZERO_ARGUMENT, CallForm.TWO_ARGUMENT})


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Judge each call in `__init__`; the first fault of a call is the one to mend."""
    start = init.start if (init := cls.facts.method("__init__")) is not None else InitStart.PLAIN
    if (
        not cls.is_module
        or start is InitStart.PLAIN
        or (start is InitStart.ARGUMENTS and not cls.construction.parent_is_module_alone)
    ):
        return
    for call in cls.init.parent_calls if cls.init is not None else ():
        if call.is_called:
            finding = _wrong_super(cls, call) or _wrong_name(cls, call) or _wrong_arguments(cls, call)
            if finding is not None:
                yield finding


def _wrong_super(cls: ModuleClass, call: ParentCall) -> Finding | None:
    """`super(self)`, `super(Net)`, `Super()` and `nn.Module()`: right for no class at all."""
    if call.form is CallForm.NEW_OBJECT and cls.resolve(call.parent or "") not in cls.ancestry.order:
        return None
    if call.form is CallForm.MISSPELLED and not cls.is_undefined((call.parent or "").split(".")[-1]):
        return None
    said = {
        CallForm.NEW_OBJECT: f"`{call.parent}()` makes another object and initialises that one; write `super()`",
        CallForm.MISSPELLED: f"`{call.parent}()` does not exist: `super()` is meant",
        CallForm.INSTANCE: "`super` wants a class first: `super(self, ...)` raises TypeError; write `super()`",
        CallForm.UNBOUND: f"`super({call.parent})` is bound to no object, so nothing is initialised; write `super()`",
    }
    if call.form not in said or not call.is_spelled_right:
        return None
    return Finding(call.span, said[call.form], Repair("Write `super()`", (replace(call.super_span, "super()"),)))


def _wrong_name(cls: ModuleClass, call: ParentCall) -> Finding | None:
    """`super().init()` and `super().__int__()`, where no base has such a method."""
    if call.method not in ("init", "__int__") or not cls.is_certain or cls.inherits(call.method):
        return None
    repair = Repair("Rename to `__init__`", (replace(call.method_span, "__init__"),))
    return Finding(call.method_span, f"`super().{call.method}` does not exist: `__init__` is meant", repair)


def _wrong_arguments(cls: ModuleClass, call: ParentCall) -> Finding | None:
    if not call.is_spelled_right:
        return None
    init = cls.init
    receiver = init.receiver if init is not None else "self"
    if call.form is CallForm.EXPLICIT:
        return _explicit(cls, call, receiver)
    if call.form not in _ON_SUPER or not call.arguments:
        return None
    if call.arguments[0].text == receiver and cls.construction.parent_refuses_arguments(len(call.arguments)):
        repair = _repair(call, "Drop `self`", call.arguments_text.removeprefix(receiver).lstrip(", "))
        return Finding(
            call.span, f"`super()` hands over `{receiver}` itself: it arrives twice and raises TypeError", repair
        )
    return _too_many(cls, call, call.arguments)


def _explicit(cls: ModuleClass, call: ParentCall, receiver: str) -> Finding | None:
    """`nn.Module.__init__()` without self, and `nn.Module.__init__(self, width)`."""
    parent = cls.resolve(call.parent or "")
    if parent not in cls.ancestry.order:
        return None
    if not call.arguments:
        repair = _repair(call, f"Hand over `{receiver}`", receiver)
        return Finding(
            call.span, f"`{call.parent}.__init__()` is called without `{receiver}` and raises TypeError", repair
        )
    if parent == TorchClass("Module") and call.arguments[0].text == receiver:
        return _too_many(cls, call, call.arguments[1:], kept=receiver)
    return None


def _too_many(cls: ModuleClass, call: ParentCall, arguments: tuple[object, ...], kept: str = "") -> Finding | None:
    given = [item for item in call.arguments if item in arguments]
    if not any(not item.star for item in given) or not cls.construction.parent_is_module_alone:
        return None
    repair = None
    if len(cls.facts.bases) == 1 and all(item.is_simple and not item.star for item in given):
        repair = _repair(call, "Drop the arguments", kept)
    text = ", ".join(item.text for item in given)
    return Finding(
        call.span, f"`nn.Module.__init__` takes no arguments, but gets `{text}`, and raises TypeError", repair
    )


def _repair(call: ParentCall, message: str, text: str) -> Repair | None:
    """Replace what stands between the parentheses of a call; a comment there is not ours to drop."""
    inside = Span(call.method_span.end, call.span.end)
    return None if "#" in call.syntax.lines.slice(inside) else Repair(message, (replace(inside, f"({text})"),))


def sieve(facts: ClassFacts, source: str) -> bool:
    """An `__init__` that does not begin with the plain call."""
    init = facts.method("__init__")
    return init is not None and init.start is not InitStart.PLAIN


RULE = Rule(
    code="NN107",
    name="super-init-bad-call",
    doc=__doc__,
    fix=Applicability.SAFE,
    check=check,
    sieve=sieve,
    examples=(
        Example(
            """
            from torch import nn
            class Mlp(nn.Module):
                def __init__(self, cin, cout):
                    super(self).__init__()  # NN107
            class Turned(nn.Module):
                def __init__(self):
                    super(self, Turned).__init__()  # NN107
            class Unbound(nn.Module):
                def __init__(self):
                    super(Unbound).__init__()  # NN107
            class Other(nn.Module):
                def __init__(self):
                    nn.Module().__init__()  # NN107
            class Capital(nn.Module):
                def __init__(self):
                    Super().__init__()  # NN107
            class Taken(nn.Module):
                def __init__(self):
                    self.super().__init__()  # NN107
            class Explicit(nn.Module):
                def __init__(self):
                    nn.Module.__init__()  # NN107
            class Twice(nn.Module):
                def __init__(self):
                    super().__init__(self)  # NN107
            class Short(nn.Module):
                def __init__(self):
                    super().init()  # NN107
            class Number(nn.Module):
                def __init__(self):
                    super(Number, self).__int__()  # NN107
            class Loss(nn.Module):
                def __init__(self, gamma=1.0):
                    super().__init__(gamma=gamma)  # NN107
            class Old(nn.Module):
                def __init__(self, width):
                    nn.Module.__init__(self, width)  # NN107
            """,
            fixed="""
            from torch import nn
            class Mlp(nn.Module):
                def __init__(self, cin, cout):
                    super().__init__()
            class Turned(nn.Module):
                def __init__(self):
                    super().__init__()
            class Unbound(nn.Module):
                def __init__(self):
                    super().__init__()
            class Other(nn.Module):
                def __init__(self):
                    super().__init__()
            class Capital(nn.Module):
                def __init__(self):
                    super().__init__()
            class Taken(nn.Module):
                def __init__(self):
                    super().__init__()
            class Explicit(nn.Module):
                def __init__(self):
                    nn.Module.__init__(self)
            class Twice(nn.Module):
                def __init__(self):
                    super().__init__()
            class Short(nn.Module):
                def __init__(self):
                    super().__init__()
            class Number(nn.Module):
                def __init__(self):
                    super(Number, self).__init__()
            class Loss(nn.Module):
                def __init__(self, gamma=1.0):
                    super().__init__()
            class Old(nn.Module):
                def __init__(self, width):
                    nn.Module.__init__(self)
            """,
        ),
        Example(
            """
            from torch import nn
            from elsewhere import Unseen, load
            class Base(nn.Module):
                def __init__(self, width):
                    super().__init__()
            class Child(Base):
                def __init__(self, width):
                    super().__init__(self, width)  # NN107
            class Mixin:
                pass
            class Loaded(nn.Module, Mixin):
                def __init__(self, path):
                    super().__init__(load(path))  # NN107
            """,
        ),
        Example(
            """
            from torch import nn
            from elsewhere import Unseen
            class Base(nn.Module):
                def __init__(self, width):
                    super().__init__()
                def init(self):
                    return self
            class Child(Base):
                def __init__(self, width):
                    super().__init__(width)
                    super().init()
            class Around(Base):
                def __init__(self):
                    Base.__init__(self, 3)
            class Far(Unseen):
                def __init__(self, config):
                    super().__init__(config)
                    super().init()
            class Data(Unseen):
                def __init__(self):
                    super(Data).__init__()
            class Factory(nn.Module):
                def __init__(self):
                    load().__init__(self)
            class Open(nn.Module):
                def __init__(self, *args, **kwargs):
                    super().__init__(*args, **kwargs)
            class Cooperative(nn.Module):
                def __init__(self, width):
                    super().__init__(width)
            class Wide(nn.Module):
                def __init__(self, width):
                    super().__init__()
            class Joined(Cooperative, Wide):
                pass
            class Passing(nn.Module):
                call_super_init = True
                def __init__(self, width):
                    super().__init__(width)
            class Tracked(Unseen, nn.Module):
                def __init__(self, width):
                    super().__init__(width)
            """
        ),
        Example(
            """
            from abc import ABC
            from torch import nn
            from somewhere import ExactModel
            class Model(nn.Module, ABC):
                pass
            class Wrapped(Model, ExactModel):
                def __init__(self, x, y):
                    self.size = len(x)
                    super().__init__(x, y)
            """
        ),
        Example(
            """
            from torch import nn
            class Named(nn.Module):
                def __init__(self, name):
                    super().__init__()
                    self.name = name
            class Net(nn.Module):
                def __init__(self, name):
                    super().__init__(name)
                    self.fc = nn.Linear(2, 2)
            NamedNet = type("NamedNet", (Net, Named), {})
            """
        ),
        Example(
            """
            from torch import nn
            class Store:
                def __init__(self, size):
                    self.size = size
            class Net(nn.Module, Store):
                def __init__(self, size):
                    super().__init__(size)
                    self.fc = nn.Linear(2, 2)
            Net.call_super_init = True
            """
        ),
        Example(
            """
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__(  # NN107
                        self,  # the module
                    )
            """
        ),
    ),
)
