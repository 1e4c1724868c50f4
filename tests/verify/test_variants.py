"""A repaired block must hold as it is used; arguments that nobody passes speak against it only where nobody uses it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nn_lint.verify.verdict import Level, Subject, Verdict
from nn_lint.verify.verifier import Verifier
from tests.verify.conftest import HEAD

BOTTLENECK = """
class Bottleneck(nn.Module):
    expansion = 4

    def __init__(self, inplanes, planes{parameters}):
        super().__init__()
        self.conv1 = nn.Conv2d(inplanes, planes, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, {stride}, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3 = nn.Conv2d(planes, planes * self.expansion, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(planes * self.expansion)
        self.relu = nn.ReLU(inplace=True)
        {init}

    def forward(self, x):
        identity = {shortcut}
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        {addition}
        return self.relu(out)
"""
ADDED = "out += identity"
BASIC = """
class Bottleneck(nn.Module):
    def __init__(self, dim, out_dim, stride=1{parameters}):
        super().__init__()
        self.conv1 = nn.Conv2d(dim, out_dim, 3, stride, 1)
        self.conv2 = nn.Conv2d(out_dim, out_dim, 3, 1, 1)
        {init}

    def forward(self, x):
        out = self.conv2(F.relu(self.conv1(x)))
        return F.relu({result})
"""
PASSED = "x if self.downsample is None else self.downsample(x)"
STACK = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 32, 3)
        self.blocks = nn.Sequential({blocks})

    def forward(self, x):
        return self.blocks(self.stem(x))
"""
RESNET = """
class ResNet(nn.Module):
    def __init__(self, block, layers, num_classes=10):
        super().__init__()
        self.inplanes = 8
        self.stem = nn.Conv2d(3, 8, 3, 1, 1)
        self.layer1 = self._make_layer(block, 8, layers[0])
        self.layer2 = self._make_layer(block, 16, layers[1], 2)
        self.fc = nn.Linear(16 * block.expansion, num_classes)

    def _make_layer(self, block, planes, blocks, stride=1):
        downsample = None
        if stride != 1 or self.inplanes != planes * block.expansion:
            downsample = nn.Conv2d(self.inplanes, planes * block.expansion, 1, stride)
        layers = [block(self.inplanes, planes, stride, downsample)]
        self.inplanes = planes * block.expansion
        for _ in range(1, blocks):
            layers.append(block(self.inplanes, planes))
        return nn.Sequential(*layers)

    def forward(self, x):
        return self.fc(self.layer2(self.layer1(self.stem(x))).mean((2, 3)))
"""
FACTORY = """
def resnet(**options):
    return ResNet(Bottleneck, [2, 2], **options)
"""
Pair = tuple[str, str]


def plain(stride: str = "", shortcut: str = "x") -> Pair:
    """A bottleneck that leaves it to its stacker that widths agree, before and after its repair."""
    options = {"parameters": stride, "stride": "stride" if stride else "1", "init": "pass", "shortcut": shortcut}
    return BOTTLENECK.format(**options, addition="pass"), BOTTLENECK.format(**options, addition=ADDED)


def given() -> Pair:
    """A bottleneck whose projection is passed to it."""
    options = {
        "parameters": ", stride=1, downsample=None",
        "stride": "stride",
        "init": "self.downsample = downsample",
        "shortcut": PASSED,
    }
    return BOTTLENECK.format(**options, addition="pass"), BOTTLENECK.format(**options, addition=ADDED)


def basic(after: str, parameters: str = "", init: str = "pass") -> Pair:
    """A block of two convolutions."""
    texts = [BASIC.format(parameters=parameters, init=init, result=result) for result in ("out", after)]
    return texts[0], texts[1]


def stacked(pair: Pair, stack: str) -> Pair:
    """Both texts with what uses the block below them."""
    return pair[0] + stack, pair[1] + stack


RIGHT_WIDTHS = STACK.format(blocks="Bottleneck(32, 8), Bottleneck(32, 8)")
CHAIN = "for _ in range(2)"
NARROW = RESNET.replace("self.inplanes = 8", "self.inplanes = 32").replace("nn.Conv2d(3, 8", "nn.Conv2d(3, 32")
SAME_STAGE = (
    NARROW.replace("block, 16, layers[1], 2", "block, 8, layers[1]")
    .replace("16 *", "8 *")
    .replace(", stride, downsample)", ")")
)

HOLDS = {
    "the stacker passes the right widths": (stacked(plain(), RIGHT_WIDTHS), "(not from 32 to 64, which no call uses)"),
    "and never a stride": (
        stacked(plain(", stride=1"), RIGHT_WIDTHS),
        "(stride 1; not stride 1 from 32 to 64, stride 2, stride 2 from 32 to 64, which no call uses)",
    ),
    "a network takes the block as an argument": (
        stacked(plain(), SAME_STAGE),
        "(not from 32 to 64, which no call uses)",
    ),
    "nobody uses it, but it declares its widths": (plain(), "(not from 64 to 256, which no call uses)"),
    "its projection is passed by a factory's network": (stacked(given(), RESNET + FACTORY), "(stride 1, stride 2)"),
    "its projection is passed by a network": (stacked(given(), RESNET), "(stride 1, stride 2)"),
    "its projection could be passed": (given(), "(stride 1, stride 2)"),
    "a basic block whose projection could be passed": (
        basic(f"out + ({PASSED})", ", downsample=None", "self.downsample = downsample"),
        "(stride 1, stride 2)",
    ),
    "a basic block that is stacked at one width": (
        stacked(basic("out + x"), STACK.format(blocks=f"*(Bottleneck(32, 32) {CHAIN})")),
        "(stride 1; not stride 1 from 32 to 64, stride 2, stride 2 from 32 to 64, which no call uses)",
    ),
}

FAILS = {
    "a call that ran is broken": (
        stacked(plain(), RIGHT_WIDTHS + "\nhead = Bottleneck(64, 64)\n"),
        "from 64 to 256: fails after the repair",
        Level.REGRESSED,
    ),
    "all calls that ran are broken": (
        stacked(plain(), STACK.format(blocks="Bottleneck(32, 16)")),
        "from 32 to 64: fails after the repair",
        Level.REGRESSED,
    ),
    "the passed projection is ignored": (
        stacked((given()[0], given()[1].replace(ADDED, "out += x")), RESNET + FACTORY),
        "stride 1 from 8 to 32: fails after the repair",
        Level.REGRESSED,
    ),
    "nobody uses a block that takes a stride": (
        plain(", stride=1"),
        "stride 2: fails after the repair",
        Level.SAME_SHAPES,
    ),
    "nobody uses a block of two widths": (
        basic("out + x"),
        "stride 1 from 64 to 128: fails after the repair",
        Level.SAME_SHAPES,
    ),
    "a projection that nobody uses yet is never trained": (
        stacked(
            basic(
                "out + self.shortcut(x)",
                init="self.shortcut = nn.Identity() if (stride, dim) == (1, out_dim) else "
                "nn.Conv2d(dim, out_dim, 1, stride).requires_grad_(False)",
            ),
            STACK.format(blocks="Bottleneck(32, 32)"),
        ),
        "stride 1 from 32 to 64: no gradient reaches shortcut.weight",
        Level.SAME_SHAPES,
    ),
}


@pytest.fixture
def compare(verifier: Verifier, subject: Callable[..., Subject]) -> Callable[[Pair], Verdict]:
    """The verdict on a block before and after its repair."""
    return lambda pair: verifier.compare(*(subject(text, "Bottleneck") for text in pair), residual=True)


@pytest.mark.parametrize("name", HOLDS)
def test_a_repair_that_holds_as_the_block_is_used(compare: Callable[[Pair], Verdict], name: str) -> None:
    pair, variants = HOLDS[name]
    verdict = compare(pair)
    assert verdict.residual is not None
    assert verdict.residual.holds, verdict.residual
    assert verdict.level is Level.SAME_SHAPES
    assert verdict.line.endswith(f"input reaches the output {variants}")


@pytest.mark.parametrize("name", FAILS)
def test_a_repair_that_breaks_what_ran(compare: Callable[[Pair], Verdict], name: str) -> None:
    pair, reason, level = FAILS[name]
    verdict = compare(pair)
    assert verdict.residual is not None
    assert not verdict.residual.holds
    assert verdict.residual.reason.startswith(reason)
    assert verdict.level is level


def test_the_runs_are_those_of_a_variant_that_was_proven(compare: Callable[[Pair], Verdict]) -> None:
    verdict = compare(plain())
    assert verdict.before is not None and verdict.before.runs
    assert verdict.before.arguments == verdict.after.arguments == "inplanes=256, planes=64"
    assert verdict.line.startswith("Bottleneck: constructs, forward (2, 256, 16, 16) -> (2, 256, 16, 16)")


USES = "from torch import nn\nfrom {module} import Bottleneck\n"
STRIDED = plain(", stride=1")


@pytest.fixture
def elsewhere(verifier: Verifier, tmp_path: Path) -> Callable[[str, str], Verdict]:
    """The verdict on a block that only another file uses."""

    def compare(folder: str, text: str) -> Verdict:
        block, caller = tmp_path / folder / "block.py", tmp_path / "main.py"
        block.parent.mkdir(exist_ok=True)
        caller.write_text(USES.format(module=f"{folder}.block".lstrip(".")) + text)
        subjects = [Subject(block, HEAD + each, "Bottleneck", callers=(caller,)) for each in STRIDED]
        block.write_text(subjects[0].text)
        return verifier.compare(*subjects, residual=True)

    return compare


@pytest.mark.parametrize("folder", ["", "blocks"])
@pytest.mark.parametrize(
    "text", [RIGHT_WIDTHS, "block = Bottleneck(32, 8)", FACTORY.replace("ResNet", "nn.Sequential")]
)
def test_a_block_that_another_file_uses(elsewhere: Callable[[str, str], Verdict], folder: str, text: str) -> None:
    verdict = elsewhere(folder, text.replace("(Bottleneck, [2, 2], **options)", "(Bottleneck(32, 8))"))
    assert verdict.residual is not None
    assert verdict.residual.holds, verdict.residual
    assert verdict.after.arguments == "32, 8"


def test_a_call_in_another_file_that_is_broken(elsewhere: Callable[[str, str], Verdict]) -> None:
    verdict = elsewhere("", RIGHT_WIDTHS + "\nhead = Bottleneck(8, 8)\n")
    assert verdict.residual is not None
    assert not verdict.residual.holds
    assert verdict.residual.reason.startswith("stride 1 from 8 to 32: fails after the repair")


@pytest.mark.parametrize("text", ["def Bottleneck(a, b): return a\nBottleneck(8, 8)\n", "import absent\nabsent.run(\n"])
def test_another_file_that_tells_nothing(elsewhere: Callable[[str, str], Verdict], text: str) -> None:
    verdict = elsewhere("", text)
    assert verdict.residual is not None
    assert verdict.residual.reason.startswith("stride 2: fails after the repair")
