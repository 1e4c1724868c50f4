"""Packages from the registry, unpacked as they are: nothing of them is installed or imported."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

CACHE = Path(__file__).resolve().parent / ".cache"


def unpacked(requirement: str) -> Path:
    """The folder with the files of a package such as `timm==1.0.31`, fetched once."""
    folder = CACHE / "packages" / requirement
    if not folder.exists():
        archives = CACHE / "archives" / requirement
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--dest",
            str(archives),
            requirement,
        ]
        subprocess.run(command, check=True)
        for archive in archives.iterdir():
            if archive.suffix == ".whl":
                with zipfile.ZipFile(archive) as wheel:
                    wheel.extractall(folder)
            else:
                with tarfile.open(archive) as sdist:
                    sdist.extractall(folder, filter="data")
    return folder


def environment(name: str, *requirements: str) -> Path:
    """The folder with the commands of a virtual environment that has some packages installed."""
    folder = CACHE / "environments" / name
    if not folder.exists():
        venv.create(folder, with_pip=True)
        _install(folder, *requirements)
    return folder / "bin"


def own_environment(root: Path) -> Path:
    """The folder with the commands of an environment that has the package of this checkout as it is now."""
    commands = environment("nn-lint", str(root))
    _install(commands.parent, "--force-reinstall", "--no-deps", str(root))
    return commands


def _install(folder: Path, *arguments: str) -> None:
    subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "--quiet", *arguments], check=True)


def python_files(folder: Path) -> list[Path]:
    """The Python files below a folder."""
    return sorted(folder.rglob("*.py"))
