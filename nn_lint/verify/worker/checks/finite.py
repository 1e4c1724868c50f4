"""NN608: values that are not finite in a fresh module, and parameters that nobody fills."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterator, List, Optional, Tuple

import torch
from torch import nn

from ..attempt import Failure
from ..protocol import Message
from .checked import Checked, note
from .filling import is_filled_elsewhere, uninitialised
from .held import output_tensors
from .operations import Watching, name_of_step, tensors_of, user_frames
from .sources import definitions, stored_at

CODE = "NN608"
SEEDS = (0, 1)


@dataclass(frozen=True)
class Birth:
    """The first operation that makes a value of this kind out of finite ones, and its row."""

    kind: str
    name: str
    row: Optional[int]
    layer: str


def check(checked: Checked) -> Iterator[Message]:
    """Parameters that hold what was in memory, else outputs that are never finite."""
    empty = list(uninitialised(checked))
    if empty:
        for owner, name in empty:
            row = None if is_filled_elsewhere(type(owner), name, checked.target) else row_of(checked, owner, name)
            if row:
                message = f"parameter `{name}` is never filled: it holds whatever was in memory (`torch.empty`)"
                yield note(CODE, message, row, sure=False)
        return
    given = output_tensors(checked.output)
    if not given or kind_of(iter(given)) is None or any(each.kind != "float" for each in checked.specs):
        return
    births = [born(checked, seed, positive) for seed in SEEDS for positive in (False, True)]
    first = births[0]
    if first is None or any(each is None or each.kind != first.kind for each in births):
        return
    layer = f", the first in layer `{first.layer}`" if first.layer else ""
    where = "" if first.row is None else f" from `{first.name}` in line {first.row}"
    words = "NaN" if first.kind == "nan" else "infinite values"
    message = f"a fresh module gives {words} for ordinary input{where}{layer}"
    known = checked.arguments.written or not checked.arguments.text
    yield note(CODE, message, first.row, sure=known and first.kind == "nan")


def row_of(checked: Checked, owner: nn.Module, name: str) -> int:
    """Where the class of an owner makes a parameter; 0 where that is in another file."""
    known = definitions(type(owner)) or []
    stores = [stored_at(node, name) for path, node in known if path == checked.target.path]
    return next((store.lineno for store in stores if store is not None), 0)


def born(checked: Checked, seed: int, positive: bool) -> Optional[Birth]:
    """Where the output of a new model stops to be finite, for inputs of a seed; `positive` ones lie between 0 and
    1."""
    model = checked.fresh(seed)
    values = checked.values(seed)
    if positive:
        values = [torch.rand(each.shape) if isinstance(each, torch.Tensor) else each for each in values]
    births: List[Birth] = []
    layers: List[Tuple[str, str]] = []
    hooks = [module.register_forward_hook(keeper(name, layers)) for name, module in model.named_modules() if name]

    def notice(name: str, given: List[Any], result: Any) -> None:
        if births:
            return
        kind = kind_of(tensors_of(result))
        if kind is not None and kind_of(tensors_of(given)) is None:
            frames = user_frames(checked.target.path)
            births.append(Birth(kind, name_of_step(name), frames[0][0] if frames else None, ""))

    with Watching(notice), torch.no_grad():
        outcome = checked.run(model, values, seed)
    for hook in hooks:
        hook.remove()
    found = None if isinstance(outcome, Failure) else output_tensors(outcome.value)
    kind = kind_of(iter(found)) if found else None
    if kind is None or not births:
        return None
    return Birth(kind, births[0].name, births[0].row, next((name for name, each in layers if each == kind), ""))


def keeper(name: str, layers: List[Tuple[str, str]]) -> Any:
    """A hook that notes a layer whose output is not finite."""

    def keep(module: nn.Module, given: Any, result: Any) -> None:
        kind = kind_of(tensors_of(result))
        if kind is not None and kind_of(tensors_of(list(given))) is None:
            layers.append((name, kind))

    return keep


def kind_of(tensors: Iterator[torch.Tensor]) -> Optional[str]:
    """`nan` or `inf` where one of the tensors has such a value; minus infinity is what masks are made of."""
    floating = [each for each in tensors if each.is_floating_point() and not each.is_meta]
    if any(bool(each.isnan().any()) for each in floating):
        return "nan"
    return "inf" if any(bool(each.isposinf().any()) for each in floating) else None
