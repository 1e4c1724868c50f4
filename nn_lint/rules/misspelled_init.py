"""
A slip in `__init__`: `__int__`, `_init_`, `__init`, `__inti__`, `__Init__`, in the definition, in the parent's
call, or in both.

## Why it hurts
Python never calls the method, so `Net(3)` raises `TypeError: Net.__init__() takes 1 positional argument but 2 were
given`, or the layers are simply missing. In the call it raises `AttributeError: 'super' object has no attribute
'_init_'`.

## What is not reported
`init` and `_init` (helpers have such names) unless they call `super().__init__()` and nothing calls them, a method
of the name that the class calls itself, and an `__int__` that converts to a number.

## Fix safety
Safe: only the name changes, and only where nothing else uses it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nn_lint.diagnostic import Applicability
from nn_lint.fixing.build import replace
from nn_lint.model.attributes import assigned_attributes
from nn_lint.model.endings import returns
from nn_lint.model.method import Method
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.parent_calls import CallForm, ParentCall
from nn_lint.model.spelling import is_misspelled_init
from nn_lint.project.facts import ClassFacts
from nn_lint.rules.rule import Example, Finding, Repair, Rule

_HELPERS = ("init", "_init")


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report the definition and the calls of one class."""
    if not cls.is_certain:
        return
    for method in cls.methods:
        if _stands_for_init(cls, method):
            repair = Repair("Rename to `__init__`", (replace(method.name_span, "__init__"),))
            message = f"`{cls.name}.{method.name}` is never called by Python: `__init__` is meant"
            yield Finding(method.name_span, message, repair)
            for call in method.parent_calls:
                if not call.is_spelled_right:
                    yield _call(call)
        elif method.name == "__init__" and not cls.facts.begins_with_parent_init:
            for call in method.parent_calls:
                if is_misspelled_init(call.method) and call.method != "__int__" and not cls.inherits(call.method):
                    yield _call(call)


def _stands_for_init(cls: ModuleClass, method: Method) -> bool:
    if cls.init is not None or method.decorators or any(cls.calls_on_self(method.name)):
        return False
    if any(returns(method)) or re.search(rf"[\"']{method.name}[\"']", cls.definition.file.text.content):
        return False
    if method.name in _HELPERS:
        initialises = any(call.is_spelled_right and call.is_called for call in method.parent_calls)
        return initialises and f".{method.name}(" not in cls.definition.file.text.content
    if not is_misspelled_init(method.name) or _is_used(cls, method.name):
        return False
    return bool(method.parent_calls) or any(assigned_attributes(method))


def _is_used(cls: ModuleClass, name: str) -> bool:
    """Whether a base has the method too, or anything but `super()` calls it in this file."""
    return cls.inherits(name) or re.search(rf"(?<!\))\.{name}\b", cls.definition.file.text.content) is not None


def _call(call: ParentCall) -> Finding:
    repair = Repair("Rename to `__init__`", (replace(call.method_span, "__init__"),))
    receiver = "super()" if call.form is CallForm.ZERO_ARGUMENT else "super(...)"
    return Finding(call.method_span, f"`{receiver}.{call.method}` does not exist: `__init__` is meant", repair)


def sieve(facts: ClassFacts, source: str) -> bool:
    """A method of such a name, or an `__init__` that does not begin with the plain call."""
    suspects = (item.name for item in facts.methods if is_misspelled_init(item.name) or item.name in _HELPERS)
    return any(suspects) or not facts.begins_with_parent_init


RULE = Rule(
    code="NN105",
    name="misspelled-init",
    doc=__doc__,
    fix=Applicability.SAFE,
    check=check,
    sieve=sieve,
    examples=(
        Example(
            """
            from torch import nn
            class Stem(nn.Module):
                def __int__(self, cin):  # NN105
                    super(Stem, self).__int__()  # NN105
                    self.conv = nn.Conv2d(cin, 8, 3)
            class Half(nn.Module):
                def __init(self):  # NN105
                    super().__init__()
                    self.fc = nn.Linear(2, 2)
            class Single(nn.Module):
                def _init_(self, width):  # NN105
                    self.width = width
            class Swapped(nn.Module):
                def __inti__(self):  # NN105
                    super().__init__()
            class Capital(nn.Module):
                def __INIT__(self):  # NN105
                    super().__Init__()  # NN105
            class Call(nn.Module):
                def __init__(self):
                    super()._init_()  # NN105
                    self.fc = nn.Linear(2, 2)
            class Open(nn.Module):
                def __init__(self):
                    super().__init_()  # NN105
            class Bare(nn.Module):
                def init(self):  # NN105
                    super().__init__()
                    self.fc = nn.Linear(2, 2)
            """,
            fixed="""
            from torch import nn
            class Stem(nn.Module):
                def __init__(self, cin):
                    super(Stem, self).__init__()
                    self.conv = nn.Conv2d(cin, 8, 3)
            class Half(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(2, 2)
            class Single(nn.Module):
                def __init__(self, width):
                    self.width = width
            class Swapped(nn.Module):
                def __init__(self):
                    super().__init__()
            class Capital(nn.Module):
                def __init__(self):
                    super().__init__()
            class Call(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(2, 2)
            class Open(nn.Module):
                def __init__(self):
                    super().__init__()
            class Bare(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(2, 2)
            """,
        ),
        Example(
            """
            from torch import nn
            from elsewhere import Unseen
            class Number(nn.Module):
                def __int__(self):
                    return 3
            class Helped(nn.Module):
                def __init__(self):
                    super().__init__()
                    self._init_()
                    self.__init()
                def _init_(self):
                    self.fc = nn.Linear(2, 2)
                def __init(self):
                    self.act = nn.ReLU()
            class Plain(nn.Module):
                def init(self):
                    self.fc = nn.Linear(2, 2)
                def _init(self):
                    self.fc = nn.Linear(2, 2)
            class Parent(nn.Module):
                def _init_(self):
                    self.ready = True
                def setup(self):
                    self._init_()
            class Child(Parent):
                def __init__(self):
                    super().__init__()
                    super()._init_()
            class Far(Unseen):
                def __init__(self):
                    super()._init_()
            """
        ),
        Example(
            """
            from torch import nn
            class Counter(nn.Module):
                count = 0
                def __int__(self):
                    self.asked = True
                    return self.count
            class Constant(nn.Module):
                def INIT(self):
                    self.fc = nn.Linear(2, 2)
                def Init(self):
                    self.fc = nn.Linear(2, 2)
            class Late(nn.Module):
                def _init_(self, width):
                    self.fc = nn.Linear(width, width)
            class Fluent(nn.Module):
                def init(self, width):
                    super().__init__()
                    self.fc = nn.Linear(width, width)
                    return self
            def build(width):
                late = Late()
                for hook in ("_init_",):
                    getattr(late, hook)(width)
                return late
            """
        ),
    ),
)
