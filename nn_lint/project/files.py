"""The files of a project: read once, on demand; dotted module names to paths."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from nn_lint.project.extract import extract
from nn_lint.project.facts import ClassFacts, FileFacts
from nn_lint.project.mentions import Mentions
from nn_lint.project.questions import (
    CLASS_NAMES,
    EXISTS,
    FACTS,
    IMPORTS,
    IS_FILE,
    IS_FOLDER,
    MATCHES,
    MENTIONS,
    TEXT,
    Record,
)
from nn_lint.source.decoding import Decoded, UndecodableError, decode
from nn_lint.source.stamps import CHANGED, Listing, Seen, list_package, look
from nn_lint.source.text import Text

_MOST_PARSED = 1_500_000
"""Characters of the texts whose trees are kept; a tree takes about 30 bytes for each."""
_MOST_READ = 24_000_000
"""Characters of the texts that are kept, with the facts about them."""
_CLASS = re.compile(r"^[ \t]*class[ \t]+(\w+)", re.MULTILINE)
_IMPORTED = re.compile(r"\bimport\b\s*(\([^)]*\)|[^\n]*)")
_WORD = re.compile(r"\w+|\*")


class ProjectFile:
    """One file and its facts. Whatever is taken of it is noted in the record of its project."""

    def __init__(self, path: Path, text: Text, record: Record, kept: KeptTexts, *, is_on_disk: bool = False) -> None:
        self.path = path
        self.is_on_disk = is_on_disk
        self._held: Text | None = text
        self._filename = text.filename
        self._kept = kept
        self._record = record
        self._name = str(path)
        self._text_asked = (TEXT, self._name, "")
        self._facts_asked = (FACTS, self._name, "")
        kept.touch(self, len(text.content))

    @property
    def text(self) -> Text:
        """The text with all that CPython makes of it."""
        self._record.note(self._text_asked)
        return self._text

    @property
    def content(self) -> str:
        """The words, for those who search all files; not noted, as the search is."""
        return self._text.content

    @property
    def _text(self) -> Text:
        """The text, read again where it was dropped."""
        if self._held is None:
            self._held = Text(self._kept.read(self.path) or "", self._filename)
        self._kept.touch(self, len(self._held.content))
        return self._held

    @property
    def held_content(self) -> str | None:
        """The words, unless they were dropped."""
        return None if self._held is None else self._held.content

    def rename(self, filename: str) -> None:
        """Change the name under which findings are reported."""
        self._filename = self._text.filename = filename

    def release(self) -> None:
        """Drop the tree, which can be computed again."""
        if self._held is not None:
            self._held.release()

    def drop(self) -> None:
        """Drop all that can be read again; a file that is not on the disk, or no longer so, keeps its words."""
        self.release()
        if self.is_on_disk:
            self._held = None
            for name in ("_facts", "_classes", "_class_names", "_imported_words"):
                self.__dict__.pop(name, None)

    @property
    def facts(self) -> FileFacts:
        """Names and classes of this file; empty where no parser reads it."""
        self._record.note(self._facts_asked)
        return self._facts

    @property
    def classes(self) -> Mapping[str, ClassFacts]:
        """Qualified names to classes; of several with one name the last counts."""
        self._record.note(self._facts_asked)
        return self._classes

    @property
    def class_names(self) -> frozenset[str]:
        """The names behind `class`, found in the text alone."""
        self._record.note((CLASS_NAMES, self._name, ""))
        return self._class_names

    @property
    def imported_words(self) -> frozenset[str]:
        """Every word of the import statements, and `*` where one imports all; found in the text alone."""
        self._record.note((IMPORTS, self._name, ""))
        return self._imported_words

    def matches(self, pattern: str) -> bool:
        """Whether a pattern is found in the text: of all other words of it the asker then knows nothing."""
        self._record.note((MATCHES, self._name, pattern))
        return re.search(pattern, self._text.content) is not None

    @property
    def package_root(self) -> Path:
        """The folder that the file's top-level package stands in."""
        folder, folders = self._package_root
        for item in folders:
            self._record.note((IS_FILE, str(item / "__init__.py"), ""))
        return folder

    @cached_property
    def _package_root(self) -> tuple[Path, tuple[Path, ...]]:
        """The root, and the folders that were looked at to find it."""
        folder, looked_at = self.path.parent, [self.path.parent]
        while (folder / "__init__.py").is_file() and folder.parent != folder:
            folder = folder.parent
            looked_at.append(folder)
        return folder, tuple(looked_at)

    @cached_property
    def _facts(self) -> FileFacts:
        if self._text.is_newer_python:
            from nn_lint.project.extract_newer import extract_newer

            return extract_newer(self._text.content, self._name)
        if self._text.tree is None:
            return FileFacts(self._name, {}, (), ())
        return extract(self._text.tree, self._text.content, self._name)

    @cached_property
    def _classes(self) -> Mapping[str, ClassFacts]:
        return {cls.qualified_name: cls for cls in self._facts.classes}

    @cached_property
    def _class_names(self) -> frozenset[str]:
        return frozenset(_CLASS.findall(self._text.content))

    @cached_property
    def _imported_words(self) -> frozenset[str]:
        return frozenset(word for names in _IMPORTED.findall(self._text.content) for word in _WORD.findall(names))


