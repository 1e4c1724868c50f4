"""The signs that a block is meant to add its input: each a small function that says what it saw, or nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.layers import CONVOLUTIONS
from nn_lint.model.residual import evidence
from nn_lint.model.residual.block import Block
from nn_lint.model.residual.names import (
    LEAST_STEM,
    LIKE_RESIDUAL_CLASS,
    RESIDUAL_COMMENT,
    RESIDUAL_DOC,
    RESIDUAL_FLAG,
    RESIDUAL_WORD,
    SIBLING_AFFIX,
    STOCHASTIC_DEPTH,
)
from nn_lint.model.residual.routes import Route, streams
from nn_lint.model.residual.transformer import transformer_parts
from nn_lint.project.code_text import method_code
from nn_lint.project.hierarchy import ProjectClass
from nn_lint.project.sites import Site

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass


@dataclass(frozen=True, slots=True)
class Candidate:
    """A block without a shortcut, and where its class is used."""

    cls: ModuleClass
    block: Block
    sites: tuple[Site, ...]


@dataclass(frozen=True, slots=True)
class Sign:
    """What was seen, in words. A strong one is never seen on blocks that rightly add nothing; a weak one is, rarely.

    `place` is the call behind which the addition is missing, where the sign tells it. `is_inherent`: what the layers
    are speaks against a sum around all of them.
    """

    text: str
    is_strong: bool
    place: cst.CSTNode | None = None
    is_inherent: bool = False


def signs(candidate: Candidate) -> Iterator[Sign]:
    """Every sign of a candidate, strong ones first."""
    found = [sign for look in _LOOKS if (sign := look(candidate)) is not None]
    yield from sorted(found, key=lambda sign: not sign.is_strong)


def _stacked_by_network(candidate: Candidate) -> Sign | None:
    """A network named ResNet stacks it; that is strong for a plain chain of convolutions."""
    cls, sites = candidate.cls, candidate.sites
    stacker = evidence.stacked_by_resnet(cls, sites)
    if stacker is None:
        return None
    chain = evidence.straight_chain(cls)
    is_plain = chain is not None and chain.is_plain and evidence.are_plain(sites)
    convolutions = sum(layer.torch_name in CONVOLUTIONS for layer in chain.weighted) if chain is not None else 0
    return Sign(f"`{stacker.facts.name}` stacks it", is_strong=is_plain and convolutions > 1)


def _named(candidate: Candidate) -> Sign | None:
    if evidence.is_named_residual(candidate.cls):
        return Sign("its name says so", is_strong=True)
    if LIKE_RESIDUAL_CLASS.fullmatch(candidate.cls.name):
        return Sign(f"`{candidate.cls.name}` is the name of a residual block", is_strong=False)
    return None


def _documented(candidate: Candidate) -> Sign | None:
    if RESIDUAL_DOC.search(candidate.cls.docstring):
        return Sign("its docstring says so", is_strong=False)
    return Sign("a comment in it says so", is_strong=False) if RESIDUAL_COMMENT.search(candidate.cls.text) else None


def _speaks_of_it(candidate: Candidate) -> Sign | None:
    """A name in `forward` says it: a scale, a helper; a switch that a condition reads is strong."""
    code = method_code(candidate.cls.facts, candidate.cls.text, "forward")
    switch = unused_switch(code)
    if switch is not None:
        return Sign(f"`forward` asks for `self.{switch}`, and adds in no case", is_strong=True)
    word = RESIDUAL_WORD.search(code)
    return None if word is None else Sign(f"`forward` speaks of `{word.group()}`", is_strong=False)


def unused_switch(code: str) -> str | None:
    """A switch for the shortcut that a condition in the code of a forward reads, where nothing is joined."""
    switch = next((name for name in _TESTED.findall(code) if _SWITCH.fullmatch(name)), None)
    return None if _JOINS.search(code) else switch


_TESTED = re.compile(r"\bif[ \t(]+(?:not[ \t]+)?self\.(\w+)[ \t)]*(?::|\band\b|\belse\b)")
_SWITCH = re.compile(rf"{RESIDUAL_FLAG.pattern}|(?:use_|is_)?res_connect(?:ion)?|residual|shortcut")
_JOINS = re.compile(
    r"\+|\b(?:cat|concat|concatenate|stack|add|add_|sum|lerp)\b|def[^:]*\b(?:skips?|shortcuts?|residuals?)\b"
)
"""What may use a switch in another way: a join, or a skip that the caller gives."""


def _transformer(candidate: Candidate) -> Sign | None:
    parts = transformer_parts(candidate.cls, candidate.block.called)
    if parts is None:
        return None
    said = ", ".join(f"`{part}`" for part in parts.names)
    text = f"{said} follow one another as in a transformer block"
    return Sign(text, parts.has_feed_forward, parts.attention.node, is_inherent=parts.has_feed_forward)


def _drops_paths(candidate: Candidate) -> Sign | None:
    """Stochastic depth and layer scale make sense only on a branch that is added to something."""
    dropped = next((item for item in candidate.block.stream.values if STOCHASTIC_DEPTH.fullmatch(item.name)), None)
    return None if dropped is None else Sign(f"`{dropped.name}` drops or scales a branch of a sum", is_strong=True)


def _interface(candidate: Candidate) -> Sign | None:
    init = candidate.cls.init
    if init is not None and any(item.name == "downsample" and item.default == "None" for item in init.parameters):
        return Sign("its constructor takes a `downsample`", is_strong=False)
    return Sign("it has an `expansion`", is_strong=False) if "expansion" in candidate.cls.facts.assigned else None


def _sibling(candidate: Candidate) -> Sign | None:
    """A class of the same file and the same name but for an affix adds its input; or the base class does."""
    cls = candidate.cls
    for sibling in siblings(cls):
        if sibling.facts.method("forward") and _adds(cls.registry.model(sibling)):
            return Sign(f"its sibling `{sibling.facts.name}` adds its input", is_strong=False)
    base = next((item for item in cls.ancestors if item.method("forward") is not None and _adds(item)), None)
    return None if base is None else Sign(f"its base `{base.name}` adds its input", is_strong=False)


def siblings(cls: ModuleClass) -> Iterator[ProjectClass]:
    """The other classes of the same file that have the same name but for an affix."""
    stem, file = SIBLING_AFFIX.sub("", cls.name), cls.definition.file
    for facts in file.facts.classes if len(stem) >= LEAST_STEM else ():
        if facts != cls.facts and SIBLING_AFFIX.sub("", facts.name) == stem:
            yield ProjectClass(file, facts)


def _adds(cls: ModuleClass) -> bool:
    return any(meeting.route is Route.SUM for stream in streams(cls) for meeting in stream.meetings)


_LOOKS: tuple[Callable[[Candidate], Sign | None], ...] = (
    _stacked_by_network,
    _named,
    _transformer,
    _drops_paths,
    _documented,
    _speaks_of_it,
    _interface,
    _sibling,
)
