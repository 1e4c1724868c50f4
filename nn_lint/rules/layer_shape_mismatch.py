"""
A layer that takes another number of features than the layer before it gives, or whose own numbers do not fit.

## Why it hurts
The first forward pass raises `RuntimeError: mat1 and mat2 shapes cannot be multiplied`, `Given groups=1, weight of size
... expected input ... to have 16 channels, but got 8 channels instead`, or `running_mean should contain 8 elements not
16`, far away from the line that is wrong. A recurrent layer with `bidirectional=True` gives twice its hidden size, and
its last state once. A convolution whose channels are not divisible by its groups, or an attention whose width is not
divisible by its heads, raises as soon as it is built.

## What is not reported
Numbers that agree for some choice of the constructor's parameters; layers with anything between them that may change
the number of features (a flatten, a view, an upsampling by another class, a hook); lazy layers; a Sequential that is
never called itself, or that other layers are put into.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nn_lint.model.divisions import broken_divisions
from nn_lint.model.feature_chains import mismatches
from nn_lint.model.module_class import ModuleClass
from nn_lint.project.facts import ClassFacts
from nn_lint.project.premises.features import may_disagree, may_not_divide
from nn_lint.rules.rule import Example, Finding, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each layer that takes another number of features than the layer before it gives."""
    if not cls.is_module:
        return
    for found in mismatches(cls):
        giver = cls.syntax.text(found.giver.call)
        yield Finding(
            cls.syntax.span(found.taker.call),
            f"`{found.taker.callee}` takes {found.taken} {found.unit}, and `{giver}` before it gives "
            f"{found.given}: the first forward pass raises",
        )
    for broken in broken_divisions(cls):
        yield Finding(
            cls.syntax.span(broken.call),
            f"`{cls.syntax.text(broken.call.func)}` cannot be built: {broken.whole} ({broken.number}) is not divisible "
            f"by {broken.part} ({broken.divisor})",
        )


_LAYERS = re.compile(
    r"(?:Linear|(?:Conv|BatchNorm|ConvTranspose)[123]d|LayerNorm|GroupNorm|Embedding|LSTM|GRU|RNN)\s*\("
)
_DIVIDED = re.compile(r"MultiheadAttention|coderLayer|GroupNorm|Conv\w*[123]d")


def sieve(facts: ClassFacts, source: str) -> bool:
    """Two layers that have a number of features, or one with heads or groups."""
    return _DIVIDED.search(source) is not None or len(_LAYERS.findall(source)) > 1


def premise(cls: ModuleClass) -> bool:
    """Numbers that may disagree, or that may not be divisible."""
    return cls.tree is None or may_disagree(cls.tree) or may_not_divide(cls.tree)


