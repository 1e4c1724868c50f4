"""Every finding on real packages, for judging by hand: `python benchmarks/precision.py [PACKAGE==VERSION ...]`.

Without arguments: torchvision, timm, and the `torch/nn` of the torch that is installed. `--select` takes rules as
nn-lint does.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

from packages import python_files, unpacked

DEFAULT = ("torchvision==0.24.1", "timm==1.0.31")


def torch_nn() -> Path:
    """The sources of `torch.nn`, found without importing torch."""
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        raise SystemExit("torch is not installed here: name packages instead")
    return Path(spec.origin).parent / "nn"


def findings(folder: Path, select: str) -> list[dict[str, object]]:
    """What nn-lint says of a folder."""
    command = [sys.executable, "-m", "nn_lint", "--isolated", "--output-format", "json", "--exclude", "nothing"]
    done = subprocess.run(
        [*command, *(["--select", select] if select else []), "."], cwd=folder, capture_output=True, check=False
    )
    if done.returncode not in (0, 1):
        raise SystemExit(f"nn-lint failed on {folder}: {done.stderr.decode()[-2000:]}")
    found: list[dict[str, object]] = json.loads(done.stdout)
    return found


def main() -> None:
    """Print each finding and a line of counts for each package."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("packages", nargs="*")
    parser.add_argument("--select", default="")
    given = parser.parse_args()
    folders = {name: unpacked(name) for name in given.packages or DEFAULT}
    if not given.packages:
        folders["torch.nn"] = torch_nn()
    for name, folder in folders.items():
        counts: Counter[str] = Counter()
        for item in findings(folder, given.select):
            place = item["location"]
            assert isinstance(place, dict), "nn-lint prints rows and columns"
            path = Path(str(item["filename"])).relative_to(folder)
            print(f"{path}:{place['row']}: {item['code']} {item['message']}")
            counts[str(item["code"])] += 1
        print(f"{name}: {len(python_files(folder))} files, {dict(counts) or 'no findings'}\n")


if __name__ == "__main__":
    main()
