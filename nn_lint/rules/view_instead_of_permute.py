"""
A `view` or `reshape` that names the dimensions of a tensor in another order than it has them.

## Why it hurts
`reshape(b, l, h * d)` of a tensor of shape (b, h, l, d) does not move anything: it reads the numbers in the order of
the memory, and cuts them anew. The shape is right, and the values of different positions and heads are mixed. It
trains, worse, and nothing warns.

## What it takes to be reported
The dimensions are known by name (`b, h, l, d = x.shape`, `x.size(1)`), or all of them are asked for (`x.view(x.size(0),
x.size(2), x.size(1))`), and one of them is asked for before another
that stands in front of it. Sizes that are computed otherwise keep it silent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nn_lint.model.module_class import ModuleClass
from nn_lint.model.reordering import reordering_views
from nn_lint.project.facts import ClassFacts
from nn_lint.rules.rule import Example, Finding, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each view that would need a transposing first."""
    if not cls.is_module:
        return
    for found in reordering_views(cls):
        name = cls.syntax.text(found.call.func).rpartition(".")[2]
        sizes = ", ".join(cls.syntax.text(item) for item in found.asked)
        yield Finding(
            cls.syntax.span(found.call),
            f"`{name}` does not move dimensions: ({sizes}) is another order than that of the tensor, so values of "
            "different positions are mixed; `transpose` or `permute` first",
        )


_SIZES = re.compile(r",[^=\n]*=\s*\w+\.(?:shape|size\(\))|\.(?:shape\s*\[|size\s*\()\s*2\b")


def sieve(facts: ClassFacts, source: str) -> bool:
    """A view, and a shape that is unpacked or the third size of a tensor."""
    return (".view(" in source or ".reshape(" in source) and _SIZES.search(source) is not None


