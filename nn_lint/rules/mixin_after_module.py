"""
A mixin with an `__init__` that stands behind `nn.Module` in the bases, so that nobody calls it.

## Why it hurts
`nn.Module.__init__` does not call `super().__init__()`: whatever stands behind it in the method resolution order is
never initialised. `super().__init__()` runs without a word, and the first use of what the mixin sets up raises
`AttributeError: 'Net' object has no attribute 'scale'`.

## What is not reported
Mixins without an `__init__`, those that are called by name (`Mixin.__init__(self)`), classes with `call_super_init`,
and mixins whose attributes nothing reads or the class sets itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from nn_lint.model.attributes import assigned_attributes, read_attributes
from nn_lint.model.method import Method
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.parent_calls import CallForm
from nn_lint.model.stores import stores
from nn_lint.project.facts import ClassFacts
from nn_lint.project.hierarchy import ExternalClass, Kinship, ProjectClass, TorchClass
from nn_lint.rules.rule import Example, Finding, Rule

_REACHES_UP = re.compile(r"\bsuper\([^)]*\)\.(?!__init__\b)")


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report the mixins among a class's own bases that are never initialised, and needed."""
    if not cls.is_certain or cls.construction.goes_on_behind_module or cls.defines("__getattr__"):
        return
    for mixin in _mixins_behind(cls):
        init = mixin.find_method("__init__")
        if init is None or _is_initialised(cls, mixin):
            continue
        missing = next(iter(_missing(cls, mixin, init)), None)
        if missing is not None:
            message = f"`{mixin.name}` stands behind `nn.Module`, which never calls its `__init__`"
            yield Finding(cls.name_span, f"{message}: `self.{missing}` is not there; put `{mixin.name}` first")


def _mixins_behind(cls: ModuleClass) -> Iterator[ModuleClass]:
    """The bases of a class, no modules themselves, that come after `nn.Module`."""
    order = cls.ancestry.order
    behind = order[order.index(TorchClass("Module")) :] if TorchClass("Module") in order else ()
    for base in cls.facts.bases:
        found = cls.resolve(base)
        if isinstance(found, ProjectClass) and found in behind and cls.resolve_class(found) is Kinship.NONE:
            yield cls.registry.model(found)


def _is_initialised(cls: ModuleClass, mixin: ModuleClass) -> bool:
    """Whether some init names the mixin, or goes past `nn.Module`, or does something that cannot be followed."""
    wanted = {mixin.definition, *mixin.ancestry.project_classes}
    for owner in (cls, *cls.ancestors):
        if owner.definition in wanted:
            continue
        for call in (call for method in owner.methods for call in method.parent_calls):
            target = owner.resolve(call.parent) if call.parent is not None else None
            if call.form is CallForm.OTHER or target in wanted or isinstance(target, ExternalClass):
                return True
            if call.form is CallForm.TWO_ARGUMENT and isinstance(target, TorchClass):
                return True
        if owner.init is not None and owner.construction.hands_self_over:
            return True
    return False


def _missing(cls: ModuleClass, mixin: ModuleClass, init: Method) -> Iterator[str]:
    """What the mixin's init sets, something reads, and nothing else sets."""
    others = [item for item in (cls, *cls.ancestors) if item is not mixin and init not in item.methods]
    methods = [method for item in (*others, mixin) for method in item.methods if method.node is not init.node]
    set_elsewhere = {name for method in methods for name in (method.name, *assigned_attributes(method))}
    set_elsewhere |= {name for item in (cls, mixin, *cls.ancestors) for name in item.facts.assigned}
    read = _read(cls)
    asked = "".join(item.text for item in dict.fromkeys((cls, mixin, *cls.ancestors, *mixin.ancestors)))
    if "AttributeError" in asked:
        return
    given = cls.definition.file.text.content
    for name in assigned_attributes(init):
        is_asked = f'"{name}"' in asked or f"'{name}'" in asked
        is_given = re.search(rf"(?<!\bself)\.{name}[ \t]*=(?!=)", given) is not None
        is_idle = name in _placeholders(init) and name not in _reached(cls)
        if name in read - set_elsewhere and not (is_asked or is_given or is_idle):
            yield name


def _placeholders(init: Method) -> frozenset[str]:
    """What is only `None` until somebody fills it: whoever reads it has to fill it first."""
    values = ((store.attribute, store.value) for store in stores(init))
    return frozenset(name for name, value in values if isinstance(value, cst.Name) and value.value == "None")


def _reached(cls: ModuleClass) -> frozenset[str]:
    """What the class's own methods take of `self`, and all that they call on it."""
    return frozenset(name for method in cls.closure(list(cls.methods)) for name in read_attributes(method))


def _read(cls: ModuleClass) -> frozenset[str]:
    """What the methods take of `self` that an instance has: those that are overridden count where `super` may reach."""
    found: set[str] = set()
    overridden: set[str] = set()
    for owner in (cls, *cls.ancestors):
        for method in owner.methods:
            if method.name not in overridden or _REACHES_UP.search(cls.text):
                found.update(read_attributes(method))
        overridden |= {method.name for method in owner.methods} - {"__init__"}
    return frozenset(found)


