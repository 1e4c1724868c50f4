"""What shows that a block is meant to add its input, and what forbids to say so; each piece a small function."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nn_lint.model.layers import ACTIVATIONS, CONVOLUTIONS, NORMS, PASSIVE, Layer
from nn_lint.model.residual.names import NEGATION, RESIDUAL_CLASS, STACKER
from nn_lint.model.values import Kind, Value, is_residual_sum
from nn_lint.project.code_text import prose
from nn_lint.project.files import ProjectFile
from nn_lint.project.hierarchy import ProjectClass
from nn_lint.project.outcomes import SiteKind
from nn_lint.project.sites import Site, find_sites

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_STACKED = frozenset({SiteKind.STACKED, SiteKind.PASSED, SiteKind.ALIASED})
_QUIET = frozenset({SiteKind.NEUTRAL, SiteKind.SUBCLASSED})
_WEIGHTED = CONVOLUTIONS | {"Linear"}
_KNOWN_OPERATIONS = frozenset(
    (
        "relu relu_ relu6 leaky_relu leaky_relu_ gelu silu mish elu elu_ selu sigmoid sigmoid_ tanh tanh_ hardswish "
        "softplus prelu dropout dropout2d contiguous clone float to type_as"
    ).split()
)


@dataclass(frozen=True, slots=True)
class StraightChain:
    """A forward that is one chain of layers from its only input to its only result."""

    values: tuple[Value, ...]

    @property
    def steps(self) -> tuple[Value, ...]:
        """What is done to the input, in order."""
        return self.values[1:]

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The submodules in order, literal Sequentials taken apart; empty where one of them is unknown."""
        found: list[Layer] = []
        for value in self.steps:
            if value.kind is Kind.LAYER:
                if value.layer is None:
                    return ()
                found.extend(value.layer.children or (value.layer,))
        return tuple(found)

    @property
    def weighted(self) -> tuple[Layer, ...]:
        """The convolutions and linear layers."""
        return tuple(layer for layer in self.layers if layer.torch_name in _WEIGHTED)

    @property
    def is_plain(self) -> bool:
        """Only weights, norms, activations and dropout, all of known type: nothing pools, reshapes or branches."""
        known = _WEIGHTED | NORMS | ACTIVATIONS | PASSIVE
        layers = self.layers
        operations = [value for value in self.steps if value.kind is not Kind.LAYER]
        return (
            bool(layers)
            and all(layer.torch_name in known for layer in layers)
            and all(value.kind is Kind.OPERATION and value.name in _KNOWN_OPERATIONS for value in operations)
        )


def straight_chain(cls: ModuleClass) -> StraightChain | None:
    """The chain of a class whose forward has one input that matters and one `return`."""
    flow = cls.flow
    if flow is None or len(flow.returned) != 1 or flow.unreachable:
        return None
    path = flow.returned[0][1].straight_path()
    return StraightChain(path) if path is not None and len(path) > 1 and path[0] in flow.inputs else None


def is_negated(cls: ModuleClass) -> bool:
    """The class, or the comment above it, says that it has no shortcut, or that its caller adds."""
    lines = cls.syntax.lines
    first = cls.facts.first_row
    above = [lines.row(row) for row in range(max(1, first - 4), first)]
    said = [row for row in above if row.lstrip().startswith("#")]
    return any(NEGATION.search(words) for words in (cls.name, *said, *prose(cls.text)))


def is_named_residual(cls: ModuleClass) -> bool:
    """Residual*, ResBlock, ResUnit, ResBottleneck, ResLayer."""
    return RESIDUAL_CLASS.fullmatch(cls.name) is not None


def has_stacker_near(cls: ModuleClass) -> bool:
    """Whether a file that mentions the class has a class named like a residual network."""
    files = cls.registry.hierarchy.files.mentioning(cls.name, cls.definition.file)
    return any(STACKER.fullmatch(name) for file in files for name in file.class_names)


def sites_of(cls: ModuleClass) -> tuple[Site, ...]:
    """Where the class is used."""
    if cls.definition not in cls.registry.sites:
        cls.registry.sites[cls.definition] = tuple(find_sites(cls.definition, cls.registry.hierarchy))
    return cls.registry.sites[cls.definition]


def are_visible(sites: tuple[Site, ...]) -> bool:
    """Some instance goes to a container or attribute, and none out of sight."""
    kinds = {site.kind for site in sites}
    return bool(kinds & (_STACKED | {SiteKind.ATTRIBUTE})) and SiteKind.HIDDEN not in kinds


def are_plain(sites: tuple[Site, ...]) -> bool:
    """Every instance is stacked, none is a lone attribute."""
    kinds = {site.kind for site in sites}
    return bool(kinds & _STACKED) and kinds <= _STACKED | _QUIET


def stackers(cls: ModuleClass, sites: tuple[Site, ...]) -> tuple[ProjectClass, ...]:
    """The classes that stack instances."""
    found = (site.holder for site in sites if site.kind in (SiteKind.STACKED, SiteKind.PASSED))
    return tuple(dict.fromkeys(holder for holder in found if holder is not None and holder != cls.definition))


def stacked_by_resnet(cls: ModuleClass, sites: tuple[Site, ...]) -> ProjectClass | None:
    """The residual network, by its name, that stacks the block."""
    named = (holder for holder in stackers(cls, sites) if STACKER.fullmatch(holder.facts.name))
    return next((holder for holder in named if not _has_other_blocks(cls, holder)), None)


def _has_other_blocks(cls: ModuleClass, holder: ProjectClass) -> bool:
    """Whether a network names another class of its file that does add its input: it has its residual blocks already."""
    words = set(re.findall(r"\w+", cls.registry.model(holder).text))
    others = (facts for facts in holder.file.facts.classes if facts.name in words and facts != holder.facts)
    models = (cls.registry.model(ProjectClass(holder.file, facts)) for facts in others if facts != cls.facts)
    return any(any(is_residual_sum(value) for value in model.flow.values) for model in models if model.flow is not None)


def reads_elsewhere(cls: ModuleClass, attribute: str) -> bool:
    """Whether a subclass, or anyone who may hold an instance, uses an attribute of that name."""
    hierarchy = cls.registry.hierarchy
    foreign = rf"(?<!\bself)\.{attribute}\b|[\"']{attribute}[\"']"
    own = re.compile(rf"\bself\.{attribute}\b")
    for file in hierarchy.files.mentioning(attribute, cls.definition.file):
        if file.matches(foreign) and _may_hold(cls, file):
            return True
        heirs = (
            facts
            for facts in file.facts.classes
            if cls.definition in hierarchy.ancestry(ProjectClass(file, facts)).order
        )
        if any(own.search(file.text.lines.rows(facts.first_row, facts.end_row)) for facts in heirs):
            return True
    return False


def _may_hold(cls: ModuleClass, file: ProjectFile) -> bool:
    """Whether a file is that of the class, imports from it, or names the class or one that holds instances of it."""
    path = cls.definition.file.path
    module = path.parent.name if path.stem == "__init__" else path.stem
    if file is cls.definition.file or not file.imported_words.isdisjoint((module, "*")):
        return True
    holders = (site.holder.facts.name for site in sites_of(cls) if site.holder is not None)
    return any(re.search(rf"\b{name}\b", file.text.content) for name in dict.fromkeys((cls.name, *holders)))
