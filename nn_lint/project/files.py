"""The files of a project: read once, on demand; dotted module names to paths."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from nn_lint.project.extract import extract
from nn_lint.project.facts import ClassFacts, FileFacts
from nn_lint.project.mentions import Mentions
from nn_lint.source.decoding import UndecodableError, decode
from nn_lint.source.text import Text

_KEPT_TREES = 48
_CLASS = re.compile(r"^[ \t]*class[ \t]+(\w+)", re.MULTILINE)
_IMPORTED = re.compile(r"\bimport\b\s*(\([^)]*\)|[^\n]*)")
_WORD = re.compile(r"\w+|\*")


class ProjectFile:
    """One file and its facts."""

    def __init__(self, path: Path, text: Text) -> None:
        self.path = path
        self.text = text

    @cached_property
    def facts(self) -> FileFacts:
        """Names and classes of this file; empty where no parser reads it."""
        if self.text.is_newer_python:
            from nn_lint.project.extract_newer import extract_newer

            return extract_newer(self.text.content, str(self.path))
        if self.text.tree is None:
            return FileFacts(str(self.path), {}, (), ())
        return extract(self.text.tree, self.text.content, str(self.path))

    @cached_property
    def classes(self) -> Mapping[str, ClassFacts]:
        """Qualified names to classes; of several with one name the last counts."""
        return {cls.qualified_name: cls for cls in self.facts.classes}

    @cached_property
    def class_names(self) -> frozenset[str]:
        """The names behind `class`, found in the text alone."""
        return frozenset(_CLASS.findall(self.text.content))

    @cached_property
    def imported_words(self) -> frozenset[str]:
        """Every word of the import statements, and `*` where one imports all; found in the text alone."""
        return frozenset(word for names in _IMPORTED.findall(self.text.content) for word in _WORD.findall(names))

    @cached_property
    def package_root(self) -> Path:
        """The folder that the file's top-level package stands in."""
        folder = self.path.parent
        while self._is_package(folder) and folder.parent != folder:
            folder = folder.parent
        return folder

    def _is_package(self, folder: Path) -> bool:
        return (folder / "__init__.py").is_file()


class ProjectFiles:
    """Reads files on demand. `overlay` holds texts that are newer than the disk, or not on it at all.

    `neighbours` are the files of the run, in which uses of a class are looked for.
    """

    def __init__(
        self, roots: Sequence[Path] = (), overlay: Mapping[Path, str] | None = None, neighbours: Sequence[Path] = ()
    ) -> None:
        self._roots = tuple(dict.fromkeys(roots))
        self._neighbours = tuple(path.absolute() for path in neighbours)
        self._overlay = dict(overlay or {})
        self._files: dict[Path, ProjectFile | None] = {}
        self._mentions: dict[Path, Mentions] = {}
        self._recent: OrderedDict[ProjectFile, None] = OrderedDict()

    def add(self, path: Path, text: Text) -> ProjectFile:
        """Take a text that was read already; one that is known in the same words is not parsed again."""
        known = self._files.get(path)
        if known is not None and known.text.content == text.content:
            known.text.filename = text.filename
            return known
        self._files[path] = file = ProjectFile(path, text)
        return file

    def put(self, file: ProjectFile) -> None:
        """Make a file the one at its path, as it was before it was changed."""
        self._files[file.path] = file

    def open(self, path: Path) -> ProjectFile | None:
        """The file at a path, `None` where there is none or it is not text."""
        if path not in self._files:
            content = self._content(path)
            self._files[path] = None if content is None else ProjectFile(path, Text(content, str(path)))
        return self._files[path]

    def locate(self, origin: str, importer: ProjectFile) -> tuple[ProjectFile, tuple[str, ...]] | None:
        """The file of the longest prefix of a dotted origin that is a module, and the names that are left."""
        dots = len(origin) - len(origin.lstrip("."))
        parts = tuple(part for part in origin.lstrip(".").split(".") if part)
        if dots:
            folder = importer.path.parent
            for _ in range(dots - 1):
                folder = folder.parent
            return self._descend(folder, parts)
        for root in dict.fromkeys((importer.package_root, importer.path.parent, *self._roots)):
            found = self._descend(root, parts)
            if found is not None and len(found[1]) < len(parts):
                return found
        return None

    def mentioning(self, name: str, file: ProjectFile) -> Iterator[ProjectFile]:
        """A file, the files of the run and those of the file's own package, as far as their text contains a name."""
        package = self._package(file)
        if package not in self._mentions:
            near = dict.fromkeys((*self._overlay, *self._neighbours, *_python_files(package)))
            self._mentions[package] = Mentions(near, self._content)
        for path in dict.fromkeys((file.path, *self._mentions[package].paths(name))):
            found = self.open(path)
            if found is not None and name in found.text.content:
                self._remember(found)
                yield found

    def _package(self, file: ProjectFile) -> Path:
        """The top-level package that a file belongs to, or its folder."""
        root = file.package_root
        return file.path.parent if root == file.path.parent else root / file.path.relative_to(root).parts[0]

    def _remember(self, file: ProjectFile) -> None:
        """Keep the trees of the files that were looked at last, and release older ones."""
        self._recent[file] = None
        self._recent.move_to_end(file)
        if len(self._recent) > _KEPT_TREES:
            self._recent.popitem(last=False)[0].text.release()

    def _content(self, path: Path) -> str | None:
        """The text at a path, which is not kept."""
        if path in self._files:
            file = self._files[path]
            return None if file is None else file.text.content
        return self._read(path)

    def _descend(self, folder: Path, parts: tuple[str, ...]) -> tuple[ProjectFile, tuple[str, ...]] | None:
        found: tuple[ProjectFile, tuple[str, ...]] | None = None
        package = self.open(folder / "__init__.py")
        if package is not None:
            found = (package, parts)
        for index, part in enumerate(parts):
            module = self.open(folder / f"{part}.py")
            if module is not None:
                return module, parts[index + 1 :]
            folder = folder / part
            package = self.open(folder / "__init__.py")
            if package is not None:
                found = (package, parts[index + 1 :])
            elif not self._is_folder(folder):
                break
        return found

    def _is_folder(self, folder: Path) -> bool:
        return folder.is_dir() or any(folder in path.parents for path in self._overlay)

    def _read(self, path: Path) -> str | None:
        if path in self._overlay:
            return self._overlay[path]
        try:
            return decode(path.read_bytes()).text
        except (OSError, UndecodableError):
            return None


def _python_files(folder: Path) -> list[Path]:
    """The Python files of a package, or of a folder that is none."""
    return sorted(folder.glob("**/*.py" if (folder / "__init__.py").is_file() else "*.py"))
