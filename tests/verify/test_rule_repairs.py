"""The verified fixes that residual rules show in their examples stand the proof in torch."""

from __future__ import annotations

from pathlib import Path

import pytest

from nn_lint.config import Settings
from nn_lint.diagnostic import Applicability
from nn_lint.rules.selection import find_rule
from nn_lint.runner.fix import fix_files
from nn_lint.verify.verifier import Verifier
from tests.rules.harness import fix, unmarked

EXAMPLES = [("NN304", 0), ("NN305", 0), ("NN305", 1), ("NN305", 2), ("NN307", 0), ("NN307", 1)]


@pytest.mark.parametrize(("code", "number"), EXAMPLES)
def test_every_fix_that_wants_a_proof_gets_it(tmp_path: Path, verifier: Verifier, code: str, number: int) -> None:
    example = find_rule(code).examples[number]
    path = tmp_path / "model.py"
    path.write_text(unmarked(example.text))
    (report,) = fix_files([path], Settings(tmp_path, select=(code,)), verifier, write=True)
    assert report.rejected == ()
    wanted = fix(unmarked(example.text), codes=frozenset({code})).applied
    provable = [item.class_name for item in wanted if item.fix and item.fix.applicability is not Applicability.UNSAFE]
    assert [item.class_name for item in report.fixed] == provable
