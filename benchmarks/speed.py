"""How long nn-lint takes from cold, warm, after one change and for one file, beside its peers on the same machine.

Run it as `python benchmarks/speed.py [--runs 5] [--slow-runs 1] [--package timm==1.0.31] [--curve docs/speed.svg]`. The
peers are installed into environments of their own. All commands run in turn; medians and ratios are printed, with the
machine and the versions. `--curve` also times nn-lint and each peer on packages of growing size, and draws them.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from packages import environment, own_environment, python_files, unpacked
from speed_plot import draw

ROOT = Path(__file__).resolve().parent.parent
CURVE = ("facenet-pytorch==2.6.0", "segmentation-models-pytorch==0.6.0", "torchvision==0.24.1", "timm==1.0.31")
PARSE = "import ast, pathlib, sys\nfor path in pathlib.Path(sys.argv[1]).rglob('*.py'): ast.parse(path.read_bytes())"
PYLINT = "super-init-not-called,no-self-argument,no-method-argument,bad-super-call"
MOST = 32
"""Exit codes below this are findings: pylint adds up the kinds that it has found."""


@dataclass(frozen=True)
class Command:
    """Something to time. `before` prepares each run; a slow one is run less often."""

    arguments: list[str]
    before: Callable[[], None] = lambda: None
    slow: bool = False


@dataclass(frozen=True)
class Cost:
    """Seconds of one run, and megabytes of its largest process."""

    seconds: float
    megabytes: float


def cost(command: Command, cache: Path) -> Cost:
    """Run a command once; findings are no failure."""
    command.before()
    variables = {**os.environ, "NN_LINT_CACHE_DIR": str(cache)}
    start = time.perf_counter()
    with subprocess.Popen(
        command.arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=variables
    ) as child:
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if not 0 <= child.returncode < MOST:
        raise SystemExit(f"{command.arguments[0]} failed with {child.returncode}")
    return Cost(time.perf_counter() - start, usage.ru_maxrss / 1024)


def peers(folder: Path) -> dict[str, Command]:
    """The peers on a folder."""
    torchfix, pylint = environment("torchfix", "torchfix==0.7.0"), environment("pylint", "pylint==4.1.4")
    basedpyright, ruff = environment("basedpyright", "basedpyright"), environment("ruff", "ruff")
    name = str(folder)
    four = [str(pylint / "pylint"), "--rcfile=/dev/null", "--disable=all", f"--enable={PYLINT}", name]
    return {
        "TorchFix 0.7.0": Command([str(torchfix / "torchfix"), name], slow=True),
        "pylint 4.1.4, four checks": Command(four, slow=True),
        "basedpyright": Command([str(basedpyright / "basedpyright"), name], slow=True),
        "ruff, two families": Command(
            [str(ruff / "ruff"), *"check --isolated --no-cache --select N,PLE".split(), name]
        ),
    }


def own(folder: Path, lint: Path) -> dict[str, Command]:
    """nn-lint on a folder, which is a copy that may be changed."""
    lines = [str(lint / "nn-lint"), "--isolated"]
    files = python_files(folder)
    by_size = sorted(files, key=lambda path: path.stat().st_size)
    plain = next(path for path in reversed(by_size) if "class " not in path.read_text("utf-8"))
    module = next(path for path in by_size[len(files) // 2 :] if "nn.Module" in path.read_text("utf-8"))
    return {
        "python -c 'import click'": Command([str(lint / "python"), "-c", "import click"]),
        "ast.parse of every file": Command([str(lint / "python"), "-c", PARSE, str(folder)]),
        "nn-lint, cold": Command([*lines, "--no-cache", str(folder)]),
        "nn-lint, warm": Command([*lines, str(folder)]),
        "nn-lint, a file of no class changed": Command([*lines, str(folder)], lambda: _change(plain)),
        "nn-lint, a file of modules changed": Command([*lines, str(folder)], lambda: _change(module)),
        f"nn-lint, one file: {plain.name}": Command([*lines, "--no-cache", str(plain)]),
        f"nn-lint, one file: {module.name}": Command([*lines, "--no-cache", str(module)]),
    }


def _change(path: Path) -> None:
    """Another comment at the end of a file."""
    with path.open("a", encoding="utf-8") as file:
        file.write(f"\n# {time.time_ns()}\n")


def timed(commands: dict[str, Command], runs: int, slow_runs: int) -> dict[str, list[Cost]]:
    """All commands in turn, several times. One run before fills the cache and writes bytecode; it is not counted."""
    with tempfile.TemporaryDirectory() as place:
        cache = Path(place)
        for command in commands.values():
            if not command.slow:
                cost(command, cache)
        found: dict[str, list[Cost]] = {name: [] for name in commands}
        for turn in range(max(runs, slow_runs)):
            for name, command in commands.items():
                if turn < (slow_runs if command.slow else runs):
                    if name == "nn-lint, warm":
                        time.sleep(2.5)
                        cost(command, cache)
                    found[name].append(cost(command, cache))
    return found


def table(found: dict[str, list[Cost]]) -> str:
    """A row for each command: the median, its ratios, the memory of its largest process."""
    click = statistics.median(item.seconds for item in found["python -c 'import click'"])
    cold = statistics.median(item.seconds for item in found["nn-lint, cold"])
    rows = [f"{'':38} {'median':>9} {'x click':>8} {'x cold':>8} {'memory':>8} runs"]
    for name, costs in found.items():
        median = statistics.median(item.seconds for item in costs)
        memory = max(item.megabytes for item in costs)
        rows.append(
            f"{name:38} {median:7.3f} s {median / click:8.2f} {median / cold:8.3f} {memory:5.0f} MB {len(costs)}"
        )
    return "\n".join(rows)


def megabytes(folder: Path) -> float:
    """The size of the Python files below a folder."""
    return sum(path.stat().st_size for path in python_files(folder)) / 1e6


@contextmanager
def copied(package: str) -> Iterator[Path]:
    """A package in a folder of its own, which may be changed, and whose name no tool leaves out."""
    with tempfile.TemporaryDirectory() as place:
        yield Path(shutil.copytree(unpacked(package), Path(place) / "package"))


def curve(picture: Path, lint: Path, slow_runs: int) -> None:
    """Time over size, for nn-lint from cold and each peer."""
    points: dict[str, list[tuple[float, float]]] = {}
    for package in CURVE:
        with copied(package) as folder:
            commands = {
                "nn-lint": Command([str(lint / "nn-lint"), "--isolated", "--no-cache", str(folder)]),
                **peers(folder),
            }
            size = megabytes(folder)
            for name, costs in timed(commands, 3, slow_runs).items():
                median = statistics.median(item.seconds for item in costs)
                points.setdefault(name, []).append((size, median))
                print(f"{package:40} {size:6.2f} MB  {name:28} {median:8.2f} s", flush=True)
    picture.write_text(draw(points), "utf-8")


def main() -> None:
    """Time everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="counted runs of each fast command")
    parser.add_argument("--slow-runs", type=int, default=1, help="counted runs of each slow peer; 0 leaves them out")
    parser.add_argument("--package", default="timm==1.0.31")
    parser.add_argument("--curve", type=Path, help="where to draw time over size")
    options = parser.parse_args()
    lint = own_environment(ROOT)
    with copied(options.package) as folder:
        others = peers(folder) if options.slow_runs else {}
        found = timed({**own(folder, lint), **others}, options.runs, options.slow_runs)
        print(f"{options.package}: {len(python_files(folder))} files, {megabytes(folder):.1f} MB; ", end="")
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, ", end="")
    print(f"Python {platform.python_version()}")
    print(table(found))
    if options.curve is not None:
        curve(options.curve, lint, max(options.slow_runs, 1))


if __name__ == "__main__":
    main()