RULE = Rule(
    code="NN508",
    name="view-instead-of-permute",
    doc=__doc__,
    check=check,
    sieve=sieve,
    examples=(
        Example(
            """
            import torch
            from torch import nn
            class Merge(nn.Module):
                def forward(self, heads):
                    b, h, l, d = heads.shape
                    return heads.reshape(b, l, h * d)  # NN508
            class Split(nn.Module):
                def __init__(self, dim=4, heads=2):
                    super().__init__()
                    self.heads = heads
                    self.width = dim // heads
                    self.q = nn.Linear(dim, dim)
                def forward(self, x):
                    b, t, c = x.size()
                    q = self.q(x).view(b, self.heads, t, self.width)  # NN508
                    return q
            class Attention(nn.Module):
                def __init__(self, dim=4, heads=2):
                    super().__init__()
                    self.heads = heads
                    self.width = dim // heads
                    self.q = nn.Linear(dim, dim)
                def forward(self, x):
                    b, t, c = x.shape
                    q = self.q(x).view(b, t, self.heads, self.width).transpose(1, 2)
                    weights = (q @ q.transpose(-2, -1)).softmax(dim=-1)
                    out = weights @ q
                    return out.contiguous().view(b, t, c)  # NN508
            class Packed(nn.Module):
                def __init__(self, dim=4, heads=2):
                    super().__init__()
                    self.heads = heads
                    self.qkv = nn.Linear(dim, dim * 3)
                def forward(self, x):
                    b, n, c = x.shape
                    qkv = self.qkv(x).reshape(b, n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
                    q, k, v = qkv[0], qkv[1], qkv[2]
                    attn = (q @ k.transpose(-2, -1)).softmax(dim=-1)
                    return (attn @ v).reshape(b, n, c)  # NN508
            class Images(nn.Module):
                def forward(self, x):
                    b, c, h, w = x.shape
                    return x.view(b, h * w, c)  # NN508
            """,
        ),
        Example(
            """
            import torch
            from torch import nn
            class Right(nn.Module):
                def __init__(self, dim, heads):
                    super().__init__()
                    self.heads = heads
                    self.width = dim // heads
                    self.q = nn.Linear(dim, dim)
                def forward(self, x, image):
                    b, t, c = x.shape
                    q = self.q(x).view(b, t, self.heads, self.width).transpose(1, 2)
                    out = (q @ q.transpose(-2, -1)).softmax(dim=-1) @ q
                    out = out.transpose(1, 2).reshape(b, t, c)
                    n, k, h, w = image.shape
                    tokens = image.flatten(2).transpose(1, 2)
                    rows = image.view(n, k, h * w)
                    folded = image.reshape(n * k, h, w).view(n, k, h, w)
                    groups = image.view(n, self.heads, k // self.heads, h, w)
                    patches = image.view(n, k, h // 2, 2, w // 2, 2).permute(0, 2, 4, 1, 3, 5)
                    return out, tokens, rows, folded, groups, patches, image.permute(0, 2, 3, 1).reshape(n, h * w, k)
            class Shifted(nn.Module):
                def forward(self, x, y):
                    b, h, l, m = x.shape
                    pad = torch.zeros(b, h, l, 1)
                    x = torch.cat([pad, x], dim=-1)
                    x = x.view(b, h, m + 1, l)
                    x = x[:, :, 1:].view(b, h, l, m)
                    if y is not None:
                        x = x.transpose(1, 2)
                    return x.reshape(b, l, h * m)
            class Packed(nn.Module):
                def __init__(self, dim, heads):
                    super().__init__()
                    self.heads = heads
                    self.qkv = nn.Linear(dim, dim * 3)
                def forward(self, x):
                    b, n, c = x.shape
                    qkv = self.qkv(x).reshape(b, n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
                    q, k, v = qkv.unbind(0)
                    attn = (q @ k.transpose(-2, -1)).softmax(dim=-1)
                    return (attn @ v).transpose(1, 2).reshape(b, n, c)
            class Skewed(nn.Module):
                def forward(self, scores):
                    padded = nn.functional.pad(scores, (1, 0))
                    b, h, rows, columns = padded.shape
                    return padded.reshape(b, h, columns, rows)[:, :, 1:]
            class Again(nn.Module):
                def forward(self, x):
                    b, c, h, w = x.shape
                    x = x.permute(0, 2, 3, 1)
                    b, h, w, c = x.shape
                    return x.reshape(b, 1, h * w, c), x.reshape(b, -1, c), x.view(-1, h, w, c)
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class Correlation(nn.Module):
                def forward(self, one, two):
                    volume = self.volume(one, two)
                    b, h, w, c, _, _ = volume.shape
                    volume = volume.reshape(b * h * w, c, h, w)
                    return volume
                def volume(self, one, two):
                    b, c, h, w = one.shape
                    found = torch.matmul(one.view(b, c, h * w).transpose(1, 2), two.view(b, c, h * w))
                    return found.view(b, h, w, 1, h, w)
            """
        ),
        Example(
            """
            from torch import nn
            class InPlace(nn.Module):
                def forward(self, x):
                    b, n, c = x.shape
                    x = x.clone()
                    x.transpose_(1, 2)
                    return x.reshape(b, c, n)
            class Walrus(nn.Module):
                def forward(self, x):
                    b, n, c = x.shape
                    y = x.sum() if (x := x.transpose(1, 2)) is not None else None
                    return x.reshape(b, c, n), y
            """
        ),
        Example(
            """
            from torch import nn
            class Pairwise(nn.Module):
                def __init__(self, width):
                    super().__init__()
                    self.project = nn.Conv2d(width, 1, 1)
                def forward(self, x):
                    x = self.project(x)
                    n, _, h, w = x.shape
                    return x.view(n, h, w)
            class Columns(nn.Module):
                def forward(self, x):
                    n, _, w = x.shape
                    return x.view(n, w, -1)  # NN508
            """
        ),
        Example(
            """
            from torch import nn
            class Flip(nn.Module):
                def forward(self, x):
                    return x.view(x.size(0), x.size(2), x.size(1))  # NN508
            class Channels(nn.Module):
                def forward(self, image):
                    return image.view(image.shape[0], image.shape[3], image.shape[1], image.shape[2])  # NN508
            class Embedded(nn.Module):
                def __init__(self, words, dim):
                    super().__init__()
                    self.embed = nn.Embedding(words, dim)
                    self.conv = nn.Conv1d(dim, dim, 3)
                def forward(self, x):
                    e = self.embed(x)
                    e = e.view(e.size(0), e.size(2), e.size(1))  # NN508
                    return self.conv(e)
            """,
        ),
        Example(
            """
            from torch import nn
            class Same(nn.Module):
                def forward(self, x, y):
                    a = x.view(x.size(0), x.size(1), x.size(2)) + x.view(x.size(0), x.size(1) * x.size(2))
                    b = y.view(x.size(0), x.size(2), x.size(1)) + y.view(y.size(0), y.size(2), -1)
                    y = y.transpose(1, 2)
                    return a, b, y.reshape(y.size(0), y.size(1), y.size(2))
            """
        ),
    ),
)
