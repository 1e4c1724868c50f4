"""
A pre-norm block that adds its branch to the normalised value: `x = norm(x)`, then `x = x + f(x)`.

## Why it hurts
Pre-norm networks train deep because their stream passes every block untouched, and only the branches see the norm:
`x = x + f(norm(x))`. Where the norm's result takes the stream's name, every block resets the scale of the stream,
and the gradient passes a norm in each of them. Shapes and losses look as usual.

## What it takes to be reported
The norm stands on every way from the block's input to its output, a branch that is made of the normalised value is
added to it, the block ends in such a sum, and it is meant as a pre-norm block:

- its name, its docstring or a comment says so; or
- its first norm gets the block's input, there is a norm for every branch, and the branches are attention and
  feed-forward; or one of the two, in a class named Block or Layer (a warning).

Post-norm blocks (`norm(x + f(x))`, also if only their last step is a norm), blocks that keep the raw value for a
later sum, branches with a norm of their own, blocks that choose by a condition, norms at the entrance of a model,
two streams that are fused, batch norms, and blocks around which a caller adds their input stay silent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nn_lint.diagnostic import Severity
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.residual.overwrites import overwrites
from nn_lint.project.code_text import bare_code
from nn_lint.project.facts import ClassFacts
from nn_lint.rules.rule import Example, Finding, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each norm that replaces the stream of a pre-norm block."""
    if not cls.is_module:
        return
    for found in overwrites(cls):
        norm, total = cls.syntax.text(found.norm), cls.syntax.text(found.total)
        message = f"`{norm}` replaces the residual stream: `{total}` adds to it, and the raw value is lost"
        severity = Severity.ERROR if found.is_certain else Severity.WARNING
        yield Finding(cls.syntax.span(found.norm), f"{message} ({found.reason})", severity=severity)


_ADDITION = re.compile(r"\+|\badd_?\b")
_NORM = re.compile(r"(?:\b|_)[lL][nN]")


def sieve(facts: ClassFacts, source: str) -> bool:
    """A class with a forward in which something is added, and something is called like a norm."""
    if facts.method("forward") is None:
        return False
    code = bare_code(source)
    return _ADDITION.search(code) is not None and ("norm" in code.lower() or _NORM.search(code) is not None)