class KeptTexts:
    """The files that were looked at last: of some the trees are kept, of more the texts and facts, of no more anything.

    So the memory of a run grows with its largest files and not with their number.
    """

    def __init__(self, read: Callable[[Path], str | None]) -> None:
        self.read = read
        self._trees: OrderedDict[ProjectFile, int] = OrderedDict()
        self._texts: OrderedDict[ProjectFile, int] = OrderedDict()
        self._sizes = [0, 0]

    def touch(self, file: ProjectFile, size: int) -> None:
        """A file is looked at."""
        if next(reversed(self._trees), None) is not file:
            self._add(self._trees, 0, file, size, _MOST_PARSED, ProjectFile.release)
            self._add(self._texts, 1, file, size, _MOST_READ, ProjectFile.drop)

    def _add(
        self,
        kept: OrderedDict[ProjectFile, int],
        index: int,
        file: ProjectFile,
        size: int,
        most: int,
        free: Callable[[ProjectFile], None],
    ) -> None:
        self._sizes[index] += size - kept.pop(file, 0)
        kept[file] = size
        while self._sizes[index] > most and len(kept) > 1:
            oldest, freed = kept.popitem(last=False)
            self._sizes[index] -= freed
            free(oldest)


class ProjectFiles:
    """Reads files on demand. `overlay` holds texts that are newer than the disk, or not on it at all.

    `neighbours` are the files of the run, in which uses of a class are looked for. `seen` and `listings` tell what the
    disk looked like when it was read.
    """

    def __init__(
        self, roots: Sequence[Path] = (), overlay: Mapping[Path, str] | None = None, neighbours: Sequence[Path] = ()
    ) -> None:
        self._roots = tuple(dict.fromkeys(roots))
        self._neighbours = tuple(path.absolute() for path in neighbours)
        self._overlay = dict(overlay or {})
        self._files: dict[Path, ProjectFile | None] = {}
        self._mentions: dict[Path, Mentions] = {}
        self._kept = KeptTexts(self._read)
        self.record = Record()
        self.seen: dict[Path, Seen] = {}
        self.listings: dict[Path, Listing] = {}

    def add(self, path: Path, text: Text, *, is_on_disk: bool = False) -> ProjectFile:
        """Take a text that was read already; one that is known in the same words is not parsed again.

        One that `is_on_disk`, and will be, may be read anew.
        """
        known = self._files.get(path)
        if known is not None and known.content == text.content:
            known.rename(text.filename)
            known.is_on_disk &= is_on_disk
            return known
        self._files[path] = file = ProjectFile(path, text, self.record, self._kept, is_on_disk=is_on_disk)
        return file

    def put(self, file: ProjectFile) -> None:
        """Make a file the one at its path, as it was before it was changed."""
        self._files[file.path] = file

    def open(self, path: Path) -> ProjectFile | None:
        """The file at a path, `None` where there is none or it is not text."""
        self.record.note((EXISTS, str(path), ""))
        return self._open(path)

    def _open(self, path: Path) -> ProjectFile | None:
        if path not in self._files:
            content = self.content(path)
            text = None if content is None else Text(content, str(path))
            on_disk = path not in self._overlay
            file = None if text is None else ProjectFile(path, text, self.record, self._kept, is_on_disk=on_disk)
            self._files[path] = file
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
        self.record.note((MENTIONS, str(package), name))
        for path in dict.fromkeys((file.path, *self.mentions(package, name))):
            found = self._open(path)
            if found is not None and name in found.content:
                yield found

    def mentions(self, package: Path, name: str) -> Sequence[Path]:
        """The files near a package, of the run or of its own, that say a word."""
        if package not in self._mentions:
            self.listings[package] = listing = list_package(str(package))
            near = {*self._overlay, *self._neighbours, *map(Path, listing.files)}
            self._mentions[package] = Mentions(sorted(near), self.content)
        return self._mentions[package].paths(name)

    def _package(self, file: ProjectFile) -> Path:
        """The top-level package that a file belongs to, or its folder."""
        root = file.package_root
        return file.path.parent if root == file.path.parent else root / file.path.relative_to(root).parts[0]

    def content(self, path: Path) -> str | None:
        """The text at a path, which is not kept."""
        if path in self._files:
            file = self._files[path]
            known = None if file is None else file.held_content
            if file is None or known is not None:
                return known
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
        self.record.note((IS_FOLDER, str(folder), ""))
        return folder.is_dir() or any(folder in path.parents for path in self._overlay)

    def _read(self, path: Path) -> str | None:
        if path in self._overlay:
            return self._overlay[path]
        try:
            return self.read(path).text
        except (OSError, UndecodableError):
            return None

    def read(self, path: Path) -> Decoded:
        """The text at a path of the disk, whatever is known of it; raises `OSError` and `UndecodableError`."""
        seen, data = look(str(path))
        known = self.seen.setdefault(path, seen)
        if known.digest != seen.digest:
            self.seen[path] = CHANGED
        return decode(path.read_bytes() if data is None else data)
