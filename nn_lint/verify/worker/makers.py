"""Calls that may build a parent of the target: a model of the same file that holds instances of it."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, replace
from typing import Iterator, Optional

from torch import nn

from .arguments import Unknown, assemble, chosen_arguments, required_parameters, written_arguments
from .attempt import Failure, attempt
from .loading import provide
from .subjects import Target, definition_of, flat

BLOCK = r"(\w+_)?(block|unit|bottleneck)(_?(type|cls|class|fn|layer))?"


@dataclass(frozen=True)
class Maker:
    """A call that may build a parent, the parent's class where it is one, and whether somebody wrote the call."""

    text: str
    parent: Optional[Target]
    written: bool


def makers_of(target: Target) -> Iterator[Iterator[Maker]]:
    """For each possible parent the calls that may build it."""
    last = target.name.rpartition(".")[2]
    nodes = [
        node
        for node in flat(target.tree.body)
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and node is not target.node
    ]
    direct = [node for node in nodes if mentions(node, last)]
    others = [node for node in nodes if node not in direct and isinstance(node, ast.ClassDef)]
    for node in direct:
        if isinstance(node, ast.ClassDef):
            yield class_makers(target, node.name, any_arguments=True)
        elif not [*node.args.posonlyargs, *node.args.args][len(node.args.defaults) :]:
            yield iter([Maker(f"{node.name}()", None, True)])
    for node in others:
        yield class_makers(target, node.name, any_arguments=False)
    if not direct:
        for node in others:
            yield handed_makers(target, node.name)


def mentions(node: ast.AST, name: str) -> bool:
    """Whether a name is read anywhere inside."""
    return any(
        isinstance(part, ast.Name) and part.id == name and isinstance(part.ctx, ast.Load) for part in ast.walk(node)
    )


def class_makers(target: Target, name: str, any_arguments: bool) -> Iterator[Maker]:
    """Calls that build a class of the same file: written ones, and made-up ones where these are wanted too."""
    parent = sibling(target, name)
    if parent is None:
        return
    for arguments in written_arguments(parent):
        if any_arguments or arguments.origin != "defaults":
            yield Maker(f"{name}({arguments.text})", parent, True)
    if any_arguments and required_parameters(parent):
        try:
            for arguments in chosen_arguments(parent):
                yield Maker(f"{name}({arguments.text})", parent, False)
        except Unknown:
            return


def handed_makers(target: Target, name: str) -> Iterator[Maker]:
    """Calls of a class that is given the blocks that it stacks, such as `ResNet(block, layers)`, with the target for
    the block: nobody else in the file names it."""
    parent = sibling(target, name)
    required = [] if parent is None else required_parameters(parent)
    block = next((parameter.name for parameter in required if re.fullmatch(BLOCK, parameter.name)), None)
    if parent is None or block is None:
        return
    for by_use in (False, True):
        try:
            arguments = assemble(parent, {block: target.name}, by_use)
        except Unknown:
            continue
        yield Maker(f"{name}({arguments.text})", parent, False)


def sibling(target: Target, name: str) -> Optional[Target]:
    """Another module class of the same file."""
    node = definition_of(target.tree, name)
    loaded = attempt(lambda: provide(target.module, name))
    cls = target.module.__dict__.get(name)
    if node is None or isinstance(loaded, Failure) or not isinstance(cls, type) or not issubclass(cls, nn.Module):
        return None
    return replace(target, name=name, node=node, cls=cls)
