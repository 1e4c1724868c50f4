"""
A submodule or parameter is assigned before `super().__init__()` has run.

## Why it hurts
`nn.Module.__setattr__` puts modules and parameters into tables that `nn.Module.__init__` creates: `AttributeError:
cannot assign module before Module.__init__() call`. Numbers, strings, lists and plain tensors may be set before the
call, so those are not reported. A value counts where it is a module for certain: also by way of `.to(device)`,
`spectral_norm(...)`, a function or method that always returns one, a local name, a default or an annotation.

## Fix safety
Safe: the call moves up, to just before the first assignment that needs it. No fix is offered where its arguments,
or the parent's `__init__`, use what the lines between them compute.
"""

from __future__ import annotations

from collections.abc import Iterator

from nn_lint.diagnostic import Applicability
from nn_lint.fixing.statements import move_up
from nn_lint.model.init_flow import Called
from nn_lint.model.module_class import ModuleClass
from nn_lint.project.facts import ClassFacts
from nn_lint.rules.rule import Example, Finding, Repair, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report the parent's call when it comes after a registration on a straight path."""
    init = cls.init
    if init is None or not cls.is_certain or cls.construction.copies_state or cls.defines("__setattr__"):
        return
    call = next((call for call in init.parent_calls if cls.construction.reaches_parent(call)), None)
    early = next((event for event in cls.construction.init_flow.registrations if event.called is Called.NO), None)
    if call is None or early is None or cls.syntax.span(early.node).start > call.span.start:
        return
    registration = cls.syntax.span(early.node)
    target = cls.syntax.text(early.node).split("=")[0].split("(")[0].strip()
    repair = None
    if cls.construction.can_move_parent_call(call, registration):
        edits = move_up(init, call.span, registration)
        repair = Repair("Move the call above the first submodule", edits) if edits else None
    message = f"`{target}` in row {registration.start.row} is assigned before `{cls.name}.__init__` calls its parent's"
    yield Finding(call.span, message, repair)


def sieve(facts: ClassFacts, source: str) -> bool:
    """An `__init__` that does not begin with the call."""
    return not facts.begins_with_parent_init


