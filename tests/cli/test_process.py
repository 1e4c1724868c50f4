"""nn-lint as a process of its own: terminals, pipes, signals, crashes, and how fast it starts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import BAD

COMMAND = (sys.executable, "-m", "nn_lint")
ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(autouse=True)
def checkout_is_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package of this checkout is run, installed or not."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def in_a_terminal(*arguments: str, **environment: str) -> str:
    """What nn-lint prints to a terminal."""
    pty = pytest.importorskip("pty")
    controller, terminal = pty.openpty()
    inherited = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "FORCE_COLOR")}
    with subprocess.Popen(
        [*COMMAND, *arguments],
        stdout=terminal,
        stderr=terminal,
        stdin=subprocess.DEVNULL,
        env={**inherited, "TERM": "xterm", "COLUMNS": "100", **environment},
    ):
        os.close(terminal)
        chunks = []
        while True:
            try:
                chunk = os.read(controller, 4096)
            except OSError:
                break
            if not chunk:
                break
            chunks.append(chunk)
    os.close(controller)
    return b"".join(chunks).decode()


@pytest.mark.usefixtures("project")
def test_a_terminal_gets_frames_and_colours() -> None:
    shown = in_a_terminal("bad.py")
    assert "\x1b[1;31m^^^^^^^^ NN101\x1b[0m" in shown
    assert "\x1b[" not in in_a_terminal("bad.py", NO_COLOR="1")
    assert "\x1b[" in in_a_terminal("rule", "NN101")
    assert "# NN101 missing-super-init" not in in_a_terminal("rule", "NN101")


@pytest.mark.usefixtures("project")
def test_python_m_is_the_same_command() -> None:
    done = subprocess.run([*COMMAND, "bad.py"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("bad.py:5:9: NN101")


def test_a_broken_pipe_is_quiet(project: Path) -> None:
    for number in range(7):
        (project / f"net{number}.py").write_text(BAD * 400)
    with subprocess.Popen([*COMMAND, "."], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        errors = process.stderr.read()
    assert (process.returncode, errors) == (141, b"")


def test_an_interrupt_is_quiet(project: Path) -> None:
    with subprocess.Popen(
        [*COMMAND, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None and process.stderr is not None
        for _ in range(6):
            time.sleep(1.5)
            process.send_signal(signal.SIGINT)
            try:
                process.wait(5)
                break
            except subprocess.TimeoutExpired:
                continue
        else:
            process.kill()
        errors = process.stderr.read()
    assert (process.returncode, errors) == (130, b"")


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_stops_every_process_of_a_run(sent: signal.Signals, project: Path) -> None:
    for number in range(40):
        (project / f"net{number}.py").write_text(BAD * 40)
    with subprocess.Popen(
        [*COMMAND, "."], stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        os.killpg(process.pid, sent)
        errors = process.stderr.read()
    assert (process.returncode, errors) == (130, b"")
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def test_a_crash_is_a_failure_with_its_traceback() -> None:
    code = "import nn_lint.cli, nn_lint.cli.app as a; a.app.invoke = lambda context: 1 / 0; nn_lint.cli.main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "ZeroDivisionError" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "unwanted"),
    [
        (("--version",), ("libcst", "rich", "pathspec", "nn_lint.rules", "nn_lint.runner")),
        (("bad.py", "--no-verify"), ("torch", "rich", "nn_lint.verify.verifier", "hypothesis")),
        (("bad.py", "--fix", "--no-verify"), ("torch", "rich", "nn_lint.verify.verifier")),
    ],
)
@pytest.mark.usefixtures("project")
def test_nothing_is_imported_before_it_is_needed(arguments: tuple[str, ...], unwanted: tuple[str, ...]) -> None:
    assert imported(arguments, unwanted) == []


@pytest.mark.parametrize("text", ["x = 1\n", "def f():\n    return 1\n", "class A(dict):\n    size = 1\n"])
def test_a_file_without_modules_imports_no_rule_about_them(text: str, project: Path) -> None:
    (project / "plain.py").write_text(text)
    assert imported(("plain.py", "--no-cache"), ("libcst", "nn_lint.model", "nn_lint.rules.missing_super_init")) == []


@pytest.mark.usefixtures("project")
def test_a_run_in_which_nothing_has_changed_imports_no_analysis() -> None:
    unwanted = ("libcst", "nn_lint.engine", "nn_lint.rules.rule", "concurrent.futures")
    assert imported(("bad.py",), unwanted) != []
    assert imported(("bad.py",), unwanted) == []


def imported(arguments: tuple[str, ...], names: tuple[str, ...]) -> list[str]:
    """Which of some modules a run imports."""
    code = (
        "import sys, nn_lint.cli\n"
        f"sys.argv = ['nn-lint', *{arguments!r}]\n"
        "nn_lint.cli.run()\n"
        f"print(*sorted(set({names!r}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1].split()
