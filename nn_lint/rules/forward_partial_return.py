"""
A `forward` that returns its result on one path only: `return` indented into the loop or the `if` above it.

## Why it hurts
A `return` inside the loop over layers ends it after the first: the other layers are built, saved and never run, and
nothing is raised. A `return` inside an `if` leaves `None` where the condition does not hold, and the next layer fails
with `TypeError`.

## What it takes to be reported
A loop whose every turn ends in a `return` of what the turns build up (`x = layer(x)`, `outputs.append(...)`), in
`forward` or, over layers of the class, in another method; an `if` at the end that updates a name and returns it, where
the name is lost otherwise; an `if labels is not None` at the end, without which what the layers computed is returned
by nobody; an `if` at the end of one side of a condition, where the other side returns what a layer made before both; a
path that computes a result last and drops it, beside another that returns one. Searches that return the first item
that fits, early returns and chains of `if` and `elif` without `else` are left alone.
"""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from nn_lint.model.endings import endings, returns
from nn_lint.model.lost_results import has_effects, lost_result, nothing_is_meant, returns_on_purpose
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.never_returns import ends_the_run
from nn_lint.model.partial_returns import (
    first_turn_returns,
    may_give_nothing,
    return_below_condition,
    return_below_two_conditions,
    runs_layers_of_self,
)
from nn_lint.project.code_text import has_return_in_loop, method_code
from nn_lint.project.facts import ClassFacts
from nn_lint.rules.rule import Example, Finding, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report returns that stand too deep, and results that one path drops."""
    forward = cls.method("forward")
    if not cls.is_module or not sieve(cls.facts, cls.text):
        return
    yield from _of_helpers(cls)
    if forward is None or not returns(forward) or nothing_is_meant(cls, forward):
        return
    for found in first_turn_returns(forward):
        yield _of_loop(cls, found)
    if may_give_nothing(forward):
        return
    ends = [item for item in endings(forward) if not item.is_looped and not isinstance(item.statement, cst.Return)]
    ends = [item for item in ends if not ends_the_run(cls, item.statement)]
    below = return_below_two_conditions(forward, ends)
    below = below or (None if has_effects(forward) else return_below_condition(forward, ends))
    if below is not None:
        message = f"`forward` of `{cls.name}` returns only under this condition: otherwise every call gives `None`"
        yield Finding(cls.syntax.span(below), message)
    flow = cls.flow if any(not item.is_skipped for item in ends) else None
    for ending in ends:
        lost = None if flow is None or ending.is_skipped else lost_result(cls, forward, flow, ending)
        if lost is not None:
            what = f"`{lost.name}`" if lost.name else f"`{cls.syntax.text(ending.statement)}`"
            message = f"`forward` of `{cls.name}` returns a result on another path, but here drops {what}"
            yield Finding(cls.syntax.span(ending.statement), f"{message}: the call gives `None`")


def _of_helpers(cls: ModuleClass) -> Iterator[Finding]:
    """The loops over the layers of the class in other methods than `forward`."""
    for method in cls.methods:
        if method.name != "forward" and not returns_on_purpose(method):
            for found in first_turn_returns(method):
                if runs_layers_of_self(method, found):
                    yield _of_loop(cls, found)


def _of_loop(cls: ModuleClass, found: cst.Return) -> Finding:
    message = f"this `return` ends the loop in its first turn: `{cls.name}` runs only the first of its layers"
    return Finding(cls.syntax.span(found), message)


def sieve(facts: ClassFacts, source: str) -> bool:
    """A forward whose end may be reached, or a method with a `return` below a loop."""
    forward = facts.method("forward")
    code = method_code(facts, source, "forward") if forward is not None else ""
    if forward is not None and forward.falls_off and "return" in code:
        return True
    return any(has_return_in_loop(method_code(facts, source, method.name)) for method in facts.methods)


RULE = Rule(
    code="NN206",
    name="forward-partial-return",
    doc=__doc__,
    check=check,
    sieve=sieve,
    examples=(
        Example(
            """
            import torch.nn.functional as F
            from torch import nn
            class Stack(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.blocks = nn.ModuleList([nn.Linear(4, 4) for _ in range(3)])
                def forward(self, x):
                    for block in self.blocks:
                        x = block(x)
                        return x  # NN206
            class Counted(Stack):
                def forward(self, x):
                    for i, block in enumerate(self.blocks):
                        if i:
                            x = F.relu(x)
                        x = block(x)
                        return F.relu(x)  # NN206
            class Collected(Stack):
                def forward(self, x):
                    outputs = []
                    for block in self.blocks:
                        outputs.append(block(x))
                        return outputs  # NN206
            class Added(Stack):
                def forward(self, x):
                    total = 0
                    for block in self.blocks:
                        total += block(x)
                        return total  # NN206
            class Normed(nn.Module):
                def __init__(self, norm=None):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                    self.norm = norm
                def forward(self, x):
                    x = self.fc(x)
                    if self.norm is not None:
                        x = self.norm(x)
                        return x  # NN206
            class Masked(Normed):
                def forward(self, x, mask=None):
                    if mask is not None:
                        x = x * mask
                        return self.fc(x)  # NN206
            class Dropped(Normed):
                def forward(self, x, y=None):
                    logits = self.fc(x)
                    if y is not None:
                        return F.cross_entropy(logits, y)
                    logits = logits.softmax(dim=-1)  # NN206
            class Else(Normed):
                def forward(self, x):
                    x = self.fc(x)
                    if self.training:
                        return x
                    else:
                        F.softmax(x, dim=-1)  # NN206
            class Only(Normed):
                def forward(self, x):
                    x = self.fc(x)
                    if self.training:
                        return x  # NN206
            class Labelled(Normed):
                def forward(self, x, labels=None):
                    logits = self.fc(x)
                    if labels is not None:
                        loss = F.cross_entropy(logits, labels)
                        return loss, logits  # NN206
            class Scored(Normed):
                def forward(self, x, labels=None):
                    logits = self.fc(x)
                    if labels is not None:
                        return F.cross_entropy(logits, labels)  # NN206
            """
        ),
        Example(
            """
            import torch
            import torch.nn.functional as F
            from torch import nn
            class Model(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                    self.blocks = nn.ModuleList([nn.Linear(4, 4) for _ in range(3)])
            class Good(Model):
                def forward(self, x):
                    for block in self.blocks:
                        x = block(x)
                    return x
            class Early(Model):
                def forward(self, x, y=None):
                    logits = self.fc(x)
                    if y is not None:
                        return F.cross_entropy(logits, y)
                    return logits.softmax(dim=-1)
            class Required(Model):
                def forward(self, x, labels):
                    logits = self.fc(x)
                    if labels is not None:
                        return F.cross_entropy(logits, labels)
            class Remembering(Model):
                def forward(self, x, labels=None):
                    logits = self.fc(x)
                    self.seen = logits
                    if labels is not None:
                        return F.cross_entropy(logits, labels)
            class Choosing(Model):
                def forward(self, x, kind=None):
                    logits = self.fc(x)
                    if kind == "loss":
                        return logits.sum()
            class Apart(Model):
                def forward(self, x, labels=None):
                    if labels is not None:
                        logits = self.fc(x)
                        return F.cross_entropy(logits, labels)
            class First(Model):
                def forward(self, x):
                    for block in self.blocks:
                        return block(x)
            class Search(Model):
                def forward(self, x):
                    for block in self.blocks:
                        x = block(x)
                        if x.sum() > 0:
                            return x
                    return x
            class Continued(Model):
                def forward(self, x):
                    for block in self.blocks:
                        x = block(x)
                        if x.sum() < 0:
                            continue
                        return x
            class Modes(Model):
                def forward(self, x, mode):
                    x = self.fc(x)
                    if mode == "train":
                        return x
                    elif mode == "test":
                        return x.softmax(-1)
            class Raising(Model):
                def forward(self, x):
                    if x.dim() == 2:
                        return self.fc(x)
                    raise ValueError(x)
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            from elsewhere import report
            class Model(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                    self.register_buffer("seen", torch.zeros(()))
            class Losses(Model):
                def forward(self, x, y=None):
                    out = self.fc(x)
                    if y is not None:
                        loss = (out - y).square().mean()
                        return loss
                    self.seen += 1
            class Modes(Model):
                def forward(self, x, mode):
                    if mode == "loss":
                        return self.fc(x).sum()
                    elif mode == "predict":
                        return self.fc(x)
                    report(x)
            class Perhaps(Model):
                def find(self, x):
                    return x
                def forward(self, x):
                    out = self.find(x)
                    if out is not None:
                        out = self.fc(out)
                        return out
            class Asked(Model):
                def forward(self, x, wanted):
                    out = self.fc(x)
                    if wanted:
                        return out
            class Nothing(Model):
                def forward(self, x):
                    if x is None:
                        return None
                    return self.fc(x)
            class Tried(Model):
                def forward(self, x):
                    try:
                        return self.fc(x)
                    except RuntimeError:
                        report(x)
            class Inner(Model):
                def forward(self, x):
                    def each(rows):
                        for row in rows:
                            return row
                    return each(x)
            class Declared(Model):
                def forward(self, x) -> "torch.Tensor | None":
                    x = self.fc(x)
                    if self.training:
                        x = x * 2
                        return x
            """
        ),
        Example(
            '''
            from torch import nn
            def refuse(x):
                raise ValueError(x)
            class Recorded(nn.Module):
                def __init__(self, gives):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                    self.gives = gives
                    self.kept = []
                def forward(self, x):
                    out = self.fc(x)
                    self.kept.append(out)
                    if self.gives:
                        return out
            class Auxiliary(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.pool, self.fc = nn.AdaptiveAvgPool1d(4), nn.Linear(4, 4)
                def forward(self, x):
                    x = self.pool(x)
                    if self.training:
                        return self.fc(x)
            class Documented(Auxiliary):
                def forward(self, x):
                    """The logits, None in evaluation."""
                    x = self.fc(x)
                    if self.training:
                        return x
            class First(Auxiliary):
                def forward(self, scales):
                    for x in scales.values():
                        x = self.fc(x)
                        return x
            class Next(Auxiliary):
                def forward(self, layers, x):
                    for layer in layers:
                        x = layer(x)
                        return x
                    raise IndexError(layers)
            class Refused(Auxiliary):
                def forward(self, x):
                    if x.dim() == 2:
                        return self.fc(x)
                    x = refuse(x)
            '''
        ),
        Example(
            """
            from torch import nn
            class Model(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                    self.layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(3)])
            class While(Model):
                def forward(self, x):
                    turn = 0
                    while turn < 3:
                        x = self.fc(x)
                        turn += 1
                        return x  # NN206
            class Helped(Model):
                def encode(self, x):
                    for layer in self.layers:
                        x = layer(x)
                        return x  # NN206
                def forward(self, x):
                    return self.encode(x)
            class Nested(Model):
                def forward(self, x, mask=None):
                    h = self.fc(x)
                    if mask is not None:
                        if mask.any():
                            return h * mask  # NN206
                    else:
                        return h
            """
        ),
        Example(
            """
            from torch import nn
            class Model(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                    self.layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(3)])
            class Endless(Model):
                def forward(self, x):
                    while True:
                        x = self.fc(x)
                        return x
            class Until(Model):
                def forward(self, x):
                    while x.sum() > 0:
                        x = self.fc(x)
                        if x.max() > 1:
                            return x
                    return x
            class Helped(Model):
                def first(self, names):
                    found = []
                    for name in names:
                        found.append(name)
                        return found
                def pick(self, x):
                    for layer in self.layers:
                        return layer(x)
                def forward(self, x):
                    return self.pick(x), self.first(x)
            class Modes(Model):
                def forward(self, x, labels=None):
                    if self.training:
                        if labels is not None:
                            return (self.fc(x) - labels).sum()
                    else:
                        return self.fc(x)
            class Required(Model):
                def forward(self, x, labels):
                    h = self.fc(x)
                    if self.training:
                        if labels is not None:
                            return (h - labels).sum()
                    else:
                        return h
            class Kept(Model):
                def forward(self, x, labels=None):
                    h = self.fc(x)
                    self.kept = h
                    if self.training:
                        if labels is not None:
                            return (h - labels).sum()
                    else:
                        return h
            """
        ),
    ),
)