RULE = Rule(
    code="NN102",
    name="super-init-late",
    doc=__doc__,
    fix=Applicability.SAFE,
    check=check,
    sieve=sieve,
    examples=(
        Example(
            """
            from torch import nn
            class Pair(nn.Module):
                def __init__(self, left, right):
                    self.width = left + right
                    self.left = nn.Linear(left, 8)
                    # the other side
                    self.right = nn.Linear(right, 8)
                    super().__init__()  # NN102
            """,
            fixed="""
            from torch import nn
            class Pair(nn.Module):
                def __init__(self, left, right):
                    self.width = left + right
                    super().__init__()
                    self.left = nn.Linear(left, 8)
                    # the other side
                    self.right = nn.Linear(right, 8)
            """,
        ),
        Example(
            """
            from torch import nn
            class Helped(nn.Module):
                def __init__(self, deep):
                    if deep:
                        self._layers()
                    super(Helped, self).__init__()  # NN102
                    self.deep = deep
                def _layers(self):
                    self.fc = nn.Linear(2, 2)
            """,
            fixed="""
            from torch import nn
            class Helped(nn.Module):
                def __init__(self, deep):
                    super(Helped, self).__init__()
                    if deep:
                        self._layers()
                    self.deep = deep
                def _layers(self):
                    self.fc = nn.Linear(2, 2)
            """,
        ),
        Example(
            """
            import torch
            from torch import nn
            class Head(nn.Module):
                def __init__(self):
                    self.scale = nn.Parameter(torch.ones(1))
                    nn.Module.__init__(self)  # NN102
            class Base(nn.Module):
                def __init__(self, width):
                    super().__init__()
                    self.width = width
            class Dependent(Base):
                def __init__(self):
                    self.fc = nn.Linear(2, 3)
                    width = self.fc.out_features
                    super().__init__(width)  # NN102
            """,
        ),
        Example(
            """
            import torch
            from torch import nn
            class Net(nn.Module):
                def __init__(self, dim, names, body):
                    self.dim = int(dim)
                    self.names = list(names)
                    self.start = torch.zeros(3)
                    layer = nn.Linear(2, 2)
                    super().__init__()
                    self.layer = layer
                    self.body = body
            class Twice(nn.Module):
                def __init__(self, wide):
                    if wide:
                        nn.Module.__init__(self)
                        self.fc = nn.Linear(9, 9)
                        return
                    super().__init__()
                    self.fc = nn.Linear(2, 2)
            class Loop(nn.ModuleList):
                def __init__(self, depth):
                    layers = [nn.Linear(2, 2) for _ in range(depth)]
                    super().__init__(layers)
            """
        ),
        Example(
            """
            from copy import deepcopy
            from torch import nn
            from torch.nn.utils import spectral_norm
            def make_mlp(width):
                layers = nn.Sequential(nn.Linear(width, width), nn.ReLU())
                return layers
            class Moved(nn.Module):
                def __init__(self, d):
                    self.fc = nn.Linear(d, d).to("cpu").eval()
                    super().__init__()  # NN102
            class Normed(nn.Module):
                def __init__(self, d):
                    self.fc = spectral_norm(nn.Linear(d, d))
                    super().__init__()  # NN102
            class Made(nn.Module):
                def __init__(self, d):
                    self.mlp = make_mlp(d)
                    super().__init__()  # NN102
            class Helped(nn.Module):
                def __init__(self, d):
                    self.mlp = self._make(d)
                    super().__init__()  # NN102
                def _make(self, d):
                    if d > 3:
                        return nn.Linear(d, d)
                    return nn.Sequential(nn.Linear(d, d), nn.ReLU())
            class Local(nn.Module):
                def __init__(self, d):
                    fc = nn.Linear(d, d)
                    self.fc = fc
                    super().__init__()  # NN102
            class Pair(nn.Module):
                def __init__(self, d):
                    self.a, self.b = nn.Linear(d, 2), nn.Linear(2, 2)
                    super().__init__()  # NN102
            class Either(nn.Module):
                def __init__(self, act=None):
                    self.act = act or nn.ReLU()
                    super().__init__()  # NN102
            class Given(nn.Module):
                def __init__(self, body: nn.Module):
                    self.body = body
                    super().__init__()  # NN102
            class Copied(nn.Module):
                def __init__(self, act=nn.ReLU()):
                    self.act = deepcopy(act)
                    super().__init__()  # NN102
            """
        ),
        Example(
            """
            from torch import nn
            from elsewhere import spectral_norm
            def width_of(layer):
                linear = nn.Linear(2, 2)
                return linear.in_features
            def maybe(deep):
                if deep:
                    return nn.Linear(2, 2)
                return None
            class Net(nn.Module):
                def __init__(self, body, act=None, given: nn.Module = None, kind: type = nn.Module, *rest: nn.Module):
                    self.body = body
                    self.width = width_of(body)
                    self.maybe = maybe(False)
                    self.act = act or "relu"
                    self.given = given
                    self.kind = kind
                    self.rest = rest
                    self.normed = spectral_norm(body)
                    self.count, self.names = 3, [nn.Linear(2, 2)]
                    layer = nn.Linear(2, 2)
                    layer = layer.in_features
                    self.size = layer
                    self.depth = nn.Linear(2, 2).weight.size(0)
                    self.values = self._values()
                    super().__init__()
                def _values(self):
                    if self.count:
                        return nn.ReLU()
                    return 3
            class Stacked(nn.Sequential):
                def __init__(self, block: nn.Module):
                    self.block = block
                    super().__init__(block(2, 2), block(2, 2))
            class Rebound(nn.Module):
                def __init__(self, body: nn.Module):
                    body = body.state_dict()
                    self.body = body
                    super().__init__()
            """
        ),
    ),
)
