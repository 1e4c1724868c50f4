"""
A slip in `forward` (`foward`, `forword`, `Forward`), in a class that has no `forward`, or in a call of one.

## Why it hurts
`NotImplementedError: Module [Net] is missing the required "forward" function`, at the first call and not before; an
heir of a layer of torch goes on with the layer's own `forward`. A call by such a name raises `AttributeError`.

## What is not reported
Classes that have a `forward` from anywhere, also one chosen at run time (`self.forward = ...`), names that the
class uses itself, and names that only resemble it (`reward`, `_forward`, `forward_features`).

## Fix safety
Safe: only the name changes, and only where nothing uses the method by its name, or nothing has the name that is called.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from nn_lint.diagnostic import Applicability
from nn_lint.fixing.build import replace
from nn_lint.model.method import Method
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.spelling import is_misspelled_forward
from nn_lint.model.syntax import self_attribute, walk
from nn_lint.project.code_text import speaking_code
from nn_lint.project.facts import ClassFacts
from nn_lint.project.sites import stands_alone
from nn_lint.rules.rule import Example, Finding, Repair, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report the one method that must be the forward, and calls of a forward by a name that nothing has."""
    if not cls.is_certain:
        return
    if cls.facts.method("forward") is None:
        yield from _defined(cls)
    yield from _called(cls)


def _defined(cls: ModuleClass) -> Iterator[Finding]:
    slips = [method for method in cls.methods if is_misspelled_forward(method.name)]
    if len(slips) != 1 or any(not name.startswith("torch.") for name in slips[0].decorators):
        return
    method = slips[0]
    extends = _EXTENDS.search(cls.syntax.text(method.node)) is not None
    if _is_used(cls, method.name) or not (cls.lacks_forward or (extends and not cls.ancestors)):
        return
    what = f"the `forward` of `{cls.name}` stays that of its parent" if extends else f"`{cls.name}` has no `forward`"
    repair = Repair("Rename to `forward`", (replace(method.name_span, "forward"),))
    yield Finding(method.name_span, f"{what}: `{method.name}` is a slip of it", repair)


_EXTENDS = re.compile(r"\bsuper\(\w*(?:,\s*\w+)?\)\.forward\(")


def _called(cls: ModuleClass) -> Iterator[Finding]:
    for method in cls.methods:
        for call in walk(method.node.body, cst.Call):
            func = call.func if isinstance(call, cst.Call) else None
            if not isinstance(func, cst.Attribute) or not is_misspelled_forward(func.attr.value):
                continue
            name = func.attr.value
            if _has_no(cls, method, func.value, name) and not _is_defined_near(cls, name):
                span = cls.syntax.span(func.attr)
                repair = Repair("Call `forward`", (replace(span, "forward"),))
                yield Finding(span, f"nothing has a `{name}`: `forward` is meant", repair)


def _has_no(cls: ModuleClass, method: Method, owner: cst.BaseExpression, name: str) -> bool:
    """Whether a call's owner is the module, its parent or a layer of torch, and has no method of that name."""
    attribute = self_attribute(owner, method.receiver)
    if attribute is not None:
        layer = cls.layers.only(attribute)
        return layer is not None and layer.torch_name is not None
    is_parent = isinstance(owner, cst.Call) and isinstance(owner.func, cst.Name) and owner.func.value == "super"
    is_self = isinstance(owner, cst.Name) and owner.value == method.receiver and not method.is_static
    return (is_parent or is_self) and name not in cls.own_attributes and not cls.defines("__getattr__")


def _is_defined_near(cls: ModuleClass, name: str) -> bool:
    """Whether a file near defines the name, or says it in a string or an assignment."""
    defined = re.compile(rf"\bdef {name}\b|\b{name}\b[ \t]*=(?!=)|[\"']{name}[\"']")
    return any(map(defined.search, _texts(cls, name)))


def _is_used(cls: ModuleClass, name: str) -> bool:
    """Whether code that may meet an instance says the name other than to define it."""
    return any(re.search(rf"\b(?<!def ){name}\b", speaking_code(text)) for text in _texts(cls, name))


def _texts(cls: ModuleClass, name: str) -> Iterator[str]:
    """The class's own file and those that may meet an instance, as far as they say a name."""
    own, hierarchy = cls.definition.file, cls.registry.hierarchy
    for file in hierarchy.files.mentioning(name, own):
        if file is own or not stands_alone(file, hierarchy):
            yield file.text.content


