"""The arguments that a proof must hold for: those that somebody passes, and made-up ones at stride 1 and 2, with equal
and with different widths."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Dict, Iterator, List, Optional

from .arguments import Arguments, written_arguments
from .bound import Bound, bind, text_of
from .harvest import harvested, parents_of, passed_elsewhere
from .subjects import Target

MOST_USED = 12
MOST_MADE = 6


@dataclass(frozen=True)
class Variant:
    """One way to build a block. `bound` is absent where the arguments cannot be taken apart."""

    arguments: Arguments
    bound: Optional[Bound] = None

    @property
    def used(self) -> bool:
        """Whether somebody builds the block so."""
        return self.bound is not None and self.bound.used

    @property
    def kind(self) -> object:
        """Blocks of one kind are likely to prove the same."""
        return self.bound and self.bound.kind


def used_variants(target: Target) -> List[Variant]:
    """What the calls in the file and the parents pass; first one of each kind, then the others."""
    sources = [each for each in written_arguments(target) if each.written and each.text]
    sources.extend(passed_elsewhere(target))
    for parent in parents_of(target):
        sources.extend(harvested(parent))
    found: Dict[str, Variant] = {}
    for arguments in sources:
        bound = bind(target, arguments)
        if bound is not None:
            found.setdefault(text_of(bound, target) or arguments.text, Variant(arguments, bound))
    firsts = {variant.kind: variant for variant in reversed(found.values())}
    return sorted(found.values(), key=lambda variant: firsts[variant.kind] is not variant)[:MOST_USED]


def made_variants(target: Target, known: List[Variant], ratio: int) -> List[Variant]:
    """Made-up arguments of the kinds that are not among the known ones; `ratio` tells how much wider the block's output
    is than its parameter says."""
    roots = [replace(variant.bound, ratio=ratio) for variant in known if variant.bound is not None]
    kinds = {root.form for root in roots}
    made: List[Variant] = []
    widths = [*roots, *other_widths(roots)]
    for bound in [*widths, *(each for width in widths for each in other_strides(width))]:
        text = text_of(bound, target)
        if bound.form not in kinds and text is not None:
            kinds.add(bound.form)
            made.append(Variant(Arguments(text, "variant", False), bound))
    return made[:MOST_MADE]


def other_strides(bound: Bound) -> Iterator[Bound]:
    """The same arguments at stride 1 and at stride 2."""
    if bound.stride is not None:
        yield from (bound.changed(**{bound.stride: stride}) for stride in (1, 2))


def other_widths(roots: List[Bound]) -> Iterator[Bound]:
    """A block that keeps its width where all known ones change it, and one that doubles it where all keep it."""
    root = next((root for root in roots if root.width_in and root.width_out), None)
    if root is None:
        return
    out = root.value(root.width_out)
    if all(each.widens for each in roots):
        yield root.changed(**{str(root.width_in): out * root.ratio})
    if not any(each.widens for each in roots):
        yield root.changed(**{str(root.width_out): out * 2})
