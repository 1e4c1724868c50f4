"""
A `__call__` in the place of `forward`.

## Why it hurts
`net(x)` works, and silently leaves out all that `nn.Module.__call__` does: forward hooks and pre-hooks never run (so
weight norm, feature extractors, profilers and FSDP see nothing), and whatever asks for `forward` (`DataParallel`,
`DistributedDataParallel`, `torch.jit.script`) fails with `NotImplementedError`.

## What is not reported
Classes with a `forward` from anywhere, a `__call__` that hands on to `super().__call__` or `self.forward`, and one
that is handed another module to work on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from nn_lint.model.method import Method
from nn_lint.model.module_class import ModuleClass
from nn_lint.project.facts import ClassFacts
from nn_lint.project.hierarchy import Kinship, TorchClass
from nn_lint.rules.rule import Example, Finding, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report a `__call__` that computes, in a class without `forward`."""
    if not cls.is_certain or not _has_no_forward(cls):
        return
    method = cls.method("__call__")
    if method is None or method.is_abstract or method.decorators or not _computes(cls, method):
        return
    message = f"`{cls.name}` defines `__call__` instead of `forward`: hooks never run, `DataParallel` and TorchScript"
    yield Finding(method.name_span, f"{message} find no `forward`")


def _has_no_forward(cls: ModuleClass) -> bool:
    if re.search(rf"\b{cls.name}\.forward[ \t]*=(?!=)", cls.definition.file.text.content):
        return False
    if any(isinstance(item, TorchClass) and item != TorchClass("Module") for item in cls.ancestry.order):
        return False
    return not cls.defines("forward") and "forward" not in cls.rebound_attributes


_OTHER_ENTRIES = frozenset(
    "super __call__ forward _call_impl _wrapped_call_impl _forward_hooks _forward_pre_hooks _slow_forward".split()
)


def _computes(cls: ModuleClass, method: Method) -> bool:
    """Whether the body uses a submodule of the class, and no other entry of it."""
    named = {node.attr.value for node in method.nodes if isinstance(node, cst.Attribute)} | method.names_read
    if not _OTHER_ENTRIES.isdisjoint(named) or _works_on_another(cls, method):
        return False
    taken = method.attributes_of(method.receiver)
    return not taken.isdisjoint(cls.layers.by_attribute)


def _works_on_another(cls: ModuleClass, method: Method) -> bool:
    """Whether a module is handed in: the class is a strategy of that one, and no layer that is called by itself."""
    names = [
        item.annotation.strip("\"'").split("|")[0].strip() for item in method.parameters if item.annotation is not None
    ]
    found = (cls.resolve(name) for name in names if name.replace(".", "").isidentifier())
    return any(cls.resolve_class(item) is Kinship.MODULE for item in found)


def sieve(facts: ClassFacts, source: str) -> bool:
    """A `__call__`, and no `forward`."""
    return facts.method("__call__") is not None and facts.method("forward") is None


RULE = Rule(
    code="NN208",
    name="call-overridden",
    doc=__doc__,
    check=check,
    sieve=sieve,
    examples=(
        Example(
            """
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                def __call__(self, x):  # NN208
                    return self.fc(x)
            class Stack(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.layers = nn.ModuleList([nn.Linear(4, 4)])
                def __call__(self, x):  # NN208
                    for layer in self.layers:
                        x = layer(x)
                    return x
            class Deep(Net):
                def __init__(self):
                    super().__init__()
                    self.out = nn.Linear(4, 2)
                def __call__(self, x):  # NN208
                    x = self.fc(x)
                    return self.out(x)
            """
        ),
        Example(
            """
            from torch import nn
            from flax import linen
            from elsewhere import Base
            class Both(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                def __call__(self, x):
                    return self.forward(x)
                def forward(self, x):
                    return self.fc(x)
            class Cast(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                def __call__(self, x):
                    return super().__call__(x.float())
            class Heir(Both):
                def __call__(self, x):
                    return self.fc(x)
            class Unseen(Base, nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                def __call__(self, x):
                    return self.fc(x)
            class Processor(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                def __call__(self, attention: "Both", x):
                    return attention.fc(self.fc(x))
            class Metric(nn.Module):
                def __call__(self, x, y):
                    return (x - y).abs().mean()
            class Dense(linen.Module):
                def __call__(self, x):
                    return linen.Dense(4)(x)
            class Scaled(nn.Linear):
                def __call__(self, x):
                    return super().__call__(x) * 2
            class Callable:
                def __init__(self):
                    self.fc = nn.Linear(4, 4)
                def __call__(self, x):
                    return self.fc(x)
            """
        ),
        Example(
            """
            from torch import nn
            class Normed(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.norm = nn.LayerNorm(2)
                def __call__(self, x):
                    return nn.Module.__call__(self, self.norm(x))
            class Direct(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.norm = nn.LayerNorm(2)
                def __call__(self, x):
                    return type(self).forward(self, self.norm(x))
            class Hooked(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(2, 2)
                def __call__(self, x):
                    y = self.fc(x)
                    for hook in self._forward_hooks.values():
                        y = hook(self, x, y)
                    return y
            class Both(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(2, 2)
                def __call__(self, x):
                    return self.fc(x)
            Both.forward = Both.__call__
            class Heir(Normed):
                def forward(self, x):
                    return x * 2
            """
        ),
    ),
)
