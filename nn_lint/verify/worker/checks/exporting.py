"""NN609: what keeps a module that runs from being exported by `torch.export`. Asked for by `--export` alone."""

from __future__ import annotations

import re
from typing import Any, Iterator, Optional, Tuple

import torch

from ..attempt import Failure, attempt
from ..faults import is_limit, is_missing_package
from ..protocol import Message
from .checked import Checked, note

CODE = "NN609"
_FRAME = re.compile(r'File "([^"]+)", line (\d+)')
_PLAIN_WORDS: Tuple[Tuple[str, str], ...] = (
    (r"data-dependent|GuardOnDataDependent", "a decision or a size depends on the values of a tensor"),
    (r"_local_scalar_dense|\.item\(\)|aten\.item", "a tensor is turned into a Python number"),
    (r"numpy\(\)|\.numpy|to numpy", "a tensor leaves torch for numpy"),
    (r"attribute.*(assigned|mutat|created)|leaked|pending unbacked", "forward stores a tensor in the module"),
    (r"tolist", "a tensor is turned into a Python list"),
)


def check(checked: Checked) -> Iterator[Message]:
    """Export the module with the inputs that it ran on."""
    values = checked.values()
    if not all(map(is_plain, values)):
        return
    positional = tuple(value for spec, value in zip(checked.specs, values) if not spec.keyword)
    keywords = {spec.name: value for spec, value in zip(checked.specs, values) if spec.keyword}
    model = checked.fresh()
    outcome = attempt(lambda: torch.export.export(model, positional, keywords))
    if isinstance(outcome, Failure) and not is_limit(outcome) and not is_missing_package(outcome):
        row = row_of(outcome, checked.target.path)
        where = "" if row is None else f" in line {row}"
        yield note(CODE, f"torch.export fails{where}: {words_of(outcome)}", row, sure=True)


def is_plain(value: Any) -> bool:
    """Whether torch.export takes a value as an input."""
    if isinstance(value, (list, tuple)):
        return all(map(is_plain, value))
    if isinstance(value, dict):
        return all(map(is_plain, value.values()))
    return value is None or isinstance(value, (torch.Tensor, bool, int, float, str))


def row_of(failure: Failure, path: str) -> Optional[int]:
    """The user's line: as the message tells it, else where the exception came through."""
    told = [int(row) for file, row in _FRAME.findall(failure.message) if file == path]
    return told[-1] if told else failure.row_in(path)


def words_of(failure: Failure) -> str:
    """Why, in plain words where the cause is known, with torch's own first line."""
    first = next((line.strip() for line in failure.message.splitlines() if line.strip()), failure.kind)
    known = next((words for pattern, words in _PLAIN_WORDS if re.search(pattern, failure.message)), None)
    said = f"{failure.kind}: {first}"[:200]
    return said if known is None else f"{known} (torch: {said})"
