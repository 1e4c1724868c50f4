"""Whether a class may show enough signs of a residual block, by its text and CPython's tree: asked before libcst."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from typing import TYPE_CHECKING

from nn_lint.model.residual.evidence import has_stacker_near, is_named_residual
from nn_lint.model.residual.names import (
    LIKE_RESIDUAL_CLASS,
    RESIDUAL_COMMENT,
    RESIDUAL_DOC,
    RESIDUAL_WORD,
    STOCHASTIC_DEPTH,
)
from nn_lint.model.residual.signs import siblings, unused_switch
from nn_lint.model.residual.transformer import KINDS_OF_PARTS
from nn_lint.project.code_text import method_code
from nn_lint.project.premises.parts import names_of_parts
from nn_lint.project.premises.reach import taken
from nn_lint.project.premises.shortcut import adds_for_certain

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_WORD = re.compile(r"\w+")


def may_be_meant(cls: ModuleClass) -> bool:
    """Whether forward does not add its input for certain, and the signs may reach the weight of a finding."""
    helpers = {method.name for method in cls.facts.methods} | cls.inherited_methods
    if cls.tree is not None and adds_for_certain(cls.tree, helpers):
        return False
    weights = 0
    for weight in _weights(cls):
        weights += weight
        if weights >= (1 if cls.registry.suspicions else _ENOUGH):
            return True
    return False


_STRONG = _ENOUGH = 2
"""One strong sign weighs as much as two weak ones."""


def _weights(cls: ModuleClass) -> Iterator[int]:
    """What each sign may weigh, those first that cost least to look for."""
    code = method_code(cls.facts, cls.text, "forward")
    yield _STRONG if is_named_residual(cls) else int(LIKE_RESIDUAL_CLASS.fullmatch(cls.name) is not None)
    yield _STRONG if any(map(STOCHASTIC_DEPTH.fullmatch, _WORD.findall(code))) else 0
    yield int(RESIDUAL_DOC.search(cls.text) is not None or RESIDUAL_COMMENT.search(cls.text) is not None)
    yield _STRONG if unused_switch(code) is not None else int(RESIDUAL_WORD.search(code) is not None)
    yield int(_has_interface(cls))
    relatives = (*siblings(cls), *cls.ancestry.project_classes)
    yield int(any(item.facts.method("forward") is not None for item in relatives))
    yield _transformer(cls)
    yield _STRONG if has_stacker_near(cls) else 0


def _has_interface(cls: ModuleClass) -> bool:
    init = cls.facts.method("__init__")
    return "expansion" in cls.facts.assigned or (init is not None and "downsample" in init.parameters)


def _transformer(cls: ModuleClass) -> int:
    """Attention with a norm, or strongly with a feed-forward part, among the submodules that forward takes of self."""
    line = (cls, *cls.ancestors)
    trees = [item.tree for item in line if item.tree is not None]
    if len(trees) < len(line):
        return _STRONG
    parts = [names_of_parts(tree) for tree in trees]
    kinds = {kind for name in taken(trees) for kind in _kinds({name}.union(*(item.get(name, ()) for item in parts)))}
    if "attention" not in kinds:
        return 0
    return _STRONG if "feed-forward" in kinds else int("norm" in kinds)


def _kinds(words: Set[str]) -> Iterator[str]:
    return (kind for kind, pattern in KINDS_OF_PARTS if any(map(pattern.search, words)))
