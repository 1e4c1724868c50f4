"""
A block that is meant to be residual, whose output never receives its input.

## Why it hurts
Nothing fails: the block runs, the shapes are right, and the network trains worse the deeper it is, since the
gradient has to pass every convolution. That the shortcut is missing shows only in the numbers.

## What it takes to be reported
The input must come back on no path, by no sum, concatenation, gate or call; every step of `forward` must be seen; and
something must say that a residual block is meant:

- a network named ResNet (ResNeXt, WideResNet) stacks the block;
- the class is named ResidualBlock, ResBlock, ResUnit..., or BasicBlock, Bottleneck...;
- attention, norm and feed-forward part follow one another as in a transformer block;
- a drop path or layer scale stands on the way: it makes sense only on a branch of a sum;
- a condition in `forward` asks for `self.use_res_connect` or the like, and nothing is added in any case;
- its docstring, a comment or a name in `forward` says so, its constructor takes a `downsample`, or a sibling adds.

A block that adds around its attention and not around its feed-forward part of the same width, or the other way round,
is a warning of its own. A first attention that gathers another input into queries is none of these.

Strong signs make an error, several weak ones a warning, a single weak one a suspicion that only `--suspicions` shows.
A class that joins the block's input with its result, or that holds it where nothing can be seen, silences the rule,
unless the block has all parts of a transformer block, which hardly anybody adds around: that is a warning. So do words
such as "plain" or "without shortcut" in the class or in the comment above it silence it. The page `residual.md` of the
documentation shows how the signs are weighed, with a picture.

## Fix safety
Verified: the fix adds the input of the block, or of each branch of a transformer block, to the branch's end: before
a last activation, through `nn.Identity` or a 1x1 convolution where the stride or the widths may differ. It is kept
only if a run in torch shows that the input now reaches the output.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nn_lint.diagnostic import Applicability, Severity
from nn_lint.fixing.residual import add_shortcuts
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.residual.half_blocks import HalfBlock, half_block, may_be_half
from nn_lint.model.residual.intent import residual_intent
from nn_lint.model.residual.leftovers import dead_attributes, saved_inputs
from nn_lint.model.residual.names import OWN_SIGN
from nn_lint.model.residual.omens import may_be_meant
from nn_lint.model.residual.self_sums import self_sums
from nn_lint.model.residual.sources import saved_late
from nn_lint.project.code_text import method_code
from nn_lint.project.facts import ClassFacts
from nn_lint.rules.rule import Example, Finding, Repair, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report a straight block that something calls residual, with the evidence."""
    if not cls.is_module or not sieve(cls.facts, cls.text):
        return
    half = half_block(cls)
    if half is not None:
        yield _half(cls, half)
        return
    intent = residual_intent(cls)
    if intent is None or any(any(look(cls)) for look in (saved_inputs, dead_attributes, self_sums, saved_late)):
        return
    edits = add_shortcuts(cls, intent.block.stream)
    message = f"`{cls.name}` is meant to be residual, but its input never reaches its output ({intent.reason})"
    if isinstance(edits, str):
        message += f"; no fix: {edits}"
    repair = None if isinstance(edits, str) else Repair("Add the input of each branch to its end", edits)
    forward = cls.method("forward")
    assert forward is not None, "checked above"
    span = forward.name_span if intent.place is None else cls.syntax.span(intent.place)
    yield Finding(span, message, repair, intent.severity)


def _half(cls: ModuleClass, found: HalfBlock) -> Finding:
    message = f"`{cls.name}` adds around `{found.added}` and not around `{found.bare}`: the stream ends there"
    return Finding(cls.syntax.span(found.node), message, severity=Severity.WARNING)


_CALL = re.compile(r"\w\(")
_PARTS = re.compile(r"att(?:ention|n)|mha|msa|mlp|ff|feed_?forward|linear_?1|fc_?1", re.IGNORECASE)
_JOINS = re.compile(r"\+|\b(?:cat|concat|concatenate|stack|add|add_|sum|lerp)\b")


def sieve(facts: ClassFacts, source: str) -> bool:
    """A forward that calls something, and joins nothing or stands in a class with some sign of a residual block."""
    code = method_code(facts, source, "forward")
    if _CALL.search(code) is None:
        return False
    return _JOINS.search(code) is None or OWN_SIGN.search(source) is not None or _PARTS.search(source) is not None


