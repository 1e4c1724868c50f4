"""Calls that may build a parent of the target: a model that holds instances of it, in its file or in one that uses
it."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, replace
from typing import Iterator, List, Optional, Union

from torch import nn

from .arguments import Unknown, assemble, chosen_arguments, required_parameters, written_arguments
from .attempt import Failure, attempt
from .callers import callers_of
from .callsites import names_target
from .loading import provide
from .subjects import Target, definition_of, flat

BLOCK = r"(\w+_)?(block|unit|bottleneck)(_?(type|cls|class|fn|layer))?"


@dataclass(frozen=True)
class Maker:
    """A call that may build a parent, the file that it can be made in, the parent's class where it is one, and whether
    somebody wrote the call."""

    text: str
    home: Target
    parent: Optional[Target]
    written: bool


def makers_of(target: Target) -> Iterator[Iterator[Maker]]:
    """For each possible parent the calls that may build it."""
    own = [node for node in definitions(target) if node is not target.node]
    direct = [node for node in own if mentions(node, target, target)]
    others = [node.name for node in own if node not in direct and isinstance(node, ast.ClassDef)]
    yield from direct_makers(target, direct)
    for name in others:
        yield class_makers(target, name, any_arguments=False)
    for home in callers_of(target):
        elsewhere = [node for node in definitions(home) if mentions(node, target, home)]
        yield from direct_makers(home, elsewhere)
        direct += elsewhere
    if not direct:
        for name in others:
            yield handed_makers(target, name)


def definitions(home: Target) -> List[Union[ast.ClassDef, ast.FunctionDef]]:
    """The classes and functions of a file."""
    return [node for node in flat(home.tree.body) if isinstance(node, (ast.ClassDef, ast.FunctionDef))]


def direct_makers(home: Target, nodes: List[Union[ast.ClassDef, ast.FunctionDef]]) -> Iterator[Iterator[Maker]]:
    """The calls of classes and functions that name the target themselves."""
    for node in nodes:
        if isinstance(node, ast.ClassDef):
            yield class_makers(home, node.name, any_arguments=True)
        elif not [*node.args.posonlyargs, *node.args.args][len(node.args.defaults) :]:
            yield iter([Maker(f"{node.name}()", home, None, True)])


def mentions(node: Union[ast.ClassDef, ast.FunctionDef], target: Target, home: Target) -> bool:
    """Whether the target's name is read anywhere inside a definition of the home file."""
    if not home.module._table.mentions(target.name.rpartition(".")[2], node):
        return False
    return any(names_target(part, target) for part in ast.walk(node) if isinstance(part, (ast.Name, ast.Attribute)))


def class_makers(home: Target, name: str, any_arguments: bool) -> Iterator[Maker]:
    """Calls that build a class of the same file: written ones, and made-up ones where these are wanted too."""
    parent = sibling(home, name)
    if parent is None:
        return
    for arguments in written_arguments(parent):
        if any_arguments or arguments.origin != "defaults":
            yield Maker(f"{name}({arguments.text})", home, parent, True)
    if any_arguments and required_parameters(parent):
        try:
            for arguments in chosen_arguments(parent):
                yield Maker(f"{name}({arguments.text})", home, parent, False)
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
        yield Maker(f"{name}({arguments.text})", target, parent, False)


def sibling(home: Target, name: str) -> Optional[Target]:
    """A module class of a file."""
    node = definition_of(home.tree, name)
    loaded = attempt(lambda: provide(home.module, name))
    cls = home.module.__dict__.get(name)
    if node is None or isinstance(loaded, Failure) or not isinstance(cls, type) or not issubclass(cls, nn.Module):
        return None
    return replace(home, name=name, node=node, cls=cls)
