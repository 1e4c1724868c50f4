"""Where an expression occurs in a piece of code, with the nodes around each occurrence."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import libcst as cst

from nn_lint.model.syntax import children, self_attribute

Chain = tuple[cst.CSTNode, ...]


def occurrences(root: cst.CSTNode, is_it: Callable[[cst.CSTNode], bool]) -> Iterator[Chain]:
    """The nodes from the root down to each that is meant, which is the last; nothing below one is looked into."""
    pending: list[Chain] = [(root,)]
    while pending:
        chain = pending.pop()
        if is_it(chain[-1]):
            yield chain
        elif isinstance(chain[-1], cst.Attribute):
            pending.append((*chain, chain[-1].value))
        else:
            pending.extend((*chain, child) for child in reversed(children(chain[-1])))


def attribute_occurrences(root: cst.CSTNode, receiver: str, attribute: str) -> Iterator[Chain]:
    """Where `self.attribute` stands."""
    return occurrences(root, lambda node: self_attribute(node, receiver) == attribute)


def name_occurrences(root: cst.CSTNode, name: str) -> Iterator[Chain]:
    """Where a name stands as an expression or target; attributes and keywords of the same spelling are left out."""
    found = occurrences(root, lambda node: isinstance(node, cst.Name) and node.value == name)
    return (chain for chain in found if not _is_label(chain))


def _is_label(chain: Chain) -> bool:
    around, node = chain[-2], chain[-1]
    return (isinstance(around, cst.Arg) and around.keyword is node) or isinstance(around, cst.Param)