RULE = Rule(
    code="NN301",
    name="residual-not-added",
    doc=__doc__,
    fix=Applicability.VERIFIED,
    check=check,
    sieve=sieve,
    premise=lambda cls: may_be_meant(cls) or may_be_half(cls),
    examples=(
        Example(
            """
            import torch
            from torch import nn
            class Block(nn.Module):
                def __init__(self, dim, out_dim, stride):
                    super().__init__()
                    self.conv1 = nn.Conv2d(dim, out_dim, 3, stride=stride, padding=1)
                    self.bn1 = nn.BatchNorm2d(out_dim)
                    self.relu1 = nn.ReLU()
                    self.conv2 = nn.Conv2d(out_dim, out_dim, 3, stride=1, padding=1)
                    self.bn2 = nn.BatchNorm2d(out_dim)
                    self.relu2 = nn.ReLU()
                def forward(self, x):  # NN301
                    x = self.relu1(self.bn1(self.conv1(x)))
                    x = self.conv2(x)
                    x = self.bn2(x)
                    x = self.relu2(x)
                    return x
            class ResNet(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.stem = nn.Conv2d(3, 64, 3, padding=1)
                    self.layer1 = self._make_layer(64, 64, 3, 1)
                def _make_layer(self, dim, out_dim, count, stride):
                    blocks = [Block(dim, out_dim, stride)]
                    for _ in range(count - 1):
                        blocks.append(Block(out_dim, out_dim, 1))
                    return nn.Sequential(*blocks)
                def forward(self, x):
                    return self.layer1(self.stem(x))
            """,
            fixed="""
            import torch
            from torch import nn
            class Block(nn.Module):
                def __init__(self, dim, out_dim, stride):
                    super().__init__()
                    self.conv1 = nn.Conv2d(dim, out_dim, 3, stride=stride, padding=1)
                    self.bn1 = nn.BatchNorm2d(out_dim)
                    self.relu1 = nn.ReLU()
                    self.conv2 = nn.Conv2d(out_dim, out_dim, 3, stride=1, padding=1)
                    self.bn2 = nn.BatchNorm2d(out_dim)
                    self.relu2 = nn.ReLU()
                    self.shortcut = nn.Identity()
                    if stride != 1 or dim != out_dim:
                        self.shortcut = nn.Sequential(
                            nn.Conv2d(dim, out_dim, kernel_size=1, stride=stride, bias=False),
                            nn.BatchNorm2d(out_dim),
                        )
                def forward(self, x):
                    identity = self.shortcut(x)
                    x = self.relu1(self.bn1(self.conv1(x)))
                    x = self.conv2(x)
                    x = self.bn2(x)
                    x = x + identity
                    x = self.relu2(x)
                    return x
            class ResNet(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.stem = nn.Conv2d(3, 64, 3, padding=1)
                    self.layer1 = self._make_layer(64, 64, 3, 1)
                def _make_layer(self, dim, out_dim, count, stride):
                    blocks = [Block(dim, out_dim, stride)]
                    for _ in range(count - 1):
                        blocks.append(Block(out_dim, out_dim, 1))
                    return nn.Sequential(*blocks)
                def forward(self, x):
                    return self.layer1(self.stem(x))
            """,
        ),
        Example(
            """
            import torch.nn.functional as F
            from torch import nn
            class ResidualBlock(nn.Module):
                def __init__(self, channels):
                    super().__init__()
                    self.first = nn.Conv1d(channels, channels, 5, padding=2)
                    self.second = nn.Conv1d(channels, channels, 3, padding=1)
                def forward(self, x):  # NN301
                    out = F.relu(self.first(x))
                    return F.relu(self.second(out))
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.blocks = nn.ModuleList([ResidualBlock(8) for _ in range(3)])
                def forward(self, x):
                    for block in self.blocks:
                        x = block(x)
                    return x
            """,
            fixed="""
            import torch.nn.functional as F
            from torch import nn
            class ResidualBlock(nn.Module):
                def __init__(self, channels):
                    super().__init__()
                    self.first = nn.Conv1d(channels, channels, 5, padding=2)
                    self.second = nn.Conv1d(channels, channels, 3, padding=1)
                def forward(self, x):
                    out = F.relu(self.first(x))
                    return F.relu(self.second(out) + x)
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.blocks = nn.ModuleList([ResidualBlock(8) for _ in range(3)])
                def forward(self, x):
                    for block in self.blocks:
                        x = block(x)
                    return x
            """,
        ),
        Example(
            """
            from torch import nn
            class TransformerBlock(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.attn = nn.MultiheadAttention(dim, 1, batch_first=True)
                    self.ff = nn.Sequential(nn.Linear(dim, dim), nn.GELU(), nn.Linear(dim, dim))
                    self.norm1 = nn.LayerNorm(dim)
                    self.norm2 = nn.LayerNorm(dim)
                def forward(self, x):
                    x = self.norm1(self.attn(x, x, x)[0])  # NN301
                    x = self.norm2(self.ff(x))
                    return x
            """,
        ),
        Example(
            """
            from torch import nn
            import torch.nn.functional as F
            class EncoderLayer(nn.Module):
                def __init__(self, d):
                    super().__init__()
                    self.self_attn = nn.MultiheadAttention(d, 2)
                    self.linear1 = nn.Linear(d, 4 * d)
                    self.linear2 = nn.Linear(4 * d, d)
                    self.norm1 = nn.LayerNorm(d)
                    self.norm2 = nn.LayerNorm(d)
                def forward(self, x):
                    x = self.norm1(x)
                    x, _ = self.self_attn(x, x, x)  # NN301
                    return self.linear2(F.gelu(self.linear1(self.norm2(x))))
            """
        ),
        Example(
            """
            from torch import nn
            class AttentionHead(nn.Module):
                def __init__(self, d, classes):
                    super().__init__()
                    self.attn = nn.MultiheadAttention(d, 2)
                    self.norm = nn.LayerNorm(d)
                    self.head = nn.Sequential(nn.Linear(d, d), nn.ReLU(), nn.Linear(d, classes))
                def forward(self, x):
                    return self.head(self.norm(self.attn(x, x, x)[0]))
            class SelfAttention(nn.Module):
                def __init__(self, d):
                    super().__init__()
                    self.attn = nn.MultiheadAttention(d, 2)
                def forward(self, x):
                    return x + self.attn(x, x, x)[0]
            class Block(nn.Module):
                def __init__(self, d):
                    super().__init__()
                    self.attn = SelfAttention(d)
                    self.norm = nn.LayerNorm(d)
                    self.ff = nn.Sequential(nn.Linear(d, d), nn.ReLU(), nn.Linear(d, d))
                def forward(self, x):
                    return self.ff(self.norm(self.attn(x)))
            """
        ),
        Example(
            """
            from torch import nn
            class PlainBlock(nn.Module):
                def __init__(self, width):
                    super().__init__()
                    self.conv1 = nn.Conv2d(width, width, 3, padding=1)
                    self.conv2 = nn.Conv2d(width, width, 3, padding=1)
                def forward(self, x):
                    return self.conv2(self.conv1(x))
            class ResBlock(nn.Module):
                def __init__(self, width):
                    super().__init__()
                    self.conv1 = nn.Conv2d(width, width, 3, padding=1)
                    self.conv2 = nn.Conv2d(width, width, 3, padding=1)
                def forward(self, x):
                    return self.conv2(self.conv1(x))
            class ResNet(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.plain = nn.Sequential(PlainBlock(8), PlainBlock(8))
                    self.blocks = nn.ModuleList([ResBlock(8), ResBlock(8)])
                def forward(self, x):
                    x = self.plain(x)
                    for block in self.blocks:
                        x = x + block(x)
                    return x
            """
        ),
        Example(
            """
            from torch import nn
            class Block(nn.Module):
                def __init__(self, width, stride):
                    super().__init__()
                    self.conv1 = nn.Conv2d(width, width, 3, stride=stride, padding=1, groups=width)
                    self.conv2 = nn.Conv2d(width, width, 1)
                def forward(self, x):
                    return self.conv2(self.conv1(x))
            class MobileNet(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.layers = nn.Sequential(Block(8, 1), Block(8, 2))
                def forward(self, x):
                    return self.layers(x)
            """
        ),
        Example(
            """
            from torch import nn
            from wrappers import Residual
            class ResBlock(nn.Module):
                def __init__(self, width):
                    super().__init__()
                    self.fc1 = nn.Linear(width, width)
                    self.fc2 = nn.Linear(width, width)
                def forward(self, x):
                    return self.fc2(self.fc1(x))
            def build(width):
                return Residual(ResBlock(width))
            class Built(nn.Module):
                def __init__(self, width):
                    super().__init__()
                    self.block = Residual(self.make(width))
                def make(self, width):
                    block = ResBlock(width)
                    return block
                def forward(self, x):
                    return self.block(x)
            class ResidualStem(nn.Module):
                def __init__(self, width):
                    super().__init__()
                    self.conv = nn.Conv2d(3, width, 7, stride=2)
                    self.pool = nn.MaxPool2d(3)
                    self.mix = nn.Conv2d(width, width, 1)
                def forward(self, x):
                    return self.mix(self.pool(self.conv(x)))
            class ResidualUnit(nn.Module):
                def __init__(self, width):
                    super().__init__()
                    self.fc1 = nn.Linear(width, width)
                    self.fc2 = nn.Linear(width, width)
                    self.merge = Merge()
                def forward(self, x):
                    return self.merge(x, self.fc2(self.fc1(x)))
            class Merge(nn.Module):
                def forward(self, x, y):
                    return x + y
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class DepthWise(nn.Module):
                def __init__(self, width, residual=False):
                    super().__init__()
                    self.conv = nn.Conv2d(width, width, 3, padding=1, groups=width)
                    self.project = nn.Conv2d(width, width, 1)
                    self.residual = residual
                def forward(self, x):
                    if self.residual:
                        shortcut = x
                    x = self.project(self.conv(x))
                    if self.residual:
                        out = shortcut + x
                    else:
                        out = x
                    return out
            class Residual(nn.Module):
                def __init__(self, width, count):
                    super().__init__()
                    modules = []
                    for _ in range(count):
                        modules.append(DepthWise(width, residual=True))
                    self.model = nn.Sequential(*modules)
                def forward(self, x):
                    return self.model(x)
            class InvertedResidualDown(nn.Module):
                '''An inverted residual block with downsampling, stride 2.'''
                def __init__(self, width):
                    super().__init__()
                    self.left1 = nn.Conv2d(width, width, 3, 2, 1, groups=width)
                    self.left2 = nn.Conv2d(width, width, 1)
                    self.right1 = nn.Conv2d(width, width, 1)
                    self.right2 = nn.Conv2d(width, width, 3, 2, 1, groups=width)
                    self.last = nn.Conv2d(2 * width, 2 * width, 1)
                def forward(self, x):
                    left = self.left2(self.left1(x))
                    right = self.right2(self.right1(x))
                    return self.last(torch.cat([left, right], dim=1))
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.first = Residual(8, 2)
                    self.down = InvertedResidualDown(8)
                def forward(self, x):
                    return self.down(self.first(x))
            """
        ),
        Example(
            """
            import torch.nn.functional as F
            from torch import nn
            class ResidualBlock(nn.Module):
                def __init__(self, width):
                    super().__init__()
                    self.conv1 = nn.Conv2d(width, width, 3, padding=1)
                    self.conv2 = nn.Conv2d(width, width, 3, padding=1)
                    self.register_forward_hook(lambda module, given, output: output + given[0])
                def forward(self, x):
                    return self.conv2(F.relu(self.conv1(x)))
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.blocks = nn.Sequential(ResidualBlock(4), ResidualBlock(4))
                def forward(self, x):
                    return self.blocks(x)
            """
        ),
        Example(
            """
            from torch import nn
            def in_chunks(function, x, residual):
                found = function(x)
                return x + found if residual else found
            class Block(nn.Module):
                def __init__(self, width):
                    super().__init__()
                    self.attention = nn.MultiheadAttention(width, 2)
                    self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
                    self.mlp = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))
                def attend(self, x):
                    return self.attention(x, x, x)[0]
                def forward(self, x):
                    x = in_chunks(lambda x: self.attend(self.norm1(x)), x, residual=True)
                    return in_chunks(lambda x: self.mlp(self.norm2(x)), x, residual=True)
            class Pooling(nn.Module):
                def __init__(self, width):
                    super().__init__()
                    self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
                    self.attention = nn.MultiheadAttention(width, 2)
                    self.mlp = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))
                def forward(self, x):
                    x = self.norm1(x)
                    x, _ = self.attention(x, x, x)
                    return self.norm2(self.mlp(x.mean(dim=1)))
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.block = Block(8)
                    self.pooling = Pooling(8)
                def forward(self, x):
                    return self.pooling(self.block(x))
            """
        ),
        Example(
            """
            import torch.nn.functional as F
            from torch import nn
            class ResidualBlock(nn.Module):
                def __init__(self, width):
                    super().__init__()
                    self.conv1 = nn.Conv2d(width, width, 3, padding=1)
                    self.conv2 = nn.Conv2d(width, width, 3, padding=1)
                def __call__(self, x):
                    return x + super().__call__(x)
                def forward(self, x):
                    return self.conv2(F.relu(self.conv1(x)))
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.blocks = nn.Sequential(ResidualBlock(4), ResidualBlock(4))
                def forward(self, x):
                    return self.blocks(x)
            """
        ),
        Example(
            """
            import torch.nn.functional as F
            from torch import nn
            def residual(function):
                def run(self, x):
                    return x + function(self, x)
                return run
            class ResidualBlock(nn.Module):
                def __init__(self, width):
                    super().__init__()
                    self.conv1 = nn.Conv2d(width, width, 3, padding=1)
                    self.conv2 = nn.Conv2d(width, width, 3, padding=1)
                @residual
                def forward(self, x):
                    return self.conv2(F.relu(self.conv1(x)))
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.blocks = nn.Sequential(ResidualBlock(4), ResidualBlock(4))
                def forward(self, x):
                    return self.blocks(x)
            """
        ),
        Example(
            """
            import torch.nn.functional as F
            from torch import nn
            class ResidualBlock(nn.Module):
                def __init__(self, width):
                    super().__init__()
                    self.conv1 = nn.Conv2d(width, width, 3, padding=1)
                    self.conv2 = nn.Conv2d(width, width, 3, padding=1)
                    nn.init.dirac_(self.conv1.weight)
                    nn.init.dirac_(self.conv2.weight)
                def forward(self, x):
                    return self.conv2(F.relu(self.conv1(x)))
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.blocks = nn.Sequential(ResidualBlock(4), ResidualBlock(4))
                def forward(self, x):
                    return self.blocks(x)
            """
        ),
        Example(
            """
            import torch.nn.functional as F
            from torch import nn
            class ResidualBlock(nn.Module):
                def __init__(self, width):
                    super().__init__()
                    self.conv1 = nn.Conv2d(width, width, 3, padding=1)
                    self.conv2 = nn.Conv2d(width, width, 3, padding=1)
                def forward(self, x):
                    return self.conv2(F.relu(self.conv1(x)))
            def skip(block):
                plain = block.forward
                block.forward = lambda x: x + plain(x)
                return block
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.blocks = nn.Sequential(*[skip(block) for block in (ResidualBlock(4), ResidualBlock(4))])
                def forward(self, x):
                    return self.blocks(x)
            """
        ),
        Example(
            """
            import functools
            import torch.nn.functional as F
            from torch import nn
            class ResidualBlock(nn.Module):
                def __init__(self, width):
                    super().__init__()
                    self.conv1 = nn.Conv2d(width, width, 3, padding=1)
                    self.conv2 = nn.Conv2d(width, width, 3, padding=1)
                def forward(self, x):
                    return self.conv2(F.relu(self.conv1(x)))
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.blocks = nn.ModuleList([ResidualBlock(4), ResidualBlock(4)])
                def forward(self, x):
                    return functools.reduce(lambda y, block: y + block(y), self.blocks, x)
            """
        ),
        Example(
            """
            from torch import nn
            class MobileBlock(nn.Module):
                def __init__(self, ch, stride):
                    super().__init__()
                    self.use_res_connect = stride == 1
                    self.expand = nn.Conv2d(ch, 4 * ch, 1)
                    self.reduce = nn.Conv2d(4 * ch, ch, 3, stride, 1)
                def forward(self, x):  # NN301
                    out = self.reduce(self.expand(x).relu())
                    if self.use_res_connect:
                        return out
                    return out.relu()
            class Shift(nn.Module):
                def __init__(self, ch):
                    super().__init__()
                    self.scale = nn.Conv2d(ch, ch, 1)
                    self.shift = nn.Conv2d(ch, ch, 1)
                def forward(self, x, condition):
                    return x * self.scale(condition) + self.shift(condition)
            class ShiftedResBlock(nn.Module):
                def __init__(self, ch):
                    super().__init__()
                    self.norm1 = Shift(ch)
                    self.conv1 = nn.Conv2d(ch, ch, 3, padding=1)
                    self.norm2 = Shift(ch)
                    self.conv2 = nn.Conv2d(ch, ch, 3, padding=1)
                    self.drop_path = nn.Dropout()
                def forward(self, x, condition):  # NN301
                    x = self.conv1(self.norm1(x, condition).relu())
                    return self.drop_path(self.conv2(self.norm2(x, condition).relu()))
            class Net(nn.Module):
                def __init__(self, ch):
                    super().__init__()
                    self.stem = MobileBlock(ch, 2)
                    self.body = ShiftedResBlock(ch)
                def forward(self, x):
                    x = self.stem(x)
                    return self.body(x, x)
            """,
        ),
        Example(
            """
            import torch
            from torch import nn
            class Up(nn.Module):
                def __init__(self, ch, use_skip=True):
                    super().__init__()
                    self.use_skip = use_skip
                    self.conv1 = nn.Conv2d(2 * ch if use_skip else ch, ch, 3, padding=1)
                    self.conv2 = nn.Conv2d(ch, ch, 3, padding=1)
                def forward(self, x, lateral):
                    if self.use_skip:
                        x = torch.cat([x, lateral], dim=1)
                    return self.conv2(self.conv1(x).relu())
            class Net(nn.Module):
                def __init__(self, ch):
                    super().__init__()
                    self.up = Up(ch)
                def forward(self, x, lateral):
                    return self.up(x, lateral)
            """,
        ),
        Example(
            """
            import torch
            from torch import nn
            class Resampler(nn.Module):
                def __init__(self, dim, count):
                    super().__init__()
                    self.query = nn.Parameter(torch.zeros(count, dim))
                    self.cross_attn = nn.MultiheadAttention(dim, 4)
                    self.layer_norm = nn.LayerNorm(dim)
                    self.feed_forward = nn.Linear(dim, dim)
                def forward(self, states):
                    queries = self.query.unsqueeze(0).repeat(states.shape[0], 1, 1)
                    out, _ = self.cross_attn(queries, states, states)
                    return self.feed_forward(self.layer_norm(out))
            class Model(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.projector = Resampler(dim, 64)
                def forward(self, x):
                    return self.projector(x)
            """,
        ),
        Example(
            """
            from torch import nn
            from hyper_connections import stream_functions
            class ConformerBlock(nn.Module):
                def __init__(self, width, streams):
                    super().__init__()
                    connected, expand, reduce = stream_functions(streams, dim=width)
                    ff1, ff2 = nn.Linear(width, width), nn.Linear(width, width)
                    attn = nn.MultiheadAttention(width, 2)
                    self.ff1 = connected(branch=nn.Sequential(nn.LayerNorm(width), ff1))
                    self.attn = connected(branch=attn)
                    self.ff2 = connected(branch=nn.Sequential(nn.LayerNorm(width), ff2))
                    self.post_norm = nn.LayerNorm(width)
                def forward(self, x):
                    # the residual streams are in the hyper connections
                    return self.post_norm(self.ff2(self.attn(self.ff1(x))))
            class Conformer(nn.Module):
                def __init__(self, width):
                    super().__init__()
                    self.blocks = nn.ModuleList([ConformerBlock(width, 4) for _ in range(2)])
                def forward(self, x):
                    for block in self.blocks:
                        x = block(x)
                    return x
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class GatedResidual(nn.Module):
                def __init__(self, width, streams):
                    super().__init__()
                    self.width, self.streams = width, streams
                    self.norm = nn.LayerNorm(width * streams)
                    self.down = nn.Linear(width * streams, width)
                    self.up = nn.Linear(width, width * streams)
                def forward(self, x):
                    x = self.norm(x)
                    weight = torch.sigmoid(self.up(self.down(x)))
                    return (weight * x).unflatten(-1, (self.streams, self.width)).mean(dim=-2)
            class SharedLayer(nn.Module):
                def __init__(self, width):
                    super().__init__()
                    self.norm1, self.norm2 = nn.LayerNorm(2 * width), nn.LayerNorm(2 * width)
                    self.attention = nn.MultiheadAttention(2 * width, 2)
                    self.feed_forward = nn.Sequential(nn.Linear(2 * width, width), nn.ReLU(), nn.Linear(width, width))
                def forward(self, x, original):
                    x = self.norm1(torch.cat([x, original], dim=-1))
                    x, _ = self.attention(x, x, x)
                    return self.feed_forward(self.norm2(x))
            def build(width):
                return GatedResidual(width, 2), SharedLayer(width)
            """
        ),
        Example(
            """
            from torch import nn
            class Block(nn.Module):
                def __init__(self, dim, heads):
                    super().__init__()
                    self.sa = nn.MultiheadAttention(dim, heads, batch_first=True)
                    self.ffwd = nn.Sequential(nn.Linear(dim, 4 * dim), nn.ReLU(), nn.Linear(4 * dim, dim))
                    self.ln1 = nn.LayerNorm(dim)
                    self.ln2 = nn.LayerNorm(dim)
                def forward(self, x):
                    h = self.ln1(x)
                    x = x + self.sa(h, h, h)[0]
                    x = self.ffwd(self.ln2(x))  # NN301
                    return x
            class EncoderLayer(nn.Module):
                def __init__(self, dim, heads):
                    super().__init__()
                    self.attn = nn.MultiheadAttention(dim, heads)
                    self.mlp = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))
                    self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
                def forward(self, x):
                    h = self.norm1(x)
                    x = self.attn(h, h, h)[0]  # NN301
                    return x + self.mlp(self.norm2(x))
            class DecoderLayer(nn.Module):
                def __init__(self, dim, heads):
                    super().__init__()
                    self.self_attn = nn.MultiheadAttention(dim, heads)
                    self.cross_attn = nn.MultiheadAttention(dim, heads)
                    self.norm1, self.norm2, self.norm3 = nn.LayerNorm(dim), nn.LayerNorm(dim), nn.LayerNorm(dim)
                    self.ff = nn.Sequential(nn.Linear(dim, 512), nn.ReLU(), nn.Linear(512, dim))
                def forward(self, x, memory):
                    x = self.norm1(x + self.self_attn(x, x, x)[0])
                    x = self.norm2(self.cross_attn(x, memory, memory)[0])  # NN301
                    return self.norm3(x + self.ff(x))
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            def feed_forward(dim, out):
                return nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, out))
            class LastBlock(nn.Module):
                def __init__(self, dim, out):
                    super().__init__()
                    self.attn = nn.MultiheadAttention(dim, 2)
                    self.mlp = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, out))
                    self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
                def forward(self, x):
                    x = x + self.attn(x, x, x)[0]
                    return self.mlp(self.norm2(self.norm1(x)))
            class SelfOutput(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.self = nn.MultiheadAttention(dim, 2)
                    self.norm = nn.LayerNorm(dim)
                def forward(self, x):
                    return self.norm(x + self.self(x, x, x)[0])
            class BertLayer(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.attention = SelfOutput(dim)
                    self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
                    self.mlp = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim))
                def forward(self, x):
                    x = self.norm1(self.attention(x))
                    return self.norm2(x + self.mlp(x))
            class ParallelBlock(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
                    self.attn = nn.MultiheadAttention(dim, 2)
                    self.mlp = nn.Linear(dim, dim)
                def forward(self, x):
                    h = self.norm1(x)
                    return x + self.attn(h, h, h)[0] + self.mlp(self.norm2(x))
            class ResamplerLayer(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
                    self.cross_attn = nn.MultiheadAttention(dim, 2)
                    self.mlp = nn.Sequential(nn.Linear(dim, dim), nn.GELU(), nn.Linear(dim, dim))
                def forward(self, queries, x):
                    x = self.cross_attn(self.norm1(queries), x, x)[0]
                    return x + self.mlp(self.norm2(x))
            class PlainLayer(nn.Module):
                '''Attention without a skip connection: the decoder joins the stages itself.'''
                def __init__(self, dim):
                    super().__init__()
                    self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
                    self.attn = nn.MultiheadAttention(dim, 2)
                    self.mlp = nn.Sequential(nn.Linear(dim, dim), nn.GELU(), nn.Linear(dim, dim))
                def forward(self, x):
                    h = self.norm1(x)
                    x = self.attn(h, h, h)[0]
                    return x + self.mlp(self.norm2(x))
            class AddedLayer(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
                    self.attn = nn.MultiheadAttention(dim, 2)
                    self.mlp = nn.Sequential(nn.Linear(dim, dim), nn.GELU(), nn.Linear(dim, dim))
                def forward(self, x):
                    h = self.norm1(x)
                    x = self.attn(h, h, h)[0]
                    return x + self.mlp(self.norm2(x))
            class Around(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.layer = AddedLayer(dim)
                def forward(self, x):
                    return x + self.layer(x)
            """
        ),
    ),
)
