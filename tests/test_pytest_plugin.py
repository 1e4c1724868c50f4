"""`pytest --nn-lint` in a project of its own: modules are tests, and nothing is collected without the switch."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAD = "import torch\nfrom torch import nn\n\n"
GOOD = (
    "class Good(nn.Module):\n    def __init__(self, dim):\n        super().__init__()\n"
    "        self.fc = nn.Linear(dim, 4)\n    def forward(self, x):\n        return self.fc(x)\n"
)
BAD = GOOD.replace("Good", "Bad").replace("        super().__init__()\n", "")
MISSING = "import absent_package\n\n" + GOOD.replace("Good", "Odd").replace(
    "nn.Linear(dim, 4)", "absent_package.Layer(dim)"
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    pytest.importorskip("torch")
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    (tmp_path / "net.py").write_text(HEAD + GOOD + "\n\n" + BAD)
    (tmp_path / "odd.py").write_text(HEAD + MISSING)
    (tmp_path / "test_net.py").write_text(HEAD + GOOD + "\n\ndef test_one():\n    pass\n")
    return tmp_path


def run_pytest(project: Path, *options: str) -> str:
    """What pytest prints there."""
    installed = any(entry.name == "nn-lint" for entry in entry_points(group="pytest11"))
    plugin = "nn-lint" if installed else "nn_lint.pytest_plugin"
    command = [sys.executable, "-m", "pytest", "-p", plugin, "-p", "no:cacheprovider", "-rs", *options]
    done = subprocess.run(
        command, cwd=project, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def test_modules_are_tests(project: Path) -> None:
    text = run_pytest(project, "--nn-lint", "--nn-lint-python", sys.executable)
    assert re.search(r"1 failed, 2 passed, 1 skipped", text), text
    assert re.search(r"net\.py:14: Bad: does not construct: .*before Module.__init__\(\) call \(line 14\)", text), text
    assert "unverified: absent_package.Layer is needed" in text


def test_notes_are_told_with_the_test_that_passes(project: Path) -> None:
    (project / "net.py").write_text(
        HEAD + GOOD.replace("        self.fc", "        self.aux = nn.Linear(3, 3)\n        self.fc")
    )
    (project / "odd.py").unlink()
    text = run_pytest(project, "--nn-lint", "--nn-lint-python", sys.executable, "-rP")
    assert re.search(r"2 passed", text), text
    assert "NN604 `aux` (Linear) gets no gradient: nothing uses it" in text


def test_nothing_without_the_switch(project: Path) -> None:
    assert "1 passed" in run_pytest(project)


def test_an_interpreter_without_torch_is_refused(project: Path) -> None:
    text = run_pytest(project, "--nn-lint", "--nn-lint-python", "/nowhere/python")
    assert "is not a Python that can import torch" in text
