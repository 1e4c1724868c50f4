"""Whether a submodule holds weights, by its class, or by its name where the class is out of sight."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nn_lint.model.containers import parts
from nn_lint.model.layers import ACTIVATIONS, CONVOLUTIONS, NORMS, PASSIVE, Layer
from nn_lint.model.values import Kind, Value
from nn_lint.project.hierarchy import ProjectClass

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

WEIGHTED = CONVOLUTIONS | {f"ConvTranspose{rank}d" for rank in (1, 2, 3)} | {"Linear", "MultiheadAttention"}
PASSING = NORMS | ACTIVATIONS | PASSIVE
_WEIGHTED_NAME = re.compile(r"_*(?:\w*(?:conv|linear|attn|attention|mlp|ffn|dense)\w*|fc_?\d?)", re.IGNORECASE)
_PASSING_NAME = re.compile(
    r"_*(?:bn|norm|batch_?norm|layer_?norm|ln|relu|act|activation|gelu|drop|dropout)_?\d?", re.IGNORECASE
)
_HAS_WEIGHTS = re.compile(r"\b(?:Conv[123]d|Linear|Parameter)\b")


def is_weighted(cls: ModuleClass, value: Value) -> bool | None:
    """Whether the call of a submodule applies weights other than a norm's; `None` where that is unknown."""
    if value.kind is not Kind.LAYER:
        return None
    if value.layer is not None:
        return _holds_weights(cls, value.layer)
    if _WEIGHTED_NAME.fullmatch(value.name):
        return True
    return False if _PASSING_NAME.fullmatch(value.name) else None


def _holds_weights(cls: ModuleClass, layer: Layer) -> bool | None:
    found: set[bool | None] = set()
    for part in parts(cls, layer):
        if part is None:
            found.add(None)
        elif isinstance(part.cls, ProjectClass):
            found.add(_HAS_WEIGHTS.search(cls.registry.model(part.cls).text) is not None or None)
        elif part.torch_name in WEIGHTED:
            return True
        else:
            found.add(False if part.torch_name in PASSING else None)
    return True if True in found else None if None in found else False
