"""Variants of a block that a proof must hold on: stride 1 and 2, equal and different widths, as its signature and
calls suggest."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Tuple

from .arguments import Arguments, written_arguments
from .attempt import Failure, attempt
from .expressions import evaluate, express, signature_of
from .harvest import harvested, parents_of
from .specs import Specs
from .subjects import Target

STRIDE = r"strides?|s|stride_size|conv_stride|downsample_stride"
WIDTH_IN = (
    r"(in|inp|input)_?(dim|dims|channels?|chs?|chans?|planes?|features?|c|filters|size|width)"
    r"|inplanes|dim_?in|c_?in|inp|inc|ic|dim|planes_in|channels_in|in_?c|nin|n_in|c1"
)
WIDTH_OUT = (
    r"(out|oup|output)_?(dim|dims|channels?|chs?|chans?|planes?|features?|c|filters|size|width)"
    r"|outplanes|dim_?out|c_?out|oup|outc|oc|planes|planes_out|channels_out|nout|n_out|c2|filters"
)
MOST = 6


@dataclass(frozen=True)
class Variant:
    """Arguments and inputs of one variant; the label is empty where the class has only one."""

    label: str
    arguments: Arguments
    specs: Specs


@dataclass(frozen=True)
class Bound:
    """Arguments by parameter, with the names that play the parts of stride and widths."""

    values: Dict[str, Any]
    stride: Optional[str]
    width_in: Optional[str]
    width_out: Optional[str]

    @property
    def key(self) -> Tuple[Any, bool]:
        """Stride, and whether the width changes."""
        return (self.values.get(self.stride) if self.stride else None, self.widens)

    @property
    def widens(self) -> bool:
        """Whether the block is to give another width than it takes."""
        if self.width_in is None or self.width_out is None:
            return False
        return bool(self.values.get(self.width_in) != self.values.get(self.width_out))

    @property
    def label(self) -> str:
        """`stride 2 from 64 to 128`, without the parts that do not apply."""
        parts = [f"stride {self.values[self.stride]}"] if self.stride else []
        if self.widens:
            parts.append(f"from {self.values[self.width_in or '']} to {self.values[self.width_out or '']}")
        return " ".join(parts)


def variants_of(target: Target, arguments: Arguments, specs: Specs) -> List[Variant]:
    """The recipe's own variant first, then what written calls and parents add, then the other stride."""
    sources = [arguments, *written_arguments(target)]
    for parent in parents_of(target):
        sources.extend(harvested(parent))
    bound = [each for each in (bind(target, source) for source in sources) if each is not None]
    if not bound:
        return [Variant("", arguments, specs)]
    found: Dict[Tuple[Any, bool], Bound] = {}
    for each in bound:
        found.setdefault(each.key, each)
    for each in list(found.values()):
        for other in with_strides(each):
            found.setdefault(other.key, other)
    if not any(each.widens for each in found.values()) and bound[0].width_out:
        widened = {**bound[0].values, bound[0].width_out: bound[0].values[bound[0].width_out] * 2}
        extra = Bound(widened, bound[0].stride, bound[0].width_in, bound[0].width_out)
        found.setdefault(extra.key, extra)
    chosen = sorted(list(found.values())[:MOST], key=lambda each: (str(each.key[0]), each.widens))
    variants = [make_variant(each, bound[0], specs, target) for each in chosen]
    return [variant for variant in variants if variant is not None] or [Variant("", arguments, specs)]


def bind(target: Target, arguments: Arguments) -> Optional[Bound]:
    """Arguments by parameter, defaults put in; None where they cannot be evaluated or do not fit."""
    signature = signature_of(target.cls)
    outcome = attempt(lambda: evaluate(f"(lambda *values, **options: (values, options))({arguments.text})", target))
    if signature is None or isinstance(outcome, Failure):
        return None
    values, options = outcome.value
    fitted = attempt(lambda: signature.bind(*values, **options))
    if isinstance(fitted, Failure):
        return None
    fitted.value.apply_defaults()
    given = dict(fitted.value.arguments)
    whole = {name for name, value in given.items() if isinstance(value, int) and not isinstance(value, bool)}
    return Bound(given, first(STRIDE, given, whole), first(WIDTH_IN, given, whole), first(WIDTH_OUT, given, whole))


def first(pattern: str, names: Dict[str, Any], whole: set[str]) -> Optional[str]:
    """The first parameter with a whole number whose name the pattern covers."""
    return next((name for name in names if name in whole and re.fullmatch(pattern, name)), None)


def with_strides(bound: Bound) -> List[Bound]:
    """The same arguments at stride 1 and at stride 2."""
    if bound.stride is None:
        return []
    return [
        Bound({**bound.values, bound.stride: stride}, bound.stride, bound.width_in, bound.width_out)
        for stride in (1, 2)
    ]


def make_variant(bound: Bound, base: Bound, specs: Specs, target: Target) -> Optional[Variant]:
    """A variant as text, its inputs those of the recipe with the channels that it takes."""
    signature = signature_of(target.cls)
    if signature is None:
        return None
    parts: List[str] = []
    for name, value in bound.values.items():
        parameter = signature.parameters[name]
        text = express(value, target)
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            if value:
                return None
        elif parameter.default is not parameter.empty and value is parameter.default:
            continue
        elif text is None:
            return None
        else:
            parts.append(text if parameter.kind is parameter.POSITIONAL_ONLY else f"{name}={text}")
    old, new = (each.values.get(each.width_in) if each.width_in else None for each in (base, bound))
    changed = specs
    if old is not None and new is not None and old != new:
        changed = tuple(
            spec.sized(tuple(new if size == old and axis else size for axis, size in enumerate(spec.shape)))
            for spec in specs
        )
    return Variant(bound.label, Arguments(", ".join(parts), "variant", False), changed)
