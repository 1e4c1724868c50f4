"""Projects out of texts that lie on no disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from textwrap import dedent

from nn_lint.project.files import ProjectFile, ProjectFiles
from nn_lint.project.hierarchy import Ancestry, ExternalClass, Hierarchy, ProjectClass, Resolved, TorchClass

FOLDER = Path("/nowhere/project")


class Project:
    """Some files; the first is the one that is asked about."""

    def __init__(self, files: dict[str, str], module_bases: Sequence[str] = (), roots: Sequence[str] = ()) -> None:
        overlay = {FOLDER / path: dedent(text).lstrip("\n") for path, text in files.items()}
        self.files = ProjectFiles([FOLDER / root for root in roots], overlay)
        self.hierarchy = Hierarchy(self.files, module_bases)
        self._first = next(iter(files))

    def file(self, path: str | None = None) -> ProjectFile:
        """A file of the project."""
        found = self.files.open(FOLDER / (path or self._first))
        assert found is not None
        return found

    def cls(self, name: str, path: str | None = None) -> ProjectClass:
        """A class by its qualified name; of several with one name the last."""
        file = self.file(path)
        return ProjectClass(file, file.classes[name])

    def ancestry(self, name: str, path: str | None = None) -> Ancestry:
        """The ancestry of a class."""
        return self.hierarchy.ancestry(self.cls(name, path))

    def order(self, name: str, path: str | None = None) -> list[str]:
        """The method resolution order of a class after itself, in words."""
        return [said(item) for item in self.ancestry(name, path).order]

    def kinship(self, name: str, path: str | None = None) -> str:
        """`module`, `unknown` or `none`."""
        return self.ancestry(name, path).kinship.value


def said(item: Resolved) -> str:
    """`nn.Linear` for a class of torch, `Block` for one of the project, `?flax.linen.Module` for others."""
    if isinstance(item, TorchClass):
        return f"nn.{item.name}"
    return f"?{item.origin}" if isinstance(item, ExternalClass) else item.facts.qualified_name


def single(text: str) -> Project:
    """A project of one file."""
    return Project({"net.py": text})
