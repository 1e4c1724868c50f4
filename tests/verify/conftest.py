"""One worker for all tests: importing torch is the dearest part."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nn_lint.config import VerifySettings
from nn_lint.verify.verdict import Run, Subject
from nn_lint.verify.verifier import Verifier

pytest.importorskip("torch")

HEAD = "import torch\nfrom torch import nn\nimport torch.nn.functional as F\n\n"


@pytest.fixture(scope="session")
def verifier() -> Iterator[Verifier]:
    """A verifier under the running interpreter."""
    with Verifier(Path(sys.executable), VerifySettings(timeout=30.0)) as running:
        yield running


@pytest.fixture
def subject(tmp_path: Path) -> Callable[..., Subject]:
    """Make a subject of a text, with torch's usual names imported above it."""

    def make(text: str, class_name: str = "Net", head: str = HEAD) -> Subject:
        whole = head + textwrap.dedent(text)
        return Subject(tmp_path / "net.py", whole, class_name)

    return make


@pytest.fixture
def run(verifier: Verifier, subject: Callable[..., Subject]) -> Callable[..., Run]:
    """Run a class of a text."""
    return lambda *given, **options: verifier.run(subject(*given, **options))
