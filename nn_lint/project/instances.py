"""The calls that make instances of a class, with the arguments that are written as numbers."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from nn_lint.project.files import ProjectFile
from nn_lint.project.hierarchy import Hierarchy, ProjectClass
from nn_lint.project.sites import find_mentions

Number = int | tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Instance:
    """A call of a class. `positional` and `keywords` hold numbers and tuples of them, `None` for anything else."""

    file: ProjectFile
    row: int
    text: str
    positional: tuple[Number | None, ...]
    keywords: Mapping[str, Number | None]

    def bound_to(self, names: Sequence[str]) -> Mapping[str, Number | None]:
        """The arguments by the names of the parameters."""
        return {**dict(zip(names, self.positional)), **self.keywords}


def find_instances(cls: ProjectClass, hierarchy: Hierarchy) -> Iterator[Instance]:
    """The calls of a class in the files near it; those with `*` or `**`, or that are expected to fail, are left out."""
    for file, chain, _ in find_mentions(cls, hierarchy):
        call = chain[-2]
        if not isinstance(call, ast.Call) or call.func is not chain[-1] or any(map(_expects_failure, chain)):
            continue
        if any(isinstance(item, ast.Starred) for item in call.args) or any(item.arg is None for item in call.keywords):
            continue
        keywords = {item.arg: _number(item.value) for item in call.keywords if item.arg is not None}
        positional = tuple(_number(item) for item in call.args)
        yield Instance(file, call.lineno, ast.unparse(call), positional, keywords)


def _number(node: ast.expr) -> Number | None:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, int) else None
    if not isinstance(node, (ast.Tuple, ast.List)):
        return None
    found = tuple(_number(item) for item in node.elts)
    plain = tuple(item for item in found if isinstance(item, int))
    return plain if len(plain) == len(found) else None


def _expects_failure(node: ast.AST) -> bool:
    """`with pytest.raises(...)`, `with self.assertRaises(...)`, `try`."""
    if isinstance(node, ast.Try):
        return True
    return isinstance(node, ast.With) and any("raises" in ast.unparse(item).lower() for item in node.items)
