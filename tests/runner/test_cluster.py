"""A run over a Dask cluster: a real scheduler and two worker processes on this machine."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

import nn_lint.runner.cluster
from nn_lint.config import Settings
from nn_lint.rules import all_rules
from nn_lint.runner.check import check_files
from nn_lint.runner.cluster import ClusterError, dask_cluster

pytest.importorskip("distributed")
pytestmark = [pytest.mark.xdist_group("cluster"), pytest.mark.filterwarnings("ignore")]
COMMAND = [sys.executable, "-m", "nn_lint", "--isolated", "--no-cache", "--quiet", "--no-verify"]


@dataclass(frozen=True)
class Machines:
    """The address of a scheduler, and the processes of its workers."""

    address: str
    workers: tuple[subprocess.Popen[bytes], ...]


@pytest.fixture
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    """A scheduler with two workers, each in another folder than the run."""
    folder = tmp_path_factory.mktemp("dask")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    scheduler = ["dask_scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard", "--no-show"]
    worker = ["dask_worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1"]
    with ExitStack() as stack:
        _start(scheduler, folder, stack)
        _wait_for(port)
        workers = tuple(_start([*worker, "--name", str(number)], folder, stack) for number in range(2))
        from distributed import Client

        with Client(address, timeout=60, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
        yield Machines(address, workers)


def _start(arguments: list[str], folder: Path, stack: ExitStack) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", f"distributed.cli.{arguments[0]}", *arguments[1:]]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    stack.callback(process.wait)
    stack.callback(process.kill)
    return process


def _wait_for(port: int) -> None:
    for _ in range(600):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("the scheduler does not start")


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The examples of the rules as a project; the paths are relative to it."""
    monkeypatch.chdir(tmp_path)
    examples = [example.text for rule in all_rules() for example in rule.examples[:1]]
    paths = [Path(f"net{number:02}.py") for number in range(len(examples))]
    for path, text in zip(paths, examples):
        path.write_text(text)
    return paths


@pytest.mark.slow
def test_a_cluster_finds_what_one_machine_finds_even_if_a_worker_dies(machines: Machines, files: list[Path]) -> None:
    settings = Settings(Path.cwd(), select=("ALL",), suspicions=True)
    expected = list(check_files(files, settings))
    assert sum(len(report.diagnostics) for report in expected) > len(files) / 2
    with dask_cluster(machines.address) as cluster:
        assert cluster.workers == 2
        assert list(check_files(files, settings, cluster.executor, workers=cluster.workers)) == expected
    with dask_cluster(machines.address) as cluster:
        reports = check_files(files, settings, cluster.executor, workers=cluster.workers)
        found = [next(reports)]
        machines.workers[0].send_signal(signal.SIGKILL)
        assert [*found, *reports] == expected
    assert machines.workers[0].wait() == -signal.SIGKILL


@pytest.mark.slow
def test_the_command_line_prints_the_same(machines: Machines, files: list[Path]) -> None:
    local = subprocess.run([*COMMAND, "."], capture_output=True, check=False)
    spread = subprocess.run([*COMMAND, "--dask", machines.address, "."], capture_output=True, check=False)
    assert (spread.returncode, spread.stdout, spread.stderr) == (1, local.stdout, b"")
    assert files


def test_a_scheduler_that_does_not_answer_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nn_lint.runner.cluster, "PATIENCE", 0.5)
    with (
        pytest.raises(ClusterError, match=r"no scheduler answers at tcp://127.0.0.1:1"),
        dask_cluster("tcp://127.0.0.1:1"),
    ):
        raise AssertionError("there is no cluster")


def test_the_command_line_says_that_no_scheduler_answers(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("x = 1\n")
    done = subprocess.run(
        [*COMMAND, "--dask", "tcp://127.0.0.1:1", "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: --dask: no scheduler answers at tcp://127.0.0.1:1")
    assert "Traceback" not in done.stderr


def test_mending_is_not_spread(tmp_path: Path) -> None:
    arguments = [*COMMAND, "--dask", "tcp://127.0.0.1:1", "--fix", str(tmp_path)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr[:18]) == (2, "error: --dask only")
