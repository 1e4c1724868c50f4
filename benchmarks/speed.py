"""How long linting timm takes from cold, beside TorchFix and beside `ast.parse`, in turn on the same machine.

Run it as `python benchmarks/speed.py [--runs 3]`. It prints medians and ratios, with the machine and the versions.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import time
from pathlib import Path

from packages import environment, own_environment, python_files, unpacked

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "timm==1.0.31"
TORCHFIX = "torchfix==0.7.0"
PARSE = "import ast, pathlib, sys\nfor path in pathlib.Path(sys.argv[1]).rglob('*.py'): ast.parse(path.read_bytes())"


def seconds(command: list[str]) -> float:
    """The wall time of one run; findings are no failure."""
    start = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{command[0]} failed: {done.stderr.decode()[-500:]}")
    return time.perf_counter() - start


def main() -> None:
    """Run all commands in turn and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="counted runs of each command; TorchFix runs once")
    runs = parser.parse_args().runs
    folder = unpacked(PACKAGE) / "timm"
    lint, peer = own_environment(ROOT), environment("torchfix", TORCHFIX)
    commands = {
        "nn-lint": [str(lint / "nn-lint"), "--isolated", "--no-cache", str(folder)],
        "ast.parse of every file": [str(lint / "python"), "-c", PARSE, str(folder)],
        "TorchFix 0.7.0": [str(peer / "torchfix"), str(folder)],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(runs):
        for name, command in commands.items():
            if turn == 0 or "TorchFix" not in name:
                times[name].append(seconds(command))
    files = python_files(folder)
    size = sum(path.stat().st_size for path in files) / 1e6
    print(f"{PACKAGE}: {len(files)} files, {size:.1f} MB; {platform.machine()}, {os.cpu_count()} cores, ", end="")
    print(f"Python {platform.python_version()}; cold, no cache, medians of {runs} runs (TorchFix: 1)")
    own = statistics.median(times["nn-lint"])
    for name, found in times.items():
        median = statistics.median(found)
        print(f"{name:26} {median:8.2f} s   {median / own:7.1f} x nn-lint")


if __name__ == "__main__":
    main()
