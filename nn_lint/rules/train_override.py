"""
A `train` of its own that returns nothing, that takes no `mode`, or that never hands the mode on.

## Why it hurts
`eval()` is `self.train(False)`, and both give the module back. Where an override returns nothing, `model =
Net().eval()` and `model.train().to(device)` give `None`. Where it takes no `mode`, `eval()` raises `TypeError: train()
takes 1 positional argument but 2 were given`, and so does `eval()` of every module that holds this one. One that puts
some submodules into evaluation and never calls `super().train(mode)` leaves `.training` of the module, and of all its
other submodules, as it was: after `eval()` dropout still drops.

## What is not reported
An override that returns something, or that only raises; a `train` with parameters of another kind; an override that
does nothing but `eval()` in a class that speaks of freezing or the like, and one that does nothing at all.

## Fix safety
Safe: `super().train(mode)` becomes the first statement where it is missing, and `return self` the last. Not offered
where the method returns early, takes no `mode`, or is not seen to hand the mode on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from nn_lint.diagnostic import Applicability, Edit, Severity, Span
from nn_lint.fixing.build import insert_after, insert_before
from nn_lint.model.method import Method, names
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.receivers import takes_receiver
from nn_lint.model.syntax import dotted, walk
from nn_lint.project.facts import ClassFacts
from nn_lint.rules.rule import Example, Finding, Repair, Rule

_HANDED_ON = re.compile(r"\bsuper\b|\btrain\(|training|modules\(|children\(")
_FREEZING = re.compile(
    r"freez|frozen|froze\b|fixed|pretrain|no_grad|inference|requires_grad|disable|always|teacher|(?<!\.)\beval(?!\w*\(\))",
    re.IGNORECASE,
)
_MODES = frozenset({"mode", "training", "is_train", "train", "flag", "is_training", "train_mode"})


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report a `train` that breaks what `nn.Module` promises of it."""
    method = cls.method("train")
    if not cls.is_module or method is None or method.is_abstract or method.is_static or method.is_class_method:
        return
    parameters = method.parameters[1:]
    returns = list(walk(method.node.body, cst.Return, cst.Yield, into_scopes=False))
    if not parameters and method.parameters and not cls.defines("eval"):
        message = f"`{cls.name}.train` takes no `mode`: `eval()` calls `train(False)` and raises `TypeError`"
        yield Finding(method.name_span, message)
    elif parameters and _is_mode(method):
        is_empty = not any(_gives(node) for node in returns)
        if _keeps_mode(cls, method):
            message = (
                f"`{cls.name}.train` never calls `super().train({parameters[0].name})`: `.training` of the module and "
                "of its other submodules never changes" + (", and it returns nothing" if is_empty else "")
            )
            yield Finding(method.name_span, message, _repair(cls, method, hands_on=True, returns=not returns))
        elif is_empty:
            message = f"`{cls.name}.train` returns nothing: `{cls.name}(...).eval()` and `.train()` give `None`"
            is_known = not returns and (
                _speaks_of_freezing(cls) or _HANDED_ON.search(cls.syntax.text(method.node.body))
            )
            repair = _repair(cls, method, hands_on=False, returns=True) if is_known else None
            yield Finding(method.name_span, message, repair, Severity.WARNING)


def _keeps_mode(cls: ModuleClass, method: Method) -> bool:
    """Whether all that the method does is to put submodules into evaluation, in a class that freezes nothing.

    Only below `nn.Module` itself: another parent may set the mode in ways of its own.
    """
    if method.decorators or not cls.ancestry.directly_torch_module or not cls.is_certain or _speaks_of_freezing(cls):
        return False
    nodes = list(walk(method.node.body, cst.Call, cst.AssignTarget, cst.AugAssign, cst.AnnAssign, cst.Raise))
    return bool(nodes) and all(isinstance(node, cst.Call) and _is_evaluated(node, method) for node in nodes)


def _is_evaluated(call: cst.Call, method: Method) -> bool:
    """`self.norm.eval()`."""
    function = call.func
    if not isinstance(function, cst.Attribute) or function.attr.value != "eval" or call.args:
        return False
    return (dotted(function.value) or "").startswith(f"{method.receiver}.")


def _speaks_of_freezing(cls: ModuleClass) -> bool:
    """Whether a class has reasons to stay in evaluation as a whole."""
    return _FREEZING.search(cls.text) is not None


def _is_mode(method: Method) -> bool:
    """Whether the first parameter is the mode: by its name, alone, and not gone through like a data set."""
    first, *others = method.parameters[1:]
    loops = (
        node.iter for node in walk(method.node.body, cst.For, cst.CompFor) if isinstance(node, (cst.For, cst.CompFor))
    )
    gone_through = {name.value for node in loops for name in names(node)}
    return first.name in _MODES and first.name not in gone_through and not any(item.required for item in others)


def _gives(node: cst.CSTNode) -> bool:
    return not isinstance(node, cst.Return) or node.value is not None