RULE = Rule(
    code="NN605",
    name="layer-shape-mismatch",
    doc=__doc__,
    check=check,
    sieve=sieve,
    premise=premise,
    examples=(
        Example(
            """
            import torch.nn.functional as F
            from torch import nn
            class Sequence(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.net = nn.Sequential(
                        nn.Linear(10, 20),
                        nn.ReLU(),
                        nn.Linear(30, 5),  # NN605
                    )
                def forward(self, x):
                    return self.net(x)
            class Images(nn.Module):
                def __init__(self, width=4):
                    super().__init__()
                    self.net = nn.Sequential(
                        nn.Conv2d(3, 8, 3),
                        nn.BatchNorm2d(16),  # NN605
                        nn.ReLU(),
                        nn.MaxPool2d(2),
                        nn.Conv2d(16, width, 3),
                        nn.Conv2d(width * 2, 4, 3),  # NN605
                    )
                def forward(self, x):
                    return self.net(x)
            class Chained(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.conv1 = nn.Conv2d(3, 8, 3)
                    self.conv2 = nn.Conv2d(16, 8, 3)  # NN605
                    self.pool = nn.AdaptiveAvgPool2d(1)
                    self.fc1 = nn.Linear(16, 4)  # NN605
                    self.fc2 = nn.Linear(8, 2)  # NN605
                def forward(self, x):
                    x = F.relu(self.conv1(x))
                    x = self.pool(self.conv2(x)).flatten(1)
                    x = F.relu(self.fc1(x))
                    return self.fc2(x)
            """,
        ),
        Example(
            """
            import torch
            import torch.nn.functional as F
            from torch import nn
            class Net(nn.Module):
                def __init__(self, width, hidden):
                    super().__init__()
                    self.conv = nn.Sequential(
                        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.PixelShuffle(2), nn.Conv2d(2, 8, 3),
                    )
                    self.flat = nn.Sequential(nn.Conv2d(8, 4, 3), nn.Flatten(), nn.Linear(64, 10))
                    self.pooled = nn.Sequential(nn.AdaptiveAvgPool2d((2, 2)), nn.Flatten(), nn.Linear(32, 8))
                    self.first = nn.Linear(width, hidden)
                    self.second = nn.Linear(width, 2)
                    self.gated = nn.Sequential(nn.Linear(8, 16), nn.GLU(), nn.Linear(8, 2))
                    self.lazy = nn.Sequential(nn.Linear(4, 8), nn.LazyLinear(3), nn.Linear(3, 1))
                def forward(self, x):
                    x = self.pooled(self.conv(x))
                    return self.second(self.first(x)), self.flat, self.gated, self.lazy
            class Joined(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.a = nn.Linear(4, 8)
                    self.b = nn.Linear(16, 8)
                    self.norm = nn.LayerNorm(6)
                    self.c = nn.Linear(2, 2)
                def forward(self, x, wide):
                    h = self.a(x)
                    h = self.b(torch.cat([h, h], dim=-1))
                    if wide:
                        h = h[:, :6]
                        return self.norm(h)
                    return self.c(h.view(-1, 2))
            class Width(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.conv = nn.Conv1d(4, 8, 1)
                    self.fc = nn.Linear(100, 10)
                def forward(self, x):
                    return self.fc(self.conv(x))
            """
        ),
        Example(
            """
            from torch import nn
            class Net(nn.Module):
                def __init__(self, width, hidden=64):
                    super().__init__()
                    self.fc1 = nn.Linear(width, hidden)
                    self.fc2 = nn.Linear(64, 2 * width)
                    self.fc3 = nn.Linear(48, 4)
                def forward(self, x):
                    return self.fc3(self.fc2(self.fc1(x)))
            """
        ),
        Example(
            """
            from torch import nn
            class Net(nn.Module):
                def __init__(self, hidden):
                    super().__init__()
                    self.layers = nn.Sequential(
                        nn.Linear(10, hidden),
                        nn.ReLU(),
                        nn.Linear(4 * hidden, 2),  # NN605
                    )
                def forward(self, x):
                    return self.layers(x)
            """
        ),
        Example(
            """
            from torch import nn
            class Sized(nn.Module):
                def __init__(self, dim=100, wide=False, extra=0, side=5, low=70):
                    super().__init__()
                    self.fc1 = nn.Linear(dim, 8)
                    self.fc2 = nn.Linear(8 * (1 + wide), 8 + extra)
                    self.fc3 = nn.Linear(8, side * side)
                    self.fc4 = nn.Linear(25, low - 7)
                    self.fc5 = nn.Linear(9 * 7, dim // 4)
                    self.fc6 = nn.Linear(dim - 75, 2)
                def forward(self, x):
                    return self.fc6(self.fc5(self.fc4(self.fc3(self.fc2(self.fc1(x))))))
            class Quotient(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc1 = nn.Linear(dim, dim // 2)
                    self.fc2 = nn.Linear(dim // 2 * 3, dim)  # NN605
                    self.fc3 = nn.Linear(dim + 1, dim)  # NN605
                    self.fc4 = nn.Linear(dim, 2 * dim + 1)
                    self.fc5 = nn.Linear(4, 2)  # NN605
                def forward(self, x):
                    return self.fc5(self.fc4(self.fc3(self.fc2(self.fc1(x)))))
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class Dense(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.layers = nn.Sequential(nn.Conv2d(3, 8, 1), nn.Conv2d(11, 8, 1))
                    self.net = nn.Sequential(nn.Linear(4, 8), nn.Linear(16, 2))
                    self.net.insert(1, nn.Linear(8, 16))
                    self.head = nn.Sequential(nn.Linear(2, 8), nn.Linear(16, 2))
                    self.head[1] = nn.Linear(8, 2)
                def forward(self, x, y):
                    for layer in self.layers:
                        x = torch.cat([x, layer(x)], dim=1)
                    return x, self.head(self.net(y))
            class Doubled(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.first = nn.Linear(4, 8)
                    self.second = nn.Linear(16, 2)
                    self.first.register_forward_hook(lambda module, given, out: torch.cat([out, out], dim=-1))
                def forward(self, x):
                    return self.second(self.first(x))
            """
        ),
        Example(
            """
            from torch import nn
            class Both(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.lstm = nn.LSTM(32, 64, batch_first=True, bidirectional=True)
                    self.fc = nn.Linear(64, 2)  # NN605
                def forward(self, x):
                    out, _ = self.lstm(x)
                    return self.fc(out[:, -1])
            class State(nn.Module):
                def __init__(self, hidden=64):
                    super().__init__()
                    self.rnn = nn.GRU(10, hidden, batch_first=True)
                    self.fc = nn.Linear(hidden * 2, 3)  # NN605
                def forward(self, x):
                    _, h = self.rnn(x)
                    return self.fc(h[-1])
            class Words(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.emb = nn.Embedding(100, 64)
                    self.lstm = nn.LSTM(32, 64, batch_first=True)  # NN605
                    self.norm = nn.LayerNorm(32)  # NN605
                    self.fc = nn.Linear(128, 2)  # NN605
                def forward(self, x):
                    e = self.emb(x)
                    return self.lstm(e)[0], self.norm(e), self.fc(e.mean(1))
            class Divided(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.conv = nn.Conv2d(3, 10, 3, groups=3)  # NN605
                    self.attn = nn.MultiheadAttention(100, 8)  # NN605
                    self.norm = nn.GroupNorm(32, 48)  # NN605
                def forward(self, x):
                    return self.norm(self.conv(x)), self.attn(x, x, x)[0]
            """,
        ),
        Example(
            """
            import torch
            from torch import nn
            class Right(nn.Module):
                def __init__(self, hidden, twice):
                    super().__init__()
                    self.emb = nn.Embedding(100, 32)
                    self.lstm = nn.LSTM(32, 64, batch_first=True, bidirectional=True)
                    self.fc = nn.Linear(128, 2)
                    self.last = nn.Linear(64, 2)
                    self.gru = nn.GRU(10, hidden, bidirectional=twice)
                    self.head = nn.Linear(hidden * 2, 2)
                    self.projected = nn.LSTM(32, 64, proj_size=16)
                    self.small = nn.Linear(16, 2)
                def forward(self, x, y):
                    out, (h, _) = self.lstm(self.emb(x))
                    both = torch.cat((h[-2], h[-1]), dim=1)
                    a = self.fc(out) + self.fc(out[:, -1, :]) + self.last(h[-1]) + self.fc(both)
                    return a, self.head(self.gru(y)[0]), self.small(self.projected(self.emb(x))[0])
            class Loaded(nn.Module):
                def __init__(self, vectors):
                    super().__init__()
                    self.emb = nn.Embedding(100, 32)
                    self.emb.weight = nn.Parameter(vectors)
                    self.fc = nn.Linear(300, 2)
                    self.norm = nn.GroupNorm(num_channels=48, num_groups=16)
                    self.conv = nn.Conv2d(4, 8, 3, 1, 1, 1, 4)
                    self.attn = nn.MultiheadAttention(96, 8)
                def forward(self, x, image):
                    x = self.fc(self.emb(x))
                    return x, self.norm(self.conv(image)), self.attn(x, x, x)[0]
            """
        ),
    ),
)