_CALLED = re.compile(r"\.[ \t]*([fF][a-zA-Z]{4,8})\(")


def sieve(facts: ClassFacts, source: str) -> bool:
    """A method that nearly is a `forward`, or a call of one."""
    names = {method.name for method in facts.methods} | set(_CALLED.findall(source))
    return any(map(is_misspelled_forward, names))


RULE = Rule(
    code="NN203",
    name="misspelled-forward",
    doc=__doc__,
    fix=Applicability.SAFE,
    check=check,
    sieve=sieve,
    examples=(
        Example(
            """
            import torch
            from torch import nn
            class Net(nn.Module):
                '''Its foward takes a batch.'''
                def foward(self, x):  # NN203
                    return x  # what `foward` gives
            class Capital(nn.Module):
                def Forward(self, x):  # NN203
                    return x
            class Wordy(nn.Module):
                def forword(self, x):  # NN203
                    return x
            class Turned(nn.Module):
                def froward(self, x):  # NN203
                    return x
            class Promise(nn.Module):
                def forward(self, x):
                    raise NotImplementedError("a subclass does it")
            class Kept(Promise):
                def forwrd(self, x):  # NN203
                    return x
            class Quick(nn.Module):
                @torch.no_grad()
                def __forward__(self, x):  # NN203
                    return x
            class Layer(nn.Linear):
                def fordward(self, x):  # NN203
                    return super().forward(x) * 2
            class Caller(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                def forward(self, x):
                    return self.fc.farward(x)  # NN203
                def predict(self, x):
                    return self.forwad(x)  # NN203
            """,
            fixed="""
            import torch
            from torch import nn
            class Net(nn.Module):
                '''Its foward takes a batch.'''
                def forward(self, x):
                    return x  # what `foward` gives
            class Capital(nn.Module):
                def forward(self, x):
                    return x
            class Wordy(nn.Module):
                def forward(self, x):
                    return x
            class Turned(nn.Module):
                def forward(self, x):
                    return x
            class Promise(nn.Module):
                def forward(self, x):
                    raise NotImplementedError("a subclass does it")
            class Kept(Promise):
                def forward(self, x):
                    return x
            class Quick(nn.Module):
                @torch.no_grad()
                def forward(self, x):
                    return x
            class Layer(nn.Linear):
                def forward(self, x):
                    return super().forward(x) * 2
            class Caller(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                def forward(self, x):
                    return self.fc.forward(x)
                def predict(self, x):
                    return self.forward(x)
            """,
        ),
        Example(
            """
            from torch import nn
            from elsewhere import Unseen
            class Has(nn.Module):
                def forward(self, x):
                    return self.foward(x)
                def foward(self, x):
                    return x
            class Chosen(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.forward = self.farward
                def farward(self, x):
                    return x
            class Called(nn.Module):
                def forwad(self, x):
                    return x
                def __call__(self, x):
                    return self.forwad(x)
            class Named(nn.Module):
                def forrward(self, x):
                    return x
                def run(self, x):
                    return getattr(self, "forrward")(x)
            class Told(nn.Module):
                def fforward(self, x):
                    return x
                def __repr__(self):
                    return f'''Told
                    {self.fforward(0)}'''
            class Game(nn.Module):
                def reward(self, x):
                    return x
                def _forward(self, x):
                    return x
            class Far(Unseen):
                def foward(self, x):
                    return x
            class Promising(nn.Module):
                def forward(self, x):
                    raise NotImplementedError
                def foorward(self, x):
                    return x
            class Heir(Has):
                def forwrad(self, x):
                    return x
            class Layer(nn.Linear):
                def fordward(self, x):
                    return x
            class Open(nn.Module):
                def __getattr__(self, name):
                    return print
                def forward(self, x):
                    return self.forrard(x)
            class Abstract(nn.Module):
                def forward(self, x):
                    return self.forwarde(x)
            class Filled(Abstract):
                def forwarde(self, x):
                    return x
            class Handed(nn.Module):
                def __init__(self, player):
                    super().__init__()
                    self.player = player
                def forward(self, x):
                    return self.player.forwards(x), self.player.fforward(x)
            """
        ),
    ),
)
