"""
A call of the parent's `__init__` that cannot work as it is written.

## Why it hurts
`super(self).__init__()` raises `TypeError: super() argument 1 must be a type`; `super(Net).__init__()` makes an
unbound object and initialises nothing; `nn.Module.__init__()` misses its `self`; `super().__init__(self)` hands it
over twice; `super().init()` names no method; `nn.Module().__init__()` initialises another object; and
`nn.Module.__init__` takes no arguments, so `super().__init__(width)` raises `TypeError: Net.__init__() takes 1
positional argument but 2 were given`. Where the parent stands in the same file, its signature is read:
`super().__init__()` for one that wants a width, and `Base.__init__(width)` without `self`, raise TypeError as well,
and so does `Encoder.__init__(self)` in a class that does not inherit from it: its `super()` refuses the object.

## What is not reported
Arguments for a parent that may take them or whose `__init__` is decorated, `*args` and `**kwargs` (often empty), and
arguments in classes that are combined with others by multiple inheritance, where `super()` need not be `nn.Module`.

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
from nn_lint.model.parent_signature import Misfit, begins_with_super, misfits
from nn_lint.model.rebuilding import may_be_rebuilt
from nn_lint.project.facts import ClassFacts, InitStart
from nn_lint.project.hierarchy import ProjectClass, TorchClass
from nn_lint.rules.rule import Example, Finding, Repair, Rule

_ON_SUPER = frozenset({CallForm.ZERO_ARGUMENT, CallForm.TWO_ARGUMENT})


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Judge each call in `__init__`; the first fault of a call is the one to mend."""
    if not cls.is_module or cls.init is None:
        return
    is_sound = _begins_well(cls)
    unfit = {item.row: item for item in misfits(cls)}
    for call in cls.init.parent_calls:
        if call.is_called:
            finding = None if is_sound else _wrong_form(cls, call)
            finding = finding or _misfit(cls, call, unfit.get(call.span.start.row))
            if finding is not None:
                yield finding


def _begins_well(cls: ModuleClass) -> bool:
    """An `__init__` whose first statement of weight is a call that is right as far as its form goes."""
    start = init.start if (init := cls.facts.method("__init__")) is not None else InitStart.PLAIN
    return start is InitStart.PLAIN or (start is InitStart.ARGUMENTS and not cls.construction.parent_is_module_alone)


def _wrong_form(cls: ModuleClass, call: ParentCall) -> Finding | None:
    return _wrong_super(cls, call) or _wrong_name(cls, call) or _wrong_arguments(cls, call) or _unrelated(cls, call)


def _misfit(cls: ModuleClass, call: ParentCall, found: Misfit | None) -> Finding | None:
    """Arguments that the parent's `__init__`, which is in sight, does not take."""
    if found is None or not call.is_spelled_right:
        return None
    receiver = cls.init.receiver if cls.init is not None else "self"
    if found.lacks_receiver:
        repair = _repair(call, f"Hand over `{receiver}`", f"{receiver}, {call.arguments_text}".removesuffix(", "))
        return Finding(
            call.span, f"`{call.parent}.__init__` is called without `{receiver}` and raises TypeError", repair
        )
    return Finding(call.span, f"`{found.owner}.__init__` {found.reason}, so this raises TypeError")


def _unrelated(cls: ModuleClass, call: ParentCall) -> Finding | None:
    """`Encoder.__init__(self)` in a class that does not inherit from it, where that one calls `super()`."""
    other = cls.resolve(call.parent) if call.form is CallForm.EXPLICIT and call.parent else None
    if not isinstance(other, ProjectClass) or not cls.is_certain or other in (cls.definition, *cls.ancestry.order):
        return None
    receiver = cls.init.receiver if cls.init is not None else "self"
    is_given = bool(call.arguments) and call.arguments[0].text == receiver
    model = cls.registry.model(other)
    is_clear = begins_with_super(model) and model.is_defined_once and not may_be_rebuilt(model)
    if not is_given or not is_clear or cls.construction.is_combined:
        return None
    if any(other in heir.ancestry.order for heir in cls.heirs):
        return None
    said = f"`{call.parent}` is no base of `{cls.name}`"
    return Finding(call.span, f"{said}, so its `super()` refuses this object with TypeError")


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
    """An `__init__` of its own."""
    return facts.method("__init__") is not None


