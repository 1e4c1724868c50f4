"""Planted mistakes in the construction of a module (NN1xx)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from planted_place import Mutant, Place, any_parent_call, layers, parent_call


def without_parent_call(place: Place) -> Iterator[Mutant]:
    """NN101: the call is left out."""
    call = parent_call(place)
    if call is not None and any(layers(place)):
        yield Mutant(place.with_row(call.lineno, ""))


def late_parent_call(place: Place) -> Iterator[Mutant]:
    """NN102: the first statement is a layer, and the call comes behind it."""
    call, found = parent_call(place), list(layers(place))
    if call is not None and found and found[0].lineno == call.lineno + 1:
        rows = list(place.rows)
        first, second = call.lineno - 1, call.lineno
        rows[first], rows[second] = rows[second], rows[first]
        yield Mutant("".join(rows))


def parent_call_without_parentheses(place: Place) -> Iterator[Mutant]:
    """NN103."""
    call = parent_call(place)
    if call is not None:
        yield Mutant(place.with_code(call, "super().__init__"))


def other_class_in_super(place: Place) -> Iterator[Mutant]:
    """NN104: what is left of a class that was copied or renamed, another class of the file or one that is gone."""
    call, name = any_parent_call(place), place.node.name
    if call is None:
        return
    head = re.match(r"super\(([^()]*)\)", place.code(call))
    if head is None or head[1].replace(" ", "") not in ("", f"{name},self"):
        return
    other = next(_unrelated(place), None) or f"{name}Old"
    start = place.start(call)
    mutant, right = (place.spliced((start, start + head.end(), f"super({item}, self)")) for item in (other, name))
    yield Mutant(mutant, (right,))


def _unrelated(place: Place) -> Iterator[str]:
    """Classes before this one that neither inherit from it nor it from them, nor a third from both."""
    classes = [item for item in place.tree.body if isinstance(item, ast.ClassDef)]
    bases = {item.name: {place.code(base) for base in item.bases} for item in classes}
    named = set().union(*bases.values())
    for item in classes:
        is_module = bases[item.name] & {"nn.Module", "torch.nn.Module"}
        if item.name != place.node.name and is_module and not named & {item.name, place.node.name}:
            yield item.name


def misspelled_init(place: Place) -> Iterator[Mutant]:
    """NN105: `__int__`."""
    init = place.method("__init__")
    if init is not None and parent_call(place) is not None and any(layers(place)):
        row = place.rows[init.lineno - 1]
        yield Mutant(place.with_row(init.lineno, row.replace("__init__", "__int__", 1)))


def self_given_to_super(place: Place) -> Iterator[Mutant]:
    """NN107: `super().__init__(self)`."""
    call = parent_call(place)
    if call is not None:
        yield Mutant(place.with_code(call, "super().__init__(self)"))
