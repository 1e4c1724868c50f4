"""A project on the disk that is checked again and again, with what was kept and without."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from nn_lint.cache.kept import Kept
from nn_lint.config import Settings
from nn_lint.runner.check import check_files
from nn_lint.runner.reports import FileReport

FILES = {
    "pkg/__init__.py": "from .bases import Base\n",
    "pkg/bases.py": """
        from torch import nn
        class Base(nn.Module):
            def __init__(self, width):
                super().__init__()
                self.width = width
            def forward(self, x):
                return x
        class Other:
            pass
        """,
    "pkg/heirs.py": """
        from torch import nn
        from .bases import Base
        class Heir(Base):
            def __init__(self):
                self.fc = nn.Linear(2, 2)
            def forward(self, x):
                return self.fc(x)
        """,
    "pkg/unused.py": """
        from torch import nn
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(2, 2)
                self.forgotten = nn.Linear(2, 2)
            def forward(self, x):
                return self.fc(x)
        """,
    "pkg/users.py": """
        from .unused import Net
        def show(net: Net):
            print(net)
        """,
    "pkg/apart.py": """
        from torch import nn
        class Apart(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(2, 2)
            def forward(self, x):
                return self.fc(x)
        """,
}


@dataclass(frozen=True)
class Disk:
    """The project in a folder. `checked` names the files that the last run with what was kept analysed."""

    root: Path

    def write(self, path: str, text: str) -> None:
        """Write a file of the project."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(dedent(text).lstrip("\n"))

    def change(self, path: str, before: str, after: str) -> None:
        """Replace some words of a file."""
        text = (self.root / path).read_text()
        assert before in text
        (self.root / path).write_text(text.replace(before, after))

    @property
    def settings(self) -> Settings:
        """All rules, suspicions too."""
        return Settings(self.root, select=("ALL",), suspicions=True)

    @property
    def paths(self) -> list[Path]:
        """All files, as a run would find them."""
        return sorted(self.root.rglob("*.py"))

    def fresh(self) -> list[FileReport]:
        """What is found when nothing is known."""
        return list(check_files(self.paths, self.settings))

    def cached(self) -> tuple[list[FileReport], set[str]]:
        """What is found with what was kept, and the names of the files that were analysed for it."""
        known = Kept(self.settings, ()).known(self.paths)
        reports = list(check_files(self.paths, self.settings, kept=Kept(self.settings, ())))
        return reports, {path.name for path in self.paths if path not in known}


def project(folder: Path) -> Disk:
    """The files of `FILES` on the disk."""
    disk = Disk(folder)
    for path, text in FILES.items():
        disk.write(path, text)
    return disk