RULE = Rule(
    code="NN309",
    name="residual-stream-overwritten",
    doc=__doc__,
    check=check,
    sieve=sieve,
    premise=lambda cls: cls.sum_sides.norm,
    examples=(
        Example(
            """
            from torch import nn
            class PreNormBlock(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.norm = nn.LayerNorm(dim)
                    self.mlp = nn.Linear(dim, dim)
                def forward(self, x):
                    x = self.norm(x)  # NN309
                    x = x + self.mlp(x)
                    return x
            class Encoder(nn.Module):
                def __init__(self, dim, norm_layer=nn.LayerNorm):
                    super().__init__()
                    self.norm1 = norm_layer(dim)
                    self.attn = nn.MultiheadAttention(dim, 4, batch_first=True)
                    self.norm2 = norm_layer(dim)
                    self.mlp = nn.Sequential(nn.Linear(dim, dim), nn.GELU(), nn.Linear(dim, dim))
                    self.drop = nn.Dropout(0.1)
                def forward(self, x, mask=None):
                    x = self.norm1(x)  # NN309
                    x = x + self.drop(self.attn(x, x, x, attn_mask=mask)[0])
                    x = self.norm2(x)  # NN309
                    x = x + self.drop(self.mlp(x))
                    return x
            class HalfWay(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.ln_1 = nn.LayerNorm(dim)
                    self.attention = nn.MultiheadAttention(dim, 4, batch_first=True)
                    self.ln_2 = nn.LayerNorm(dim)
                    self.feed_forward = nn.Linear(dim, dim)
                def forward(self, x):
                    h = self.ln_1(x)  # NN309
                    h = h + self.attention(h, h, h, need_weights=False)[0]
                    return h + self.feed_forward(self.ln_2(h))
            class AttentionBlock(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.norm = nn.LayerNorm(dim)
                    self.attn = nn.MultiheadAttention(dim, 4, batch_first=True)
                def forward(self, x):
                    x = self.norm(x)  # NN309
                    out, _ = self.attn(x, x, x)
                    x += out
                    return x
            class Mixed(nn.Module):
                '''Attention, then a pre-norm feed-forward branch.'''
                def __init__(self, dim):
                    super().__init__()
                    self.attn = nn.Linear(dim, dim)
                    self.norm = nn.LayerNorm(dim)
                    self.mlp = nn.Linear(dim, dim)
                def forward(self, x):
                    x = self.attn(x) + x
                    x = self.norm(x)  # NN309
                    return self.mlp(x) + x
            """
        ),
        Example(
            """
            from torch import nn
            class PostNormBlock(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.attn, self.mlp = nn.Linear(dim, dim), nn.Linear(dim, dim)
                    self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
                def forward(self, x):
                    x = x + self.attn(x)
                    x = self.norm1(x)
                    x = x + self.mlp(x)
                    return self.norm2(x)
            class PreNormLayer(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.attn, self.mlp = nn.Linear(dim, dim), nn.Linear(dim, dim)
                    self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
                def forward(self, x):
                    h = self.norm1(x)
                    x = x + self.attn(h)
                    h = self.norm2(x)
                    return x + self.mlp(h)
            class Saved(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.attn, self.mlp = nn.Linear(dim, dim), nn.Linear(dim, dim)
                    self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
                def forward(self, x):
                    residual = x
                    x = self.norm1(x)
                    x = x + self.attn(x)
                    x = self.norm2(x)
                    x = x + self.mlp(x)
                    return x + residual
            class MixedBlock(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.attn, self.mlp = nn.Linear(dim, dim), nn.Linear(dim, dim)
                    self.pre_norm, self.norm1 = nn.LayerNorm(dim), nn.LayerNorm(dim)
                def forward(self, x):
                    x = x + self.attn(self.pre_norm(x))
                    x = self.norm1(x)
                    return x + self.mlp(x)
            class ChosenBlock(nn.Module):
                def __init__(self, dim, after_norm):
                    super().__init__()
                    self.attn, self.mlp = nn.Linear(dim, dim), nn.Linear(dim, dim)
                    self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
                    self.after_norm = after_norm
                def forward(self, x):
                    h = self.norm1(x)
                    x = (h if self.after_norm else x) + self.attn(h)
                    h = self.norm2(x)
                    return (h if self.after_norm else x) + self.mlp(h)
            class FirstBlock(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.attn, self.mlp = nn.Linear(dim, dim), nn.Linear(dim, dim)
                    self.norm0, self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim), nn.LayerNorm(dim)
                def forward(self, x):
                    x = self.norm0(x)
                    x = x + self.attn(self.norm1(x))
                    return x + self.mlp(self.norm2(x))
            """
        ),
        Example(
            """
            import torch.nn.functional as F
            from torch import nn
            class PreActBlock(nn.Module):
                def __init__(self, channels):
                    super().__init__()
                    self.bn1 = nn.BatchNorm2d(channels)
                    self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
                    self.attention = nn.Conv2d(channels, channels, 1)
                def forward(self, x):
                    x = F.relu(self.bn1(x))
                    return x + self.attention(self.conv1(x))
            class Model(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.norm = nn.LayerNorm(dim)
                    self.layers = nn.ModuleList([nn.MultiheadAttention(dim, 4) for _ in range(3)])
                def forward(self, x):
                    x = self.norm(x)
                    for attn in self.layers:
                        x = x + attn(x, x, x)[0]
                    return x
            class Head(nn.Module):
                def __init__(self, dim, classes):
                    super().__init__()
                    self.norm = nn.LayerNorm(dim)
                    self.attn = nn.Linear(dim, dim)
                    self.mlp = nn.Linear(dim, dim)
                    self.norm2 = nn.LayerNorm(dim)
                    self.out = nn.Linear(dim, classes)
                def forward(self, x):
                    x = self.norm(x)
                    x = x + self.attn(x)
                    x = self.norm2(x)
                    x = x + self.mlp(x)
                    return self.out(x)
            class FusionLayer(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.norm_v, self.norm_l = nn.LayerNorm(dim), nn.LayerNorm(dim)
                    self.attn = nn.MultiheadAttention(dim, 4)
                def forward(self, vision, language):
                    vision, language = self.norm_v(vision), self.norm_l(language)
                    out = self.attn(vision, language, language)[0]
                    back = self.attn(language, vision, vision)[0]
                    return vision + out, language + back
            class FusionOfScales(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    # pre layer norm
                    self.norm_v = nn.LayerNorm(dim)
                    self.norm_l = nn.LayerNorm(dim)
                    self.attn = nn.MultiheadAttention(dim, 2)
                def forward(self, fine, coarse, language):
                    vision = torch.cat([fine.flatten(2), coarse.flatten(2)], dim=1)
                    vision, language = self.norm_v(vision), self.norm_l(language)
                    out, back = self.attn(vision, language, language)
                    vision = vision + out
                    return vision, language + back
            class FeedForwardBlock(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.norm = nn.LayerNorm(dim)
                    self.mlp = nn.Linear(dim, dim)
                def forward(self, x):
                    x = self.norm(x)
                    return x + self.mlp(x)
            class Stack(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.blocks = nn.ModuleList([FeedForwardBlock(dim) for _ in range(3)])
                def forward(self, x):
                    for block in self.blocks:
                        x = x + block(x)
                    return x
            """
        ),
    ),
)
