"""How many classes of real packages the verifier constructs and runs, with no help: `python benchmarks/verify.py`.

Classes are drawn by a fixed seed from packages that are unpacked, not installed; only torch and a few libraries that
many of them import are there. Classes that need more are counted apart. Mistakes planted in classes that ran show
whether broken ones are told.

`--packages` and `--folder` take other packages; `--names` lists each class that does not run and each mistake that is
missed; `--list` prints the classes that were drawn.
"""

from __future__ import annotations

import argparse
import pickle
import platform
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from packages import CACHE, environment, unpacked
from verify_runs import Measured, measure
from verify_tables import print_failures, print_mutants, print_packages

PACKAGES = tuple((Path(__file__).parent / "verify_packages.txt").read_text("utf-8").split())
# The verifier's failures in these were never looked at: they tell what it does with code that it was not made on.
APART = (
    "coqui-tts==0.28.0",
    "denoising-diffusion-pytorch==2.3.4",
    "neuraloperator==2.0.0",
    "torchxrayvision==1.5.7",
)
INSTALLED = (
    *("torch==2.13.0", "numpy", "scipy", "pandas", "einops", "einx", "omegaconf", "hydra-core", "pyyaml", "tqdm"),
    *("torchmetrics", "pytorch-lightning", "lightning", "huggingface_hub", "safetensors", "regex", "ftfy"),
    *("scikit-learn", "jaxtyping", "beartype", "typeguard", "opt_einsum", "torch-einops-utils"),
)


def main() -> None:
    """Measure, and print the tables."""
    given = _arguments()
    began = time.monotonic()
    python = given.python or environment("verify", *INSTALLED) / "python"
    names = given.packages or (() if given.folder else (*PACKAGES, *APART))
    folders = {name: unpacked(name) for name in names}
    folders |= {path.name: path for path in given.folder}
    measured = _measure(given, folders, python)
    apart_names = {name.partition("=")[0] for name in APART}
    apart = [each for each in measured if each.drawn.package.partition("=")[0] in apart_names]
    main_part = [each for each in measured if each not in apart]
    print_packages("packages", main_part)
    print_failures([item for each in main_part for item in each.done], given.names)
    print_mutants([item for each in main_part for item in each.judged], given.names)
    if apart:
        print_packages("packages kept apart", apart)
        print_mutants([item for each in apart for item in each.judged], names=False)
    if given.list:
        for each in measured:
            for item in each.done:
                print(f"{item.package} {item.path} {item.run.class_name}")
    spent = f"{time.monotonic() - began:.0f} s with {given.jobs} jobs"
    print(f"\n{spent}; Python {platform.python_version()}, {platform.machine()}")


def _measure(given: argparse.Namespace, folders: dict[str, Path], python: Path) -> Sequence[Measured]:
    """Work on packages in several processes; the results stay in the cache, to be looked at again."""
    kept = CACHE / "verify.pickle"
    if given.again and kept.exists():
        known: list[Measured] = pickle.loads(kept.read_bytes())  # noqa: S301
        return known
    with ProcessPoolExecutor(given.jobs) as pool:
        running = {
            pool.submit(measure, name, folder, python, given.most, given.mutants, given.seed): name
            for name, folder in folders.items()
        }
        measured = []
        for future in as_completed(running):
            measured.append(future.result())
            print(f"{len(measured)}/{len(folders)} {running[future]}", file=sys.stderr)
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_bytes(pickle.dumps(measured))
    return measured


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packages", nargs="*", default=[], metavar="NAME==VERSION")
    parser.add_argument("--folder", nargs="*", default=[], type=Path, help="packages that are unpacked already")
    parser.add_argument(
        "--python", type=Path, help="an interpreter with torch, instead of an environment made for this"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--most", type=int, default=40, help="classes of a package, drawn by the seed")
    parser.add_argument("--mutants", type=int, default=16, help="planted mistakes of a package, drawn by the seed")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--names", action="store_true", help="list what does not run, and what is missed")
    parser.add_argument("--list", action="store_true", help="list the classes that were drawn")
    parser.add_argument("--again", action="store_true", help="print the results of the run before once more")
    return parser.parse_args()


if __name__ == "__main__":
    main()