def _repair(cls: ModuleClass, method: Method, *, hands_on: bool, returns: bool) -> Repair | None:
    """`super().train(mode)` before everything, `return self` behind it, or both."""
    if not isinstance(method.node.body, cst.IndentedBlock) or not method.statements or not takes_receiver(cls, method):
        return None
    lines = cls.syntax.lines
    span = Span(cls.syntax.span(method.statements[0]).start, cls.syntax.span(method.statements[-1]).end)
    edits: list[Edit] = []
    says: list[str] = []
    if hands_on:
        call = f"super().train({method.parameters[1].name})"
        says.append(f"Call `{call}`")
        edits.append(insert_before(lines, span.start, (call,)))
    if returns:
        says.append(f"return `{method.receiver}`" if says else f"Return `{method.receiver}`")
        edits.append(insert_after(lines, span, (f"return {method.receiver}",)))
    return Repair(" and ".join(says), tuple(edits))


def sieve(facts: ClassFacts, source: str) -> bool:
    """A method of that name."""
    return facts.method("train") is not None


RULE = Rule(
    code="NN513",
    name="train-override",
    doc=__doc__,
    fix=Applicability.SAFE,
    check=check,
    sieve=sieve,
    examples=(
        Example(
            """
            from torch import nn
            class Frozen(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.norm = nn.BatchNorm1d(4)
                def forward(self, x):
                    return self.norm(x)
                def train(self, mode=True):  # NN513
                    super().train(mode)
                    if mode:
                        self.norm.eval()
            """,
            fixed="""
            from torch import nn
            class Frozen(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.norm = nn.BatchNorm1d(4)
                def forward(self, x):
                    return self.norm(x)
                def train(self, mode=True):
                    super().train(mode)
                    if mode:
                        self.norm.eval()
                    return self
            """,
        ),
        Example(
            """
            from torch import nn
            class Modeless(nn.Module):
                def forward(self, x):
                    return x
                def train(self):  # NN513
                    self.started = True
                    return super().train()
            class Early(nn.Module):
                def forward(self, x):
                    return x
                def train(self, mode: bool = True):  # NN513
                    if not mode:
                        return
                    super().train(mode)
            """,
        ),
        Example(
            """
            from torch import nn
            class Right(nn.Module):
                def train(self, mode=True):
                    super().train(mode)
                    return self
            class Handed(nn.Module):
                def train(self, mode=True):
                    return super().train(mode)
            class Starred(nn.Module):
                def train(self, *args, **kwargs):
                    super().train(*args, **kwargs)
            class Loop(nn.Module):
                def train(self, loader, epochs):
                    for batch in loader:
                        self(batch)
            class Never(nn.Module):
                def train(self, mode=True):
                    raise NotImplementedError
            class Plain:
                def train(self):
                    pass
            """
        ),
        Example(
            """
            from torch import nn
            class Engine(nn.Module):
                def __init__(self, parts):
                    super().__init__()
                    self.parts = nn.ModuleList(parts)
                def train(self):
                    for part in self.parts:
                        part.train()
                def eval(self):
                    for part in self.parts:
                        part.eval()
            """
        ),
        Example(
            """
            from torch import nn
            class Fitting(nn.Module):
                def train(self, train, validation):
                    self.fit(train)
                    self.check(validation)
            class Learning(nn.Module):
                def train(self, train):
                    for batch in train:
                        self(batch).backward()
            """
        ),
        Example(
            """
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.norm = nn.BatchNorm1d(4)
                    self.drop = nn.Dropout(0.5)
                def forward(self, x):
                    return self.drop(self.norm(x))
                def train(self, mode=True):  # NN513
                    self.norm.eval()
            class Given(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.norm = nn.BatchNorm1d(4)
                def forward(self, x):
                    return self.norm(x)
                def train(self, mode: bool = True):  # NN513
                    if mode:
                        self.norm.eval()
                    return self
            """,
            fixed="""
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.norm = nn.BatchNorm1d(4)
                    self.drop = nn.Dropout(0.5)
                def forward(self, x):
                    return self.drop(self.norm(x))
                def train(self, mode=True):
                    super().train(mode)
                    self.norm.eval()
                    return self
            class Given(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.norm = nn.BatchNorm1d(4)
                def forward(self, x):
                    return self.norm(x)
                def train(self, mode: bool = True):
                    super().train(mode)
                    if mode:
                        self.norm.eval()
                    return self
            """,
        ),
        Example(
            """
            from torch import nn
            class FrozenEncoder(nn.Module):
                def __init__(self, encoder):
                    super().__init__()
                    self.encoder = encoder
                def train(self, mode=True):
                    self.encoder.eval()
                    return self
            class Always(nn.Module):
                def train(self, mode=True):
                    return self
            class Delegating(nn.Module):
                def __init__(self, model, drop):
                    super().__init__()
                    self.model, self.drop = model, drop
                def train(self, mode=True):
                    self.model.train(mode)
                    self.drop.eval()
                    return self
            class Setting(nn.Module):
                def __init__(self, norm):
                    super().__init__()
                    self.norm = norm
                def train(self, mode=True):
                    self.training = mode
                    self.norm.eval()
                    return self
            class Helped(nn.Module):
                def __init__(self, norm):
                    super().__init__()
                    self.norm = norm
                def train(self, mode=True):
                    self.set_mode(mode)
                    self.norm.eval()
                    return self
                def set_mode(self, mode):
                    super().train(mode)
            class Child(Helped):
                def train(self, mode=True):
                    self.norm.eval()
                    return self
            """
        ),
    ),
)