def sieve(facts: ClassFacts, source: str) -> bool:
    """More bases than one."""
    return len(facts.bases) > 1


RULE = Rule(
    code="NN109",
    name="mixin-after-module",
    doc=__doc__,
    check=check,
    sieve=sieve,
    examples=(
        Example(
            """
            from torch import nn
            class ScaleMixin:
                def __init__(self):
                    super().__init__()
                    self.scale = 2.0
            class Net(nn.Module, ScaleMixin):  # NN109
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(3, 3)
                def forward(self, x):
                    return self.fc(x) * self.scale
            class CountMixin:
                def __init__(self):
                    self.count = 0
                def counted(self):
                    self.last = self.count + 1
                    return self.last
            class Base(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(3, 3)
            class Counting(Base, CountMixin):  # NN109
                def forward(self, x):
                    return self.fc(x), self.counted()
            class Named(nn.Module, ScaleMixin):  # NN109
                def __init__(self):
                    nn.Module.__init__(self)
                    self.fc = nn.Linear(3, 3)
                def forward(self, x):
                    return self.fc(x) * self.scale
            """
        ),
        Example(
            """
            from abc import ABC
            from torch import nn
            from elsewhere import Unseen
            class Methods:
                def n_params(self):
                    return sum(p.numel() for p in self.parameters())
            class ScaleMixin:
                def __init__(self):
                    super().__init__()
                    self.scale = 2.0
            class First(ScaleMixin, nn.Module):
                def __init__(self):
                    super().__init__()
                def forward(self, x):
                    return x * self.scale
            class Plain(nn.Module, Methods, ABC):
                def __init__(self):
                    super().__init__()
            class Named(nn.Module, ScaleMixin):
                def __init__(self):
                    nn.Module.__init__(self)
                    ScaleMixin.__init__(self)
                def forward(self, x):
                    return x * self.scale
            class Past(nn.Module, ScaleMixin):
                def __init__(self):
                    super().__init__()
                    super(nn.Module, self).__init__()
                def forward(self, x):
                    return x * self.scale
            class Own(nn.Module, ScaleMixin):
                def __init__(self):
                    super().__init__()
                    self.scale = 3.0
                def forward(self, x):
                    return x * self.scale
            class Calling(nn.Module, ScaleMixin):
                call_super_init = True
                def __init__(self):
                    super().__init__()
                def forward(self, x):
                    return x * self.scale
            class Registry:
                def __init__(self):
                    super().__init__()
                    self.entries = {}
                def add(self, name, value):
                    if not hasattr(self, "entries"):
                        self.entries = {}
                    self.entries[name] = value
            class Showing:
                def __init__(self):
                    self.shown = None
                def show(self):
                    return self.shown
            class Idle:
                def __init__(self):
                    self.target = None
                def weigh(self):
                    return self.target.weight
            class Untouched(nn.Module, Idle):
                def __init__(self):
                    super().__init__()
                def forward(self, x):
                    return x
            class Shown(nn.Module, Showing):
                def __init__(self):
                    super().__init__()
                def show(self):
                    return 1
            class Listed(Registry):
                def named(self):
                    return self.entries
            class Registering(nn.Module, Listed):
                def forward(self, x):
                    self.add("x", x)
                    return x
            class Unused(nn.Module, ScaleMixin):
                def forward(self, x):
                    return x
            class External(nn.Module, Unseen):
                def forward(self, x):
                    return x * self.scale
            """
        ),
        Example(
            """
            from torch import nn
            class Log:
                def __init__(self):
                    self.lines = []
                def log(self, line):
                    self.lines.append(line)
            def start(module):
                Log.__init__(module)
            class Looped(nn.Module, Log):
                def __init__(self):
                    for base in Looped.__bases__:
                        base.__init__(self)
            class Handed(nn.Module, Log):
                def __init__(self):
                    super().__init__()
                    start(self)
            class Property(nn.Module, Log):
                def __init__(self):
                    super().__init__()
                    self._lines = []
                @property
                def lines(self):
                    return self._lines
            class Lazy(nn.Module, Log):
                def __getattr__(self, name):
                    return [] if name.endswith("s") else super().__getattr__(name)
            class Careful(nn.Module, Log):
                def forward(self, x):
                    try:
                        self.log("forward")
                    except AttributeError:
                        pass
                    return x
            """
        ),
        Example(
            """
            from torch import nn
            class Log:
                def __init__(self):
                    self.lines = []
                def log(self, line):
                    self.lines.append(line)
            class Filled(nn.Module, Log):
                def forward(self, x):
                    self.log("forward")
                    return x
            def build():
                net = Filled()
                net.lines = []
                return net
            """
        ),
        Example(
            """
            from torch import nn
            class Log:
                def __init__(self):
                    self.lines = []
                def log(self, line):
                    self.lines.append(line)
            class Going(nn.Module, Log):
                def __init__(self):
                    self.call_super_init = True
                    super().__init__()
                def forward(self, x):
                    self.log("forward")
                    return x
            """
        ),
    ),
)
