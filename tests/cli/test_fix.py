"""`--fix` and `--diff`: what is written, what is printed, what is run."""

from __future__ import annotations

from pathlib import Path

import pytest

from nn_lint.cli import present
from nn_lint.cli.check import CheckOptions
from nn_lint.cli.output import Output
from nn_lint.config import Settings
from nn_lint.diagnostic import Applicability
from nn_lint.runner.reports import FileReport
from nn_lint.verify.verdict import Level, Run, Verdict
from tests.cli.conftest import BAD, GOOD, Runner
from tests.report.making import diagnostic, fix

NO_TORCH = "torch not found: fixes were not verified (give an interpreter with --python)\n"
PROOF = "Net: constructs, forward (2, 2) -> (2, 2)"


def test_fix_proves_and_writes(run: Runner, project: Path) -> None:
    result = run("--fix", "--show-fixes")
    assert (result.code, result.err) == (0, "")
    proof, *rest = result.out.splitlines()
    assert proof.startswith("Net: constructs, forward (")
    assert rest == [
        "Fixed 1 error:",
        "- bad.py:",
        "    1 × NN101 (missing-super-init)",
        "Found 1 error (1 fixed, 0 remaining).",
    ]
    assert (project / "bad.py").read_text() == GOOD
    assert run("--fix").out == "All checks passed!\n"


@pytest.mark.usefixtures("no_torch")
def test_without_torch_safe_fixes_are_applied_and_one_line_says_so(run: Runner, project: Path) -> None:
    result = run("--fix")
    assert (result.code, result.out, result.err) == (0, "Found 1 error (1 fixed, 0 remaining).\n", NO_TORCH)
    assert (project / "bad.py").read_text() == GOOD
    assert run("--fix").err == "", "there is nothing to verify in clean files"


def test_no_verify_runs_nothing(run: Runner, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nn_lint.verify.interpreter.find_interpreter", None)
    result = run("--fix", "--no-verify")
    assert (result.code, result.out, result.err) == (0, "Found 1 error (1 fixed, 0 remaining).\n", "")
    assert (project / "bad.py").read_text() == GOOD


def test_a_python_that_was_asked_for_must_have_torch(run: Runner, project: Path) -> None:
    result = run("--fix", "--python", str(project / "nowhere"))
    assert result.code == 2
    assert "nowhere is not a Python that can import torch" in result.err
    assert (project / "bad.py").read_text() == BAD


def test_diff_writes_and_runs_nothing(run: Runner, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nn_lint.verify.interpreter.find_interpreter", None)
    result = run("--diff")
    assert result.code == 1
    assert result.out.startswith("--- bad.py\n+++ bad.py\n@@")
    assert result.out.endswith(
        "+        super().__init__()\n         self.fc = nn.Linear(2, 2)\n \n     def forward(self, x):\n"
    )
    assert result.err == "Would fix 1 error.\n"
    assert (project / "bad.py").read_text() == BAD
    clean = run("--diff", "good.py")
    assert (clean.code, clean.out, clean.err) == (0, "", "Nothing to fix.\n")


def test_fix_and_diff_prove_but_write_nothing(run: Runner, project: Path) -> None:
    result = run("--fix", "--diff")
    assert result.code == 1
    assert result.out.startswith("--- bad.py\n")
    assert result.err.startswith("Net: constructs, forward (")
    assert (project / "bad.py").read_text() == BAD


def test_stdin_is_mended_to_the_standard_output(run: Runner) -> None:
    unmendable = b"class A(nn.Module):\r\n    x: int\r\n"
    text = b"\xef\xbb\xbf" + BAD.replace("\n", "\r\n").encode()
    mended = run("-", "--fix", "--no-verify", stdin=text)
    assert mended.out == "\ufeff" + GOOD.replace("\n", "\r\n")
    assert (mended.code, mended.err) == (0, "Found 1 error (1 fixed, 0 remaining).\n")
    same = run("-", "--fix", "--no-verify", stdin=unmendable)
    assert same.out == unmendable.decode()
    shown = run("-", "--diff", "--stdin-filename", "bad.py", stdin=BAD.encode())
    assert (shown.code, shown.out.splitlines()[0]) == (1, "--- bad.py")
    excluded = run("-", "--fix", "--stdin-filename", "build/x.py", "--force-exclude", stdin=BAD.encode())
    assert (excluded.code, excluded.out) == (0, BAD)


def test_findings_in_a_mended_stdin_go_to_the_standard_error(run: Runner) -> None:
    result = run("-", "--fix", "--no-verify", stdin=b"class A(:\n")
    assert (result.code, result.out) == (1, "class A(:\n")
    assert "-:1:9: NN001" in result.err


REPORT = FileReport(
    "src/net.py",
    (diagnostic(fix=fix(Applicability.VERIFIED)),),
    fixed=(diagnostic(fix=fix()),),
    before="a\n",
    after="b\n",
    verdicts=(Verdict("Net", Level.RUNS, Run("Net", True, True, input_shapes=((2, 2),), output_shapes=((2, 2),))),),
    rejected=((diagnostic(), "Net: the proof failed: the input does not arrive"),),
)
REJECTION = "src/net.py:3:9: NN101 fix not applied: Net: the proof failed: the input does not arrive"


def show(capfd: pytest.CaptureFixture[str], **changes: object) -> tuple[int, str, str]:
    """What is printed for `REPORT` under these options."""
    defaults: dict[str, object] = dict.fromkeys(CheckOptions.__dataclass_fields__, False)
    defaults.update(dict.fromkeys(("stdin_filename", "baseline", "write_baseline")))
    defaults.update(paths=(), output_format="concise", fix=True)
    options = CheckOptions(**{**defaults, **changes})  # type: ignore[arg-type]
    presenter = present.Presenter(Output(colour=False), Settings(Path("/project")), options, verified=True)
    code = presenter.show([REPORT])
    return (code, *capfd.readouterr())


def test_proofs_stand_below_the_findings(capfd: pytest.CaptureFixture[str]) -> None:
    code, out, err = show(capfd)
    assert (code, err) == (1, "")
    assert out.splitlines() == [
        "src/net.py:3:9: NN101 `Net.__init__` never calls `super().__init__()`",
        PROOF,
        REJECTION,
        "Found 2 errors (1 fixed, 1 remaining).",
    ]


def test_proofs_stay_out_of_json_and_of_diffs(capfd: pytest.CaptureFixture[str]) -> None:
    _, out, err = show(capfd, output_format="json")
    assert PROOF in err and REJECTION in err and PROOF not in out
    code, out, err = show(capfd, diff=True)
    assert (code, out) == (1, "--- src/net.py\n+++ src/net.py\n@@ -1 +1 @@\n-a\n+b\n")
    assert PROOF in err and REJECTION in err
