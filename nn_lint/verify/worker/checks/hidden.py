"""Layers and parameters that a module keeps in plain lists and dictionaries, where `parameters()` does not see them."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Any, Iterator, List, Set

import torch
from torch import nn

from ..subjects import Target
from .sources import definitions, is_torch, stored_at, text_of

# Who hands such layers to an optimizer, or moves them, by hand.
_BY_HAND = re.compile(r"parameters\(|def (parameters|_apply|to|train|state_dict|modules|named_modules)\b|add_module")


@dataclass(frozen=True)
class Hidden:
    """What a plain container holds."""

    attribute: str
    holder: str
    kind: str
    count: int
    parameters: List[torch.Tensor]
    row: int


def hidden_layers(model: nn.Module, target: Target) -> List[Hidden]:
    """Containers of several layers that are made in the class itself and that nothing registers.

    One layer alone in a list is the usual way to hide it on purpose.
    """
    registered = {id(each) for each in model.parameters()}
    found: List[Hidden] = []
    classes: Set[type] = set()
    for module in model.modules():
        known = None if is_torch(type(module)) or type(module) in classes else definitions(type(module))
        if not known or known[0][0] != target.path or any(_BY_HAND.search(text_of(node)) for _, node in known):
            continue
        classes.add(type(module))
        for name, value in vars(module).items():
            held = list(trainable(value)) if isinstance(value, (list, tuple, dict)) and name[:1] != "_" else []
            lost = [each for owner in held for each in weights(owner) if each.requires_grad]
            row = row_of(known[0][1], name)
            if len(held) > 1 and row and lost and not any(id(each) in registered for each in lost):
                kind = "parameters" if all(isinstance(each, nn.Parameter) for each in held) else "layers"
                found.append(Hidden(name, type(value).__name__, kind, len(held), lost, row))
    return found


def trainable(value: Any) -> Iterator[Any]:
    """The modules and parameters in a container, those with something to train."""
    for item in value.values() if isinstance(value, dict) else value:
        if isinstance(item, (list, tuple, dict)):
            yield from trainable(item)
        elif isinstance(item, (nn.Module, nn.Parameter)) and any(each.requires_grad for each in weights(item)):
            yield item


def weights(item: Any) -> List[torch.Tensor]:
    """The parameters of a module, or the parameter itself."""
    return [item] if isinstance(item, nn.Parameter) else list(item.parameters())


def row_of(definition: ast.ClassDef, attribute: str) -> int:
    """Where the class stores a container of its own making; 0 where it is handed in or where that is unknown."""
    store = stored_at(definition, attribute)
    for node in ast.walk(definition):
        if not isinstance(node, ast.Assign) or store not in node.targets:
            continue
        given = {each.arg for method in definition.body for each in parameters_of(method)}
        return 0 if isinstance(node.value, ast.Name) and node.value.id in given else node.lineno
    return 0


def parameters_of(method: ast.stmt) -> List[ast.arg]:
    """The parameters of a method."""
    return [*method.args.args, *method.args.kwonlyargs] if isinstance(method, ast.FunctionDef) else []
