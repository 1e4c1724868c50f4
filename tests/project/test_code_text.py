"""What sieves read off the text of a class, and that no text makes them slow."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from nn_lint.config import Settings
from nn_lint.project.code_text import has_code_after_return
from nn_lint.runner.texts import check_text

_HEADER = "from torch import nn\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
_FORWARD = "    def forward(self, x):\n        for y in x:\n            x = x + y\n        return x\n"


@pytest.mark.parametrize(
    ("code", "follows"),
    [
        ("def f(self):\n        return 1\n        x = 2\n", True),
        ("    def f(self):\n        return (1\n            + 2)\n\n        y()\n", True),
        ("    def f(self):\n        if a:\n            return 1\n        x = 2\n", False),
        ("    def f(self):\n        return 1\n    \n", False),
        ("    def f(self):\n        return 1\n            \n            \n", False),
    ],
)
def test_code_behind_a_return_is_seen(code: str, follows: bool) -> None:
    assert has_code_after_return(code) is follows


@pytest.mark.parametrize(
    "rows",
    [
        "            \n",
        "        \n",
        "        x = x\n",
        "        # self.a = nn.Linear(4, 4),\n",
        "        x = x.view(x.size(0), -1) + self.f(x, (1, 2), [3])\n",
        '        """text"""\n',
    ],
)
def test_no_text_makes_the_sieves_slow(rows: str) -> None:
    text = _HEADER + _FORWARD + rows * 400 + "        return x\n"
    started = time.process_time()
    check_text(text, "net.py", Settings(Path.cwd(), select=("ALL",)))
    assert time.process_time() - started < 5
