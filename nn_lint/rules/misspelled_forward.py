"""
A slip in `forward` (`foward`, `forword`, `Forward`), in a class that has no `forward`.

## Why it hurts
`NotImplementedError: Module [Net] is missing the required "forward" function`, at the first call and not before.

## What is not reported
Classes that have a `forward` from anywhere, also one chosen at run time (`self.forward = ...`), names that the
class uses itself, and names that only resemble it (`reward`, `_forward`, `forward_features`).

## Fix safety
Safe: only the name changes, and only where nothing in the class uses it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nn_lint.diagnostic import Applicability
from nn_lint.fixing.build import replace
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.spelling import is_misspelled_forward
from nn_lint.project.code_text import speaking_code
from nn_lint.project.facts import ClassFacts
from nn_lint.project.sites import stands_alone
from nn_lint.rules.rule import Example, Finding, Repair, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report the one method that must be the forward."""
    if not cls.is_certain or not cls.lacks_forward or cls.facts.method("forward") is not None:
        return
    slips = [method for method in cls.methods if is_misspelled_forward(method.name)]
    if len(slips) != 1 or slips[0].decorators:
        return
    method = slips[0]
    if _is_used(cls, method.name):
        return
    repair = Repair("Rename to `forward`", (replace(method.name_span, "forward"),))
    yield Finding(method.name_span, f"`{cls.name}` has no `forward`: `{method.name}` is a slip of it", repair)


def _is_used(cls: ModuleClass, name: str) -> bool:
    """Whether code that may meet an instance says the name other than to define it."""
    own, hierarchy = cls.definition.file, cls.registry.hierarchy
    return any(
        re.search(rf"\b(?<!def ){name}\b", speaking_code(file.text.content))
        for file in hierarchy.files.mentioning(name, own)
        if file is own or not stands_alone(file, hierarchy)
    )


def sieve(facts: ClassFacts, source: str) -> bool:
    """No `forward`, and a method that nearly is one."""
    return facts.method("forward") is None and any(is_misspelled_forward(method.name) for method in facts.methods)


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
            """,
            fixed="""
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
            """
        ),
    ),
)
