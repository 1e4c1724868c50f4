"""Which classes are nn.Modules: names resolved through imports, aliases and files, and the order of their bases."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from nn_lint.project.facts import ClassFacts, MethodFacts
from nn_lint.project.files import ProjectFile, ProjectFiles
from nn_lint.project.questions import Question
from nn_lint.project.torch_names import PARAMETERS, STAR_NAMES, torch_class

_HARMLESS = frozenset({"object", "abc.ABC", "typing.Generic", "typing.Protocol", "typing_extensions.Protocol"})
HARMLESS_METACLASSES = frozenset({None, "ABCMeta", "abc.ABCMeta", "type"})
_HOOKS = frozenset({"__new__", "__init_subclass__"})
_DEPTH = 24
UNDEFINED = "?undefined"


class Kinship(Enum):
    """Whether a class is an nn.Module: for certain, perhaps (a base is out of sight), or not at all."""

    MODULE = "module"
    UNKNOWN = "unknown"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class TorchClass:
    """A class of torch.nn, by its bare name."""

    name: str

    @property
    def is_module(self) -> bool:
        """A module, and not a parameter or buffer."""
        return self.name not in PARAMETERS and self.name not in ("Buffer", "UninitializedBuffer")


_MODULE = TorchClass("Module")


@dataclass(frozen=True, slots=True)
class ExternalClass:
    """Something that cannot be looked into. `harmless`: known to add nothing to construction (object, ABC, Generic)."""

    origin: str
    harmless: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class ProjectClass:
    """A class of a file that was read."""

    file: ProjectFile
    facts: ClassFacts

    @property
    def key(self) -> tuple[str, int]:
        """What tells it from every other class."""
        return str(self.file.path), self.facts.row

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ProjectClass) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


Resolved = TorchClass | ExternalClass | ProjectClass


@dataclass(frozen=True, slots=True)
class Ancestry:
    """A class's method resolution order after itself, and what follows from it.

    `complete`: every base is known and none has a metaclass or a `__new__` that may run code of its own.
    """

    order: tuple[Resolved, ...]
    kinship: Kinship
    complete: bool

    @property
    def project_classes(self) -> Iterator[ProjectClass]:
        """The ancestors that were read."""
        return (cls for cls in self.order if isinstance(cls, ProjectClass))

    @property
    def directly_torch_module(self) -> bool:
        """Whether `super()` of the class is `nn.Module` itself."""
        return bool(self.order) and self.order[0] == TorchClass("Module")


class Hierarchy:
    """Resolves names and bases across the files of a project."""

    def __init__(self, files: ProjectFiles, module_bases: Sequence[str] = ()) -> None:
        self.files = files
        self._module_bases = frozenset(module_bases)
        self._ancestries: dict[ProjectClass, tuple[Ancestry, frozenset[Question]]] = {}
        self._open: set[ProjectClass] = set()
        self._is_circular = False

    def forget(self) -> None:
        """Drop what was derived, after a file has changed."""
        self._ancestries.clear()

    def resolve(self, name: str, file: ProjectFile, within: ClassFacts | None = None) -> Resolved:
        """What a dotted name stands for in a file (in the functions around `within`); ambiguity is external."""
        if "?" in name:
            return ExternalClass(name)
        candidates = list(dict.fromkeys(self._candidates(name, file, within, _DEPTH)))
        known = [item for item in candidates if item != ExternalClass("object", True)] or candidates
        return known[0] if len(known) == 1 else ExternalClass(name)

    def ancestry(self, cls: ProjectClass) -> Ancestry:
        """The method resolution order of a class and whether it is an nn.Module.

        What was found on the way round a circle of bases depends on where the circle was entered, and is not kept.
        """
        known = self._ancestries.get(cls)
        if known is not None:
            self.files.record.note_all(known[1])
            return known[0]
        if cls in self._open:
            self._is_circular = True
            return Ancestry((), Kinship.NONE, complete=False)
        self._open.add(cls)
        with self.files.record.frame() as questions:
            found = self._build_ancestry(cls)
        self._open.discard(cls)
        if not self._is_circular:
            self._ancestries[cls] = found, frozenset(questions)
        elif not self._open:
            self._is_circular = False
        return found

    def inherited(self, cls: ProjectClass, method: str) -> tuple[ProjectClass, MethodFacts] | None:
        """The ancestor that was read and defines a method, first in method resolution order."""
        for ancestor in self.ancestry(cls).project_classes:
            found = ancestor.facts.method(method)
            if found is not None:
                return ancestor, found
        return None

    def _build_ancestry(self, cls: ProjectClass) -> Ancestry:
        bases = [self.resolve(base, cls.file, cls.facts) for base in cls.facts.bases]
        orders = [self._order(base) for base in bases]
        certain = any(isinstance(item, TorchClass) and item.is_module for order in orders for item in order)
        if certain:
            orders = [[*order, _MODULE] if order and _may_be_module(order[-1]) else order for order in orders]
        order = tuple(_merge([*orders, list(bases)]))
        external = [item for item in order if isinstance(item, ExternalClass) and not item.harmless]
        unknown = any(map(_may_be_module, external))
        kinship = Kinship.MODULE if certain else Kinship.UNKNOWN if unknown else Kinship.NONE
        own = (cls, *(item for item in order if isinstance(item, ProjectClass)))
        plain = all(
            item.facts.metaclass in HARMLESS_METACLASSES
            and "?" not in item.facts.bases
            and not _HOOKS & {method.name for method in item.facts.methods}
            for item in own
        )
        return Ancestry(order, kinship, complete=plain and not external)

    def _order(self, base: Resolved) -> list[Resolved]:
        if isinstance(base, ProjectClass):
            return [base, *self.ancestry(base).order]
        if isinstance(base, TorchClass) and base.is_module and base != _MODULE:
            return [base, _MODULE]
        return [base]

    def _candidates(self, name: str, file: ProjectFile, within: ClassFacts | None, depth: int) -> Iterator[Resolved]:
        if name in self._module_bases:
            yield TorchClass("Module")
            return
        head, *rest = name.split(".")
        local = within.bindings if within is not None else {}
        nested = self._nested(head, file, within)
        if nested is not None and not rest:
            yield nested
            return
        origins = local.get(head) or file.facts.bindings.get(head)
        if origins is None:
            yield from self._from_stars(name, file, depth)
        elif depth == 0:
            yield ExternalClass(name)
        else:
            for origin in origins:
                yield from self._follow(origin, rest, file, within, depth - 1)

    def _nested(self, name: str, file: ProjectFile, within: ClassFacts | None) -> ProjectClass | None:
        """A class of the same class body, which Python sees while that body runs."""
        if within is None or not within.scope or within.in_function:
            return None
        facts = file.classes.get(".".join((*within.scope, name)))
        return ProjectClass(file, facts) if facts is not None and facts.row < within.row else None

    def _follow(
        self, origin: str, rest: Sequence[str], file: ProjectFile, within: ClassFacts | None, depth: int
    ) -> Iterator[Resolved]:
        if origin == "?":
            yield ExternalClass("?")
        elif origin in ("=None", "=object"):
            yield ExternalClass("object", harmless=True)
        elif origin.startswith("="):
            yield from self._candidates(".".join((origin[1:], *rest)), file, within, depth)
        elif origin.startswith(":"):
            facts = file.classes.get(".".join((origin[1:], *rest)))
            yield ProjectClass(file, facts) if facts is not None else ExternalClass(origin)
        else:
            yield from self._from_module(".".join((origin, *rest)), file, depth)

    def _from_module(self, origin: str, importer: ProjectFile, depth: int) -> Iterator[Resolved]:
        bare = torch_class(origin)
        if bare is not None or origin in self._module_bases:
            yield TorchClass(bare or "Module")
            return
        if origin in _HARMLESS or _is_stdlib(origin):
            yield ExternalClass(origin, harmless=origin in _HARMLESS)
            return
        located = self.files.locate(origin, importer)
        if located is None or not located[1] or depth <= 0:
            yield ExternalClass(origin)
            return
        file, names = located
        if file is importer and names[0] not in file.facts.bindings:
            yield ExternalClass(origin)
            return
        for found in self._candidates(".".join(names), file, None, depth - 1):
            # A module may make names in ways that are not seen: only the asking file tells what is undefined.
            yield ExternalClass(origin) if found == ExternalClass(UNDEFINED) else found

    def _from_stars(self, name: str, file: ProjectFile, depth: int) -> Iterator[Resolved]:
        head = name.split(".")[0]
        if name == "object":
            yield ExternalClass("object", harmless=True)
            return
        unseen, origin = False, UNDEFINED
        for star in file.facts.stars:
            if star in ("torch.nn", "torch.nn.modules"):
                if head in STAR_NAMES:
                    yield from self._from_module(f"torch.nn.{name}", file, depth)
                    return
                continue
            located = self.files.locate(star, file) if depth > 0 else None
            if located is None or located[1]:
                is_known = star.startswith("torch.") or _is_stdlib(star)
                unseen, origin = unseen or not is_known, f"{star}.{name}"
            elif located[0] is not file:
                found = [
                    item
                    for item in self._candidates(name, located[0], None, depth - 1)
                    if item != ExternalClass(UNDEFINED)
                ]
                if found:
                    yield from found
                    return
        yield ExternalClass(name if unseen else origin)


def _is_stdlib(origin: str) -> bool:
    return origin.split(".")[0] in sys.stdlib_module_names


def _may_be_module(cls: Resolved) -> bool:
    """Whether a class out of sight may be an nn.Module itself: then `nn.Module` comes behind it in the order."""
    if not isinstance(cls, ExternalClass) or cls.harmless:
        return False
    return not (cls.origin == UNDEFINED or _is_stdlib(cls.origin))


def _merge(orders: list[list[Resolved]]) -> Iterator[Resolved]:
    """C3 linearisation; where it fails, as Python itself would, the order of first appearance."""
    pending = [list(order) for order in orders if order]
    while pending:
        for order in pending:
            head = order[0]
            if not any(head in other[1:] for other in pending):
                break
        else:
            head = pending[0][0]
        yield head
        pending = [rest for order in pending if (rest := [item for item in order if item != head])]