def premise(cls: ModuleClass) -> bool:
    """An `__init__` that does not begin with a sound call, or a call that its parent's does not take."""
    return not _begins_well(cls) or any(True for _ in misfits(cls))


RULE = Rule(
    code="NN107",
    name="super-init-bad-call",
    doc=__doc__,
    fix=Applicability.SAFE,
    check=check,
    sieve=sieve,
    premise=premise,
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
        Example(
            """
            from torch import nn
            class Base(nn.Module):
                def __init__(self, dim, *, bias=True):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim, bias)
            class Forgetful(Base):
                def __init__(self, dim):
                    super().__init__()  # NN107
                    self.head = nn.Linear(dim, dim)
            class Full(Base):
                def __init__(self, dim):
                    super(Full, self).__init__(dim, False)  # NN107
            class Word(Base):
                def __init__(self, dim):
                    super().__init__(dim, act=True)  # NN107
            class Named(Base):
                def __init__(self, dim):
                    Base.__init__(dim)  # NN107
                    self.head = nn.Linear(dim, dim)
            class Decoder(nn.Module):
                def __init__(self):
                    Base.__init__(self, 2)  # NN107
                    self.b = nn.Linear(2, 2)
            """,
            fixed="""
            from torch import nn
            class Base(nn.Module):
                def __init__(self, dim, *, bias=True):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim, bias)
            class Forgetful(Base):
                def __init__(self, dim):
                    super().__init__()
                    self.head = nn.Linear(dim, dim)
            class Full(Base):
                def __init__(self, dim):
                    super(Full, self).__init__(dim, False)
            class Word(Base):
                def __init__(self, dim):
                    super().__init__(dim, act=True)
            class Named(Base):
                def __init__(self, dim):
                    Base.__init__(self, dim)
                    self.head = nn.Linear(dim, dim)
            class Decoder(nn.Module):
                def __init__(self):
                    Base.__init__(self, 2)
                    self.b = nn.Linear(2, 2)
            """,
        ),
        Example(
            """
            from dataclasses import dataclass
            from torch import nn
            from elsewhere import configurable
            class Base(nn.Module):
                def __init__(self, dim, *rest, bias=True, **options):
                    super().__init__()
            class Any(Base):
                def __init__(self, dim, *args, **options):
                    super().__init__(*args, **options)
            class Word(Base):
                def __init__(self, dim):
                    super().__init__(dim, 3, 4, act=True)
            class Tried(Base):
                def __init__(self, dim):
                    try:
                        super().__init__()
                    except TypeError:
                        super().__init__(dim)
            class Configured(nn.Module):
                @configurable
                def __init__(self, dim):
                    super().__init__()
            class Filled(Configured):
                def __init__(self):
                    super().__init__()
            class Either(nn.Module):
                if dataclass:
                    def __init__(self):
                        super().__init__()
            class Chosen(Either):
                def __init__(self):
                    super().__init__()
            if configurable:
                class Again(nn.Module):
                    def __init__(self):
                        super().__init__()
            else:
                class Again(nn.Module):
                    def __init__(self, dim):
                        super().__init__()
            class Heir(Again):
                def __init__(self):
                    super().__init__()
            class Wide(nn.Module):
                def __init__(self, dim):
                    super().__init__()
            class Part(Wide):
                def __init__(self):
                    super().__init__()
            class Fixed(Wide):
                def __init__(self):
                    super().__init__(3)
            class Whole(Part, Fixed):
                pass
            class Borrowed(nn.Module):
                def __init__(self, dim):
                    nn.Module.__init__(self)
            class Borrowing(nn.Module):
                def __init__(self):
                    Borrowed.__init__(self, 2)
            class Sibling(nn.Module):
                def __init__(self):
                    Wide.__init__(self, 2)
            class Joined(Sibling, Wide):
                pass
            """
        ),
    ),
)
