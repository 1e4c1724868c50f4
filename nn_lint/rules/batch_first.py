"""
A recurrent or attention layer that takes the sequence first, in a module that hands it the batch first.

## Why it hurts
`nn.LSTM`, `nn.GRU`, `nn.RNN`, `nn.MultiheadAttention` and `nn.Transformer*` read `(sequence, batch, features)` unless
they are told `batch_first=True`. Given the batch first they mix the samples of a batch and never look along the
sequence: attention weights have the shape `(sequence, batch, batch)`. All shapes fit, it trains, and nothing warns.

## What it takes to be reported
The layer is built without `batch_first` and is given a parameter of forward (through layers that keep its dimensions),
and the class says that the batch comes first: by a comment or docstring `x: (batch, seq, dim)`, by unpacking
`b, t, c = x.shape`, by taking the last step as `out[:, -1]`, or by a mean over dimension 1 of the result. Any
transposing on the way, or a word for the other order, keeps it silent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nn_lint.model.layouts import misread_batches
from nn_lint.model.module_class import ModuleClass
from nn_lint.project.facts import ClassFacts
from nn_lint.rules.rule import Example, Finding, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each layer that takes the batch for the sequence."""
    if not cls.is_module:
        return
    for found in misread_batches(cls):
        yield Finding(
            cls.syntax.span(found.layer.call),
            f"`{found.layer.callee}` reads (sequence, batch, features) without `batch_first=True`, and {found.evidence}"
            ": it mixes the samples of a batch instead of the steps of a sequence",
        )


_LAYERS = re.compile(r"(?:LSTM|GRU|RNN|MultiheadAttention|Transformer(?:En|De)coderLayer)\s*\(")


def sieve(facts: ClassFacts, source: str) -> bool:
    """Such a layer, built more often than `batch_first` is said."""
    found = len(_LAYERS.findall(source))
    return found > source.count("batch_first") and facts.method("forward") is not None


RULE = Rule(
    code="NN514",
    name="batch-first",
    doc=__doc__,
    check=check,
    sieve=sieve,
    examples=(
        Example(
            """
            import torch
            from torch import nn
            class Encoder(nn.Module):
                def __init__(self, dim=4):
                    super().__init__()
                    self.attn = nn.MultiheadAttention(dim, 2)  # NN514
                def forward(self, x):
                    \"""x: (batch, seq, dim)\"""
                    out, _ = self.attn(x, x, x)
                    return out
            class Last(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.embed = nn.Embedding(10, 4)
                    self.lstm = nn.LSTM(4, 8)  # NN514
                    self.fc = nn.Linear(8, 2)
                def forward(self, tokens):
                    out, _ = self.lstm(self.embed(tokens))
                    return self.fc(out[:, -1, :])
            class Unpacked(nn.Module):
                def __init__(self, dim=4):
                    super().__init__()
                    self.norm = nn.LayerNorm(dim)
                    self.attn = nn.MultiheadAttention(dim, 2)  # NN514
                def forward(self, x):
                    b, t, c = x.shape
                    x = self.norm(x)
                    return self.attn(x, x, x, need_weights=False)[0]
            class Averaged(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.gru = nn.GRU(4, 8)  # NN514
                def forward(self, x):
                    out, h = self.gru(x)
                    return out.mean(dim=1)
            class Commented(nn.Module):
                def __init__(self):
                    super().__init__()
                    layer = nn.TransformerEncoderLayer(4, 2)
                    self.layer = nn.TransformerEncoderLayer(4, 2)  # NN514
                def forward(self, x):  # x: [B, T, C]
                    return self.layer(x)
            """,
        ),
        Example(
            """
            import torch
            from torch import nn
            class First(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.attn = nn.MultiheadAttention(dim, 2, batch_first=True)
                    self.lstm = nn.LSTM(dim, dim, 1, True, True)
                def forward(self, x):
                    b, t, c = x.shape
                    out = self.attn(x, x, x)[0]
                    return self.lstm(out)[0][:, -1]
            class Transposed(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.attn = nn.MultiheadAttention(dim, 2)
                    self.lstm = nn.LSTM(dim, dim)
                def forward(self, x):
                    \"""x: (batch, seq, dim)\"""
                    x = x.transpose(0, 1)
                    out, _ = self.attn(x, x, x)
                    out, _ = self.lstm(out)
                    return out.transpose(0, 1)[:, -1]
            class Sequence(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.attn = nn.MultiheadAttention(dim, 2)
                    self.lstm = nn.LSTM(dim, dim)
                def forward(self, x):
                    \"""x: (seq, batch, dim), the result is (batch, dim)\"""
                    t, b, c = x.shape
                    out, _ = self.lstm(self.attn(x, x, x)[0])
                    return out[-1]
            class Silent(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.lstm = nn.LSTM(dim, dim)
                def forward(self, x):
                    out, _ = self.lstm(x)
                    return out.mean(0) + out[-1]
            """
        ),
    ),
)
