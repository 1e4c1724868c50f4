"""`nn_lint.check_source`, for those who call nn-lint from Python, on one machine or on many."""

from __future__ import annotations

import pickle
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

import nn_lint
from nn_lint.config import ConfigError, Settings
from nn_lint.diagnostic import Diagnostic

BAD = "from torch import nn\nclass Net(nn.Module):\n    def __init__(self):\n        self.fc = nn.Linear(2, 2)\n"


def test_findings_come_as_values() -> None:
    (found,) = nn_lint.check_source(BAD, "models/net.py")
    assert isinstance(found, Diagnostic)
    assert (found.code, found.filename, found.span.start.row) == ("NN101", "models/net.py", 3)
    assert pickle.loads(pickle.dumps(found)) == found


def test_a_broken_text_is_a_finding() -> None:
    assert [item.code for item in nn_lint.check_source("class Net(:\n")] == ["NN001"]


def test_settings_choose_the_rules() -> None:
    assert nn_lint.check_source(BAD, settings=Settings(Path.cwd(), select=("NN2",))) == []
    with pytest.raises(ConfigError):
        nn_lint.check_source(BAD, settings=Settings(Path.cwd(), select=("NN999",)))


def test_bases_are_looked_for_around_the_file(tmp_path: Path) -> None:
    (tmp_path / "base.py").write_text("from torch import nn\nclass Base(nn.Module):\n    pass\n")
    text = BAD.replace("from torch import nn", "from torch import nn; from base import Base").replace(
        "(nn.Module)", "(Base)"
    )
    assert [item.code for item in nn_lint.check_source(text, str(tmp_path / "net.py"))] == ["NN101"]


def test_it_maps_over_any_executor() -> None:
    texts = [BAD, BAD.replace("        self.fc", "        super().__init__()\n        self.fc")] * 3
    with ProcessPoolExecutor(2) as pool:
        assert [len(found) for found in pool.map(nn_lint.check_source, texts)] == [1, 0] * 3
