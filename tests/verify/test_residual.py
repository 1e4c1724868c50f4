"""The residual proof accepts blocks whose input arrives and refuses those where it only seems to."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nn_lint.verify.verdict import Level, Subject
from nn_lint.verify.verifier import Verifier

CONV = """
class Net(nn.Module):
    def __init__(self, dim=8, out_dim=8, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(dim, out_dim, 3, stride, 1)
        self.bn1 = nn.BatchNorm2d(out_dim)
        self.relu = nn.ReLU()
        self.conv2 = nn.Conv2d(out_dim, out_dim, 3, 1, 1)
        self.bn2 = nn.BatchNorm2d(out_dim)
        {init}

    def forward(self, x):
        {start}
        out = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        {end}
"""
PROJECTION = (
    "self.shortcut = nn.Identity() if stride == 1 and dim == out_dim else "
    "nn.Sequential(nn.Conv2d(dim, out_dim, 1, stride, bias=False), nn.BatchNorm2d(out_dim))"
)
CONV_BEFORE = CONV.format(init="pass", start="pass", end="return self.relu(out)")

TOKENS = """
class Net(nn.Module):
    def __init__(self, dim=16, num_heads=4):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim)
        self.attn = nn.MultiheadAttention(dim, num_heads, batch_first=True)
        self.norm2 = nn.LayerNorm(dim)
        self.mlp = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Dropout(0.5), nn.Linear(4 * dim, dim))

    def forward(self, x):
{body}
"""


def conv(init: str = PROJECTION, start: str = "pass", end: str = "return self.relu(out + self.shortcut(x))") -> str:
    """A convolutional block with these three places filled."""
    return CONV.format(init=init, start=start, end=end)


def tokens(*body: str) -> str:
    """A transformer block with these statements."""
    return TOKENS.format(body="\n".join(" " * 8 + line for line in body))


TOKENS_BEFORE = tokens("x = self.norm1(x)", "x = self.attn(x, x, x)[0]", "return self.mlp(self.norm2(x))")
LINEAR = """
class Net(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.fc1 = nn.Linear(dim, dim)
        self.fc2 = nn.Linear(dim, dim)

    def forward(self, x):
        out = self.fc2(F.gelu(self.fc1(x)))
        return {result}
"""

SEQUENCE = CONV.replace("Conv2d", "Conv1d").replace("BatchNorm2d", "BatchNorm1d")
PRE_ACTIVATION = CONV_BEFORE.replace(
    "self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))",
    "self.conv2(self.relu(self.bn2(self.conv1(self.relu(self.bn1(x))))))",
).replace("BatchNorm2d(out_dim)", "BatchNorm2d(dim)", 1)
LAYER_SCALE = """
class Net(nn.Module):
    def __init__(self, dim=12):
        super().__init__()
        self.dwconv = nn.Conv2d(dim, dim, 7, padding=3, groups=dim)
        self.norm = nn.LayerNorm(dim)
        self.pwconv1 = nn.Linear(dim, 4 * dim)
        self.pwconv2 = nn.Linear(4 * dim, dim)
        self.gamma = nn.Parameter(1e-6 * torch.ones(dim))

    def forward(self, x):
        out = self.norm(self.dwconv(x).permute(0, 2, 3, 1))
        out = self.gamma * self.pwconv2(F.gelu(self.pwconv1(out)))
        return {result}
"""
HELD_AT_ZERO = "nn.init.zeros_(self.bn2.weight)"
IDENTITY = "return self.relu(out + x)"


def narrow(text: str) -> str:
    """The block with one width and no stride, so that its input can be added as it is."""
    return (
        text.replace("dim=8, out_dim=8, stride=1", "dim=8").replace("out_dim", "dim").replace("3, stride, 1", "3, 1, 1")
    )


CORRECT = {
    "projection before the last activation": (CONV_BEFORE, conv()),
    "projection after the last activation": (CONV_BEFORE, conv(end="return self.relu(out) + self.shortcut(x)")),
    "identity kept under another name": (
        CONV_BEFORE,
        conv(start="kept = self.shortcut(x)", end="return F.silu(kept + out)"),
    ),
    "added in place to the branch": (CONV_BEFORE, conv(end="out += self.shortcut(x)\n        return self.relu(out)")),
    "linear": (LINEAR.format(result="out"), LINEAR.format(result="x + out")),
    "transformer, norm first": (
        TOKENS_BEFORE,
        tokens("y = self.norm1(x)", "x = x + self.attn(y, y, y)[0]", "return x + self.mlp(self.norm2(x))"),
    ),
    "transformer, norm last": (
        tokens("x = self.norm1(self.attn(x, x, x)[0])", "return self.norm2(self.mlp(x))"),
        tokens("x = self.norm1(x + self.attn(x, x, x)[0])", "return self.norm2(x + self.mlp(x))"),
    ),
    "sequence": (
        SEQUENCE.format(init="pass", start="pass", end="return self.relu(out)"),
        SEQUENCE.format(
            init=PROJECTION.replace("2d", "1d"), start="pass", end="return self.relu(out + self.shortcut(x))"
        ),
    ),
    "activation first": (
        narrow(PRE_ACTIVATION.replace("return self.relu(out)", "return out")),
        narrow(PRE_ACTIVATION.replace("return self.relu(out)", "return out + x")),
    ),
    "layer scale": (
        LAYER_SCALE.format(result="out.permute(0, 3, 1, 2)"),
        LAYER_SCALE.format(result="x + out.permute(0, 3, 1, 2)"),
    ),
    "a branch that begins at zero": (
        narrow(conv(HELD_AT_ZERO, end="return self.relu(out)")),
        narrow(conv(HELD_AT_ZERO, end=IDENTITY)),
    ),
}

BROKEN = {
    "nothing changed": (CONV_BEFORE, CONV_BEFORE),
    "the branch added to itself": (CONV_BEFORE, conv(end="return self.relu(out + out)")),
    "detached": (CONV_BEFORE, conv(end="return self.relu(out + self.shortcut(x).detach())")),
    "in place on the identity": (CONV_BEFORE, conv(start="x.relu_()")),
    "concatenated": (LINEAR.format(result="out"), LINEAR.format(result="torch.cat([x, out], 1)")),
    "a gate": (LINEAR.format(result="out"), LINEAR.format(result="x * torch.sigmoid(out)")),
    "a product": (CONV_BEFORE, conv(end="return self.relu(out * self.shortcut(x))")),
    "the branch is dropped": (CONV_BEFORE, conv(end="return self.relu(self.shortcut(x))")),
    "the shortcut follows the branch": (
        CONV_BEFORE,
        conv("self.shortcut = nn.Conv2d(out_dim, out_dim, 1)", end="return self.relu(out + self.shortcut(out))"),
    ),
    "added, then lost": (CONV_BEFORE, conv(end="lost = out + self.shortcut(x)\n        return self.relu(out)")),
    "a projection whose weight is detached": (
        CONV_BEFORE,
        conv(
            "self.shortcut = nn.Conv2d(dim, out_dim, 1, stride, bias=False)",
            start="frozen = {name: each.detach() for name, each in self.shortcut.named_parameters()}",
            end="return self.relu(out + torch.func.functional_call(self.shortcut, frozen, (x,)))",
        ),
    ),
    "a projection without gradients": (
        CONV_BEFORE,
        conv(start="with torch.no_grad():\n            kept = self.shortcut(x)", end="return self.relu(out + kept)"),
    ),
    "a frozen projection": (
        CONV_BEFORE,
        conv("self.shortcut = nn.Conv2d(dim, out_dim, 1, stride).requires_grad_(False)"),
    ),
    "a projection that is never called": (
        narrow(CONV_BEFORE),
        narrow(conv("self.shortcut = nn.Conv2d(dim, dim, 1)", end=IDENTITY)),
    ),
    "the norm of a projection that is never called": (
        narrow(CONV_BEFORE),
        narrow(
            conv(
                "self.shortcut = nn.Sequential(nn.Conv2d(dim, dim, 1), nn.BatchNorm2d(dim))",
                end="return self.relu(out + self.shortcut[0](x))",
            )
        ),
    ),
    "a branch without gradients": (
        narrow(CONV_BEFORE),
        narrow(conv("pass", end="return self.relu(out.detach() + x)")),
    ),
    "the branch is dropped before a norm": (
        TOKENS_BEFORE,
        tokens("return self.norm2(x)"),
    ),
    "multiplied by zero": (LINEAR.format(result="out"), LINEAR.format(result="out + 0 * x")),
    "only one half of a transformer": (
        TOKENS_BEFORE,
        tokens("y = self.norm1(x)", "x = x + self.attn(y, y, y)[0]", "return self.mlp(self.norm2(x))"),
    ),
    "the mean alone": (LINEAR.format(result="out"), LINEAR.format(result="out + x.mean(-1, keepdim=True)")),
    "there before": (LINEAR.format(result="x + out"), LINEAR.format(result="x + x + out")),
    "a gate before": (
        LINEAR.format(result="x * torch.sigmoid(out)"),
        LINEAR.format(result="x + x * torch.sigmoid(out)"),
    ),
    "wrong width at another stride": (CONV_BEFORE, conv("self.shortcut = nn.Identity()")),
}

REASONS = {
    "a projection whose weight is detached": "stride 1: no gradient reaches shortcut.weight",
    "a projection without gradients": "stride 1 from 8 to 16: no gradient flows back to the input beside the branch",
    "a frozen projection": "stride 1: no gradient reaches shortcut.weight",
    "a projection that is never called": "no gradient reaches shortcut.weight",
    "the norm of a projection that is never called": "no gradient reaches shortcut.1.weight",
    "a branch without gradients": "the branch no longer reaches the output",
    "the branch is dropped before a norm": "the branch no longer reaches the output",
    "wrong width at another stride": "stride 1 from 8 to 16: fails after the repair: The size of tensor a (16)",
}


@pytest.mark.parametrize("name", CORRECT)
def test_accepts_a_block_whose_input_arrives(verifier: Verifier, subject: Callable[..., Subject], name: str) -> None:
    before, after = CORRECT[name]
    verdict = verifier.compare(subject(before), subject(after), residual=True)
    assert verdict.residual is not None
    assert verdict.residual.holds, verdict.residual
    assert verdict.level is Level.SAME_SHAPES


@pytest.mark.parametrize("name", BROKEN)
def test_refuses_a_block_whose_input_does_not_arrive(
    verifier: Verifier, subject: Callable[..., Subject], name: str
) -> None:
    before, after = BROKEN[name]
    verdict = verifier.compare(subject(before), subject(after), residual=True)
    assert verdict.residual is not None
    assert not verdict.residual.holds
    assert verdict.residual.reason.startswith(REASONS.get(name, ""))
    assert verdict.residual.reason


def test_a_block_that_did_not_run_before(verifier: Verifier, subject: Callable[..., Subject]) -> None:
    broken = CONV_BEFORE.replace("super().__init__()", "pass")
    verdict = verifier.compare(subject(broken), subject(conv()), residual=True)
    assert verdict.residual is not None and verdict.residual.holds
    assert verdict.level is Level.RUNS
    verdict = verifier.compare(subject(broken), subject(CONV_BEFORE), residual=True)
    assert verdict.residual is not None and verdict.residual.after is False


def test_variants_of_stride_and_width(verifier: Verifier, subject: Callable[..., Subject]) -> None:
    verdict = verifier.compare(subject(CONV_BEFORE), subject(conv()), residual=True)
    assert verdict.residual is not None
    assert {"stride 1", "stride 2"} <= set(verdict.residual.variants)
    assert any("from 8 to 16" in label for label in verdict.residual.variants)
    assert verdict.line.endswith("input reaches the output (stride 1, stride 2)")
