"""The arguments of a block by parameter, with the parameters that play the parts of stride, widths and shortcut."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Dict, List, Optional, Tuple

from .arguments import Arguments
from .attempt import Failure, attempt
from .expressions import evaluate_call, express, signature_of
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
SHORTCUT = r"(\w+_)?(down_?sample|short_?cut|skip|projection|identity)(_(layer|conv|path|module))?"


@dataclass(frozen=True)
class Bound:
    """Arguments by parameter. `shortcut` is the parameter that a caller passes a projection through; `used` tells that
    somebody builds the block so, `ratio` how many times wider than `width_out` its output is."""

    values: Dict[str, Any]
    stride: Optional[str] = None
    width_in: Optional[str] = None
    width_out: Optional[str] = None
    shortcut: Optional[str] = None
    used: bool = False
    ratio: int = 1

    @property
    def form(self) -> Tuple[Any, bool]:
        """Stride, and whether the width changes."""
        return (self.value(self.stride), self.widens)

    @property
    def kind(self) -> Tuple[Any, bool, bool]:
        """The form, and whether a shortcut is passed."""
        return (*self.form, self.value(self.shortcut) is not None)

    @property
    def widens(self) -> bool:
        """Whether the block is to give another width than it takes."""
        known = self.width_in is not None and self.width_out is not None
        return known and self.value(self.width_in) != self.value(self.width_out) * self.ratio

    def value(self, name: Optional[str]) -> Any:
        """What a parameter is given; None without one."""
        return None if name is None else self.values.get(name)

    def changed(self, **values: Any) -> Bound:
        """Made-up arguments near these: the projection that fitted the old ones is left off."""
        bare = {self.shortcut: None} if self.shortcut is not None else {}
        return replace(self, values={**self.values, **bare, **values}, used=False)


def bind(target: Target, arguments: Arguments) -> Optional[Bound]:
    """Arguments by parameter, defaults put in; None where they cannot be evaluated or do not fit."""
    signature = signature_of(target.cls)
    outcome = attempt(lambda: evaluate_call(arguments.text, target))
    if signature is None or isinstance(outcome, Failure):
        return None
    values, options = outcome.value
    fitted = attempt(lambda: signature.bind(*values, **options))
    if isinstance(fitted, Failure):
        return None
    fitted.value.apply_defaults()
    given = dict(fitted.value.arguments)
    whole = [name for name, value in given.items() if isinstance(value, int) and not isinstance(value, bool)]
    absent = [name for name in given if signature.parameters[name].default is None]
    return Bound(
        given,
        first(STRIDE, whole),
        first(WIDTH_IN, whole),
        first(WIDTH_OUT, whole),
        first(SHORTCUT, absent),
        arguments.written or arguments.harvested,
    )


def first(pattern: str, names: List[str]) -> Optional[str]:
    """The first parameter whose name the pattern covers."""
    return next((name for name in names if re.fullmatch(pattern, name)), None)


def text_of(bound: Bound, target: Target) -> Optional[str]:
    """The arguments as the text between the parentheses, defaults left off; None where one cannot be written down."""
    signature = signature_of(target.cls)
    if signature is None:
        return None
    parts: List[str] = []
    for name, value in bound.values.items():
        parameter = signature.parameters[name]
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            if value:
                return None
            continue
        if parameter.default is not parameter.empty and value is parameter.default:
            continue
        text = express(value, target)
        if text is None:
            return None
        parts.append(text if parameter.kind is parameter.POSITIONAL_ONLY else f"{name}={text}")
    return ", ".join(parts)
