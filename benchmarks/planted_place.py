"""Where a mistake is planted: a class in the text of its file, and what planters look for in it."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

WEIGHTED = re.compile(
    r"\bnn\.(?:Linear|Conv(?:Transpose)?[123]d|BatchNorm[123]d|LayerNorm|GroupNorm|Embedding|LSTM|GRU)\("
)
_TORCH_LAYERS = re.compile(r"nn\.(?:Linear|Conv[123]d|BatchNorm[123]d|LayerNorm|Embedding|ReLU|GELU|Dropout|Identity)")


@dataclass(frozen=True, slots=True)
class Mutant:
    """A file with a mistake, and other texts than the original that compute the same as it."""

    text: str
    also_right: tuple[str, ...] = ()


@dataclass(frozen=True)
class Place:
    """A class in the text and the tree of its file."""

    text: str
    tree: ast.Module
    node: ast.ClassDef

    @cached_property
    def rows(self) -> list[str]:
        """The rows of the file with their ends."""
        return self.text.splitlines(keepends=True)

    @cached_property
    def _starts(self) -> list[int]:
        return list(accumulate(map(len, self.rows), initial=0))

    def method(self, name: str) -> ast.FunctionDef | None:
        """The one method of that name."""
        found = [item for item in self.node.body if isinstance(item, ast.FunctionDef) and item.name == name]
        return found[0] if len(found) == 1 else None

    def start(self, node: ast.expr | ast.stmt | ast.arg) -> int:
        """Where a node starts in the text."""
        return self._offset(node.lineno, node.col_offset)

    def end(self, node: ast.expr | ast.stmt | ast.arg) -> int:
        """Where a node ends in the text."""
        return self._offset(node.end_lineno or node.lineno, node.end_col_offset or 0)

    def _offset(self, row: int, column: int) -> int:
        return self._starts[row - 1] + len(self.rows[row - 1].encode()[:column].decode())

    def code(self, node: ast.expr | ast.stmt | ast.arg) -> str:
        """The source of a node."""
        return self.text[self.start(node) : self.end(node)]

    def with_code(self, node: ast.expr | ast.stmt, code: str) -> str:
        """The file with other code in the place of a node."""
        return self.with_codes((node, code))

    def with_codes(self, *changes: tuple[ast.expr | ast.stmt, str]) -> str:
        """The file with other code in the places of some nodes."""
        return self.spliced(*((self.start(node), self.end(node), code) for node, code in changes))

    def spliced(self, *changes: tuple[int, int, str]) -> str:
        """The file with other text between some offsets, none of which overlap."""
        text = self.text
        for start, end, code in sorted(changes, reverse=True):
            text = text[:start] + code + text[end:]
        return text

    def with_row(self, number: int, row: str) -> str:
        """The file with another row, or with none where it is empty."""
        return "".join((*self.rows[: number - 1], row, *self.rows[number:]))

    def before(self, statement: ast.stmt, *rows: str) -> tuple[int, int, str]:
        """The change that puts rows before a statement, at its indentation."""
        start = self._starts[statement.lineno - 1]
        margin = " " * statement.col_offset
        return start, start, "".join(f"{margin}{row}\n" for row in rows)

    def behind(self, statement: ast.stmt, *rows: str) -> tuple[int, int, str]:
        """The change that puts rows behind a statement that ends its row."""
        start = self._starts[statement.end_lineno or statement.lineno]
        margin = " " * statement.col_offset
        return start, start, "".join(f"{margin}{row}\n" for row in rows)

    def builds_weights(self, code: str) -> bool:
        """Whether code builds a layer with weights, of torch or of a class in the same file that plainly has some."""
        if WEIGHTED.search(code):
            return True
        names = set(re.findall(r"(?<![\w.])([A-Z]\w*)\(", code))
        classes = (item for item in self.tree.body if isinstance(item, ast.ClassDef) and item.name in names)
        return any(WEIGHTED.search(self.code(item)) for item in classes)


Planter = Callable[[Place], Iterator[Mutant]]


def body(method: ast.FunctionDef) -> list[ast.stmt]:
    """The statements of a method without its docstring."""
    return method.body[1:] if ast.get_docstring(method, clean=False) is not None else method.body


def parent_call(place: Place) -> ast.Expr | None:
    """`super().__init__()` as the first statement of `__init__`, behind its docstring, alone in its row."""
    init = place.method("__init__")
    statements = body(init) if init is not None else []
    if len(statements) > 1 and isinstance(statements[0], ast.Expr):
        is_alone = place.rows[statements[0].lineno - 1].strip() == "super().__init__()"
        return statements[0] if is_alone else None
    return None


def any_parent_call(place: Place) -> ast.Expr | None:
    """The same with arguments and in the old spelling: `super(Net, self).__init__(width)`."""
    init = place.method("__init__")
    for item in init.body if init is not None else ():
        if isinstance(item, ast.Expr) and re.match(r"super\([^()]*\)\.__init__\(", place.code(item)):
            return item
    return None


def of_one_row(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """The nodes that do not run over a row's end."""
    return (node for node in nodes if getattr(node, "lineno", 0) == getattr(node, "end_lineno", -1))


def stored(place: Place, method: ast.FunctionDef | None) -> Iterator[tuple[ast.Assign, str]]:
    """`self.name = ...` in a method, with the name."""
    for node in ast.walk(method) if method is not None else ():
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            found = re.fullmatch(r"self\.(\w+)", place.code(node.targets[0]))
            if found is not None:
                yield node, found[1]


def layers(place: Place) -> Iterator[ast.Assign]:
    """`self.fc = nn.Linear(...)` in one row directly in `__init__`."""
    init = place.method("__init__")
    for item in init.body if init is not None else ():
        if not isinstance(item, ast.Assign) or len(item.targets) > 1 or item.lineno != item.end_lineno:
            continue
        if re.match(r"self\.\w+$", place.code(item.targets[0])) and _TORCH_LAYERS.match(place.code(item.value)):
            yield item


def calls(place: Place, method: str) -> Iterator[ast.Call]:
    """`self.fc(x)` of the layers, in a row of its own method."""
    found = place.method(method)
    names = {place.code(item.targets[0]) for item in layers(place)}
    for node in of_one_row(ast.walk(found)) if found is not None else ():
        if isinstance(node, ast.Call) and place.code(node.func) in names:
            yield node
