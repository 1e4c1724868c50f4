"""
A hidden state that a module keeps from one call to the next together with its graph.

## Why it hurts
The state of this call was computed by the last one, and by all before: the second `backward()` raises `RuntimeError:
Trying to backward through the graph a second time`. With `retain_graph=True` memory grows with every step instead.

## What is not reported
A state that is detached, or kept under `no_grad`; one that another method, or other code of the file, sets anew
(`reset`, `init_hidden`), or that a parameter of forward resets: the caller then decides how far back gradients go; a
state that a function of the project is handed, which may detach it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nn_lint.model.carried import carried_states
from nn_lint.model.module_class import ModuleClass
from nn_lint.project.code_text import method_code
from nn_lint.project.facts import ClassFacts
from nn_lint.project.premises.states import may_carry_state
from nn_lint.rules.rule import Example, Finding, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each state that carries its graph into the next call."""
    if not cls.is_module:
        return
    for found in carried_states(cls):
        yield Finding(
            cls.syntax.span(found.statement),
            f"`self.{found.attribute}` carries the graph of this call into the next one, where `backward()` raises: "
            "keep it detached",
        )


_STORE = re.compile(r"\bself\.(\w+)(?=[^=(\n]*=(?!=))")
_QUOTED = re.compile(r"[\"'](\w+)[\"']")


def sieve(facts: ClassFacts, source: str) -> bool:
    """An attribute that forward sets, and the constructor as well: by assignment, or by its name in a string."""
    stored = set(_STORE.findall(method_code(facts, source, "forward")))
    if not stored or facts.method("__init__") is None:
        return False
    return not stored.isdisjoint((*_STORE.findall(method_code(facts, source, "__init__")), *_QUOTED.findall(source)))


RULE = Rule(
    code="NN510",
    name="stateful-graph",
    doc=__doc__,
    check=check,
    sieve=sieve,
    premise=lambda cls: cls.tree is None or may_carry_state(cls.tree),
    examples=(
        Example(
            """
            import torch
            from torch import nn
            class Recurrent(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.rnn = nn.GRU(2, 3, batch_first=True)
                    self.h = None
                def forward(self, x):
                    out, self.h = self.rnn(x, self.h)  # NN510
                    return out
            class Cell(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.cell = nn.GRUCell(2, 3)
                    self.register_buffer("state", torch.zeros(1, 3))
                def forward(self, x):
                    if self.state is None:
                        self.state = x.new_zeros(1, 3)
                    h = self.cell(x, self.state)
                    self.state = h  # NN510
                    return h
            class Named(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.cell = nn.RNNCell(2, 3)
                    self.h = torch.zeros(1, 3)
                def forward(self, x):
                    h = self.h
                    h = self.cell(x, h)
                    self.h = h  # NN510
                    return h
            class Average(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(2, 2)
                    self.average = torch.zeros(2)
                def forward(self, x):
                    h = self.fc(x)
                    self.average = 0.9 * self.average + 0.1 * h.mean(0)  # NN510
                    return h - self.average
            class Long(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.lstm = nn.LSTM(2, 3)
                    self.h, self.c = None, None
                    self.hidden = (torch.zeros(1, 1, 3), torch.zeros(1, 1, 3))
                def forward(self, x):
                    out, hidden = self.lstm(x, self.hidden)
                    self.hidden = hidden  # NN510
                    return out
            """,
        ),
        Example(
            """
            import torch
            from torch import nn
            class Detached(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.rnn = nn.GRU(2, 3)
                    self.h = None
                    self.average = torch.zeros(3)
                def forward(self, x):
                    out, h = self.rnn(x, self.h)
                    self.h = h.detach()
                    with torch.no_grad():
                        self.average = 0.9 * self.average + 0.1 * out.mean((0, 1))
                    return out
            class Reset(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.rnn = nn.GRU(2, 3)
                    self.h = None
                def reset(self):
                    self.h = None
                def forward(self, x):
                    out, self.h = self.rnn(x, self.h)
                    return out
            class Fresh(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.cell = nn.GRUCell(2, 3)
                    self.h = None
                def forward(self, xs):
                    self.h = xs.new_zeros(1, 3)
                    for x in xs:
                        self.h = self.cell(x, self.h)
                    return self.h
            class Started(nn.Module):
                def start(self):
                    self.h = None
            class Inherited(Started):
                def __init__(self):
                    super().__init__()
                    self.rnn = nn.GRU(2, 3)
                    self.h = None
                def forward(self, x):
                    out, self.h = self.rnn(x, self.h)
                    return out
            class Switched(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.rnn = nn.GRU(2, 3)
                    self.h = None
                    self.keeps_state = False
                def forward(self, x):
                    out, h = self.rnn(x, self.h if self.keeps_state else None)
                    if self.keeps_state:
                        self.h = h
                    return out
            class Shown(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(2, 2)
                    self.last = None
                    self.step = 0
                def forward(self, x):
                    self.step = self.step + 1
                    self.last = self.fc(x)
                    return self.last
            """
        ),
        Example(
            """
            from torch import nn
            class Tagger(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.lstm = nn.LSTM(2, 3)
                    self.hidden = None
                def forward(self, x):
                    out, self.hidden = self.lstm(x, self.hidden)
                    return out
            def train(model, batches):
                for batch in batches:
                    model.hidden = None
                    model(batch).sum().backward()
            """
        ),
        Example(
            """
            from torch import nn
            class Asked(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.cell = nn.GRUCell(2, 2)
                    self.h = None
                def forward(self, x, reset):
                    if reset:
                        self.h = None
                    self.h = self.cell(x, self.h)
                    return self.h
            class Episode(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.cell = nn.GRUCell(2, 2)
                    self.h = None
                def forward(self, x, done=False):
                    h = self.cell(x, self.h)
                    self.h = None if done else h
                    return h
            class Cleared(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.cell = nn.GRUCell(2, 2)
                    self.h = None
                def clear(self):
                    self.__dict__.update(h=None)
                def forward(self, x):
                    self.h = self.cell(x, self.h)
                    return self.h
            """
        ),
        Example(
            """
            from torch import nn
            def repackaged(state):
                return None if state is None else state.detach()
            class Cut(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.cell = nn.GRUCell(2, 2)
                    self.h = None
                def forward(self, x):
                    h = repackaged(self.h)
                    self.h = self.cell(x, h)
                    return self.h
            """
        ),
        Example(
            """
            from torch import nn
            class Penalised(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(2, 2)
                    self.aux_loss = 0.0
                def forward(self, x):
                    h = self.fc(x)
                    self.aux_loss = self.aux_loss + h.pow(2).mean()
                    return h
            def taken(model):
                losses = [getattr(module, "aux_loss", 0.0) for module in model.modules()]
                for module in model.modules():
                    setattr(module, "aux_loss", 0.0)
                return sum(losses)
            """
        ),
    ),
)
