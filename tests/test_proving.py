"""Fixes that change a model are written only with their proof: real runs in torch."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from nn_lint.config import Settings, VerifySettings
from nn_lint.runner.fix import fix_files
from nn_lint.runner.reports import FileReport
from nn_lint.verify.verdict import Level
from nn_lint.verify.verifier import Verifier


@pytest.fixture(scope="module")
def verifier() -> Iterator[Verifier]:
    with Verifier(Path(sys.executable), VerifySettings()) as running:
        yield running


def fix(folder: Path, text: str, verifier: Verifier | None, *, unsafe: bool = False) -> tuple[str, FileReport]:
    path = folder / "model.py"
    path.write_text(dedent(text).lstrip("\n"))
    (report,) = fix_files([path], Settings(folder, unsafe_fixes=unsafe), verifier, write=True)
    return path.read_text(), report


BLOCK = """
from torch import nn
class ResBlock(nn.Module):
    def __init__(self, ch=4):
        super().__init__()
        self.conv = nn.Conv2d(ch, ch, 3, padding=1)
        self.norm = nn.BatchNorm2d(ch)
    def forward(self, x):
        identity = x
        out = self.norm(self.conv(x))
        return out.relu()
"""

NETWORK = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(ResBlock(4), ResBlock(4))
    def forward(self, x):
        return self.blocks(x)
"""

SELF_SUM = """
from torch import nn
class ResBlock(nn.Module):
    def __init__(self, width, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, stride, padding=1)
        self.norm = nn.BatchNorm2d(width)
    def forward(self, x):
        identity = x
        out = self.norm(self.conv(x))
        out += out
        return out.relu()
"""

MISFIT = """
from torch import nn
class ResBlock(nn.Module):
    def __init__(self, ch=4):
        super().__init__()
        self.conv = nn.Conv2d(ch, ch, 3, stride=2, padding=1)
        self.shortcut = nn.Conv2d(ch, 3 * ch, 1)
    def forward(self, x):
        identity = self.shortcut(x)
        out = self.conv(x)
        return out.relu()
"""


def test_a_repair_whose_proof_holds_is_written(tmp_path: Path, verifier: Verifier) -> None:
    text, report = fix(tmp_path, BLOCK, verifier)
    assert "out = out + identity" in text
    assert [verdict.level for verdict in report.verdicts] == [Level.SAME_SHAPES]
    assert report.verdicts[0].residual is not None
    assert report.verdicts[0].residual.holds
    assert report.rejected == ()
    assert report.diagnostics == ()


def test_gradients_are_those_of_the_network_that_holds_the_block(tmp_path: Path, verifier: Verifier) -> None:
    path = tmp_path / "model.py"
    path.write_text(BLOCK.lstrip() + NETWORK)
    for asked in (False, True):
        settings = Settings(tmp_path, verify=VerifySettings(gradients=asked))
        (report,) = fix_files([path], settings, verifier, write=False)
        block, network = report.verdicts
        assert (block.class_name, block.after.gradient) == ("ResBlock", None)
        assert (network.class_name, network.after.gradient is not None) == ("Net", asked)
        assert ("gradient that reaches the first layer" in network.line) == asked


def test_a_block_with_a_stride_gets_a_projection_for_what_was_added_to_itself(
    tmp_path: Path, verifier: Verifier
) -> None:
    block = tmp_path / "block.py"
    block.write_text(SELF_SUM.lstrip())
    (tmp_path / "net.py").write_text(f"from block import ResBlock\nfrom torch import nn\n{NETWORK}")
    (report,) = fix_files([block], Settings(tmp_path), verifier, write=True)
    assert report.rejected == ()
    assert "out += self.shortcut(identity)" in block.read_text()
    assert report.verdicts[0].residual is not None and report.verdicts[0].residual.holds


def test_a_block_is_proven_as_another_file_uses_it(tmp_path: Path, verifier: Verifier) -> None:
    block = tmp_path / "block.py"
    unreadable = SELF_SUM.replace("width, width, 3, stride, padding=1", "*[width, width, 3, stride, 1]")
    block.write_text(unreadable.lstrip())
    assert [len(report.rejected) for report in fix_files([block], Settings(tmp_path), verifier, write=False)] == [1]
    (tmp_path / "net.py").write_text(f"from block import ResBlock\nfrom torch import nn\n{NETWORK}")
    (report,) = fix_files([block], Settings(tmp_path), verifier, write=True)
    assert report.rejected == ()
    assert "out += identity" in block.read_text()


def test_a_repair_whose_proof_fails_is_not_written_and_the_reason_is_kept(tmp_path: Path, verifier: Verifier) -> None:
    text, report = fix(tmp_path, MISFIT, verifier)
    assert text == MISFIT.lstrip("\n")
    assert [(item.code, item.class_name) for item, _ in report.rejected] == [("NN302", "ResBlock")]
    assert "size" in report.rejected[0][1]
    assert [item.code for item in report.diagnostics] == ["NN302"]


def test_a_failed_repair_does_not_take_back_its_neighbours(tmp_path: Path, verifier: Verifier) -> None:
    neighbour = "class Head(nn.Module):\n    def forward(x):\n        return x\n"
    text, report = fix(tmp_path, MISFIT.lstrip("\n") + neighbour, verifier)
    assert "def forward(self, x):\n        return x" in text
    assert "+ identity" not in text
    assert [item.code for item in report.fixed] == ["NN201"]


def test_without_a_verifier_nothing_that_changes_a_model_is_written(tmp_path: Path) -> None:
    text, report = fix(tmp_path, BLOCK, None)
    assert text == BLOCK.lstrip("\n")
    assert [item.code for item in report.diagnostics] == ["NN302"]


def test_a_class_that_cannot_be_run_keeps_its_safe_fixes(tmp_path: Path, verifier: Verifier) -> None:
    text, report = fix(
        tmp_path,
        """
        from torch import nn
        from a_package_that_is_not_here import layer
        class Net(nn.Module):
            def __init__(self):
                self.fc = layer(2, 2)
            def forward(self, x):
                return self.fc(x)
        """,
        verifier,
    )
    assert "super().__init__()" in text
    assert [verdict.level for verdict in report.verdicts] == [Level.UNVERIFIED]


def test_a_block_that_ignores_its_downsample_is_mended_only_on_demand(tmp_path: Path, verifier: Verifier) -> None:
    block = """
    from torch import nn
    class BasicBlock(nn.Module):
        def __init__(self, dim=4, downsample=None):
            super().__init__()
            self.conv = nn.Conv2d(dim, dim, 3, padding=1)
            self.downsample = downsample
        def forward(self, x):
            out = self.conv(x)
            out += x
            return out
    """
    before, _ = fix(tmp_path, block, verifier)
    after, _ = fix(tmp_path, block, None, unsafe=True)
    assert "self.downsample(x)" not in before
    assert "out += x if self.downsample is None else self.downsample(x)" in after


def test_training_code_at_module_level_is_not_run(tmp_path: Path, verifier: Verifier) -> None:
    marker = tmp_path / "ran"
    text, _ = fix(tmp_path, BLOCK + f"\nopen({str(marker)!r}, 'w').close()\nraise SystemExit(3)\n", verifier)
    assert "out = out + identity" in text
    assert not marker.exists()
