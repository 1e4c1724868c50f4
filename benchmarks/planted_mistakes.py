"""The mistakes that `planted.py` plants: a function a rule, from a correct class to mutants of its file."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

_TORCH_LAYERS = re.compile(r"nn\.(?:Linear|Conv[123]d|BatchNorm[123]d|LayerNorm|Embedding|ReLU|GELU|Dropout|Identity)")


@dataclass(frozen=True)
class Place:
    """A class in the text of its file."""

    text: str
    node: ast.ClassDef

    @cached_property
    def rows(self) -> list[str]:
        """The rows of the file with their ends."""
        return self.text.splitlines(keepends=True)

    def method(self, name: str) -> ast.FunctionDef | None:
        """The one method of that name."""
        found = [item for item in self.node.body if isinstance(item, ast.FunctionDef) and item.name == name]
        return found[0] if len(found) == 1 else None

    def with_code(self, node: ast.expr | ast.stmt, code: str) -> str:
        """The file with other code in the place of a node of one row."""
        row = self.rows[node.lineno - 1].encode()
        changed = (row[: node.col_offset] + code.encode() + row[node.end_col_offset :]).decode()
        return "".join((*self.rows[: node.lineno - 1], changed, *self.rows[node.lineno :]))

    def with_row(self, number: int, row: str) -> str:
        """The file with another row, or with none where it is empty."""
        return "".join((*self.rows[: number - 1], row, *self.rows[number:]))

    def code(self, node: ast.AST) -> str:
        """The source of a node; `ast.get_source_segment` splits the whole text for each."""
        first, last = getattr(node, "lineno", 1), getattr(node, "end_lineno", 1)
        rows = [row.encode() for row in self.rows[first - 1 : last]]
        rows[-1] = rows[-1][: getattr(node, "end_col_offset", 0)]
        rows[0] = rows[0][getattr(node, "col_offset", 0) :]
        return b"".join(rows).decode()


Planter = Callable[[Place], Iterator[str]]


def _parent_call(place: Place) -> ast.Expr | None:
    """`super().__init__()` as the first statement of `__init__`, behind its docstring, alone in its row."""
    init = place.method("__init__")
    body = init.body[1:] if init is not None and ast.get_docstring(init) is not None else init.body if init else []
    if len(body) > 1 and isinstance(body[0], ast.Expr) and place.code(body[0]) == "super().__init__()":
        return body[0] if place.rows[body[0].lineno - 1].strip() == "super().__init__()" else None
    return None


def _one_row(nodes: Iterator[ast.AST]) -> Iterator[ast.AST]:
    return (node for node in nodes if getattr(node, "lineno", 0) == getattr(node, "end_lineno", -1))


def _layers(place: Place) -> Iterator[ast.Assign]:
    """`self.fc = nn.Linear(...)` in one row directly in `__init__`."""
    init = place.method("__init__")
    for item in init.body if init is not None else ():
        if not isinstance(item, ast.Assign) or len(item.targets) > 1 or item.lineno != item.end_lineno:
            continue
        if re.match(r"self\.\w+$", place.code(item.targets[0])) and _TORCH_LAYERS.match(place.code(item.value)):
            yield item


def _calls(place: Place, method: str) -> Iterator[ast.Call]:
    """`self.fc(x)` of the layers, in a row of its own method."""
    found = place.method(method)
    names = {place.code(item.targets[0]) for item in _layers(place)}
    for node in _one_row(ast.walk(found)) if found is not None else ():
        if isinstance(node, ast.Call) and place.code(node.func) in names:
            yield node


def without_parent_call(place: Place) -> Iterator[str]:
    """NN101: the call is left out."""
    call = _parent_call(place)
    if call is not None and any(_layers(place)):
        yield place.with_row(call.lineno, "")


def late_parent_call(place: Place) -> Iterator[str]:
    """NN102: the first statement is a layer, and the call comes behind it."""
    call, layers = _parent_call(place), list(_layers(place))
    if call is not None and layers and layers[0].lineno == call.lineno + 1:
        rows = list(place.rows)
        first, second = call.lineno - 1, call.lineno
        rows[first], rows[second] = rows[second], rows[first]
        yield "".join(rows)


def parent_call_without_parentheses(place: Place) -> Iterator[str]:
    """NN103."""
    call = _parent_call(place)
    if call is not None:
        yield place.with_code(call, "super().__init__")


def misspelled_init(place: Place) -> Iterator[str]:
    """NN105: `__int__`."""
    init = place.method("__init__")
    if init is not None and _parent_call(place) is not None and any(_layers(place)):
        row = place.rows[init.lineno - 1]
        yield place.with_row(init.lineno, row.replace("__init__", "__int__", 1))


def self_given_to_super(place: Place) -> Iterator[str]:
    """NN107: `super().__init__(self)`."""
    call = _parent_call(place)
    if call is not None:
        yield place.with_code(call, "super().__init__(self)")


def _signature(place: Place, name: str, pattern: str, replacement: str) -> Iterator[str]:
    method = place.method(name)
    if method is None or method.decorator_list or len(method.args.args) < 2:
        return
    row = place.rows[method.lineno - 1]
    changed = re.sub(pattern, replacement, row, count=1)
    if changed != row:
        yield place.with_row(method.lineno, changed)


def forward_without_self(place: Place) -> Iterator[str]:
    """NN201."""
    if any(_calls(place, "forward")):
        yield from _signature(place, "forward", r"\(self, (?=\w)", "(")


def slip_of_self(place: Place) -> Iterator[str]:
    """NN202."""
    if any(_calls(place, "forward")):
        yield from _signature(place, "forward", r"\(self, (?=\w)", "(slef, ")


def slip_of_forward(place: Place) -> Iterator[str]:
    """NN203."""
    if any(_calls(place, "forward")) and "forward" not in place.code(place.node).replace("def forward(", "", 1):
        yield from _signature(place, "forward", r"def forward\(", "def foward(")


def forward_without_return(place: Place) -> Iterator[str]:
    """NN205: the last `return out` only names it."""
    forward = place.method("forward")
    last = forward.body[-1] if forward is not None and len(forward.body) > 1 else None
    if isinstance(last, ast.Return) and last.value is not None and last.lineno == last.end_lineno:
        returns = [node for node in ast.walk(forward) if isinstance(node, ast.Return)] if forward else []
        if len(returns) == 1:
            yield place.with_code(last, place.code(last.value))


def layer_without_self(place: Place) -> Iterator[str]:
    """NN207."""
    for call in _calls(place, "forward"):
        name = place.code(call.func).removeprefix("self.")
        if not re.search(rf"(?<![.\w]){name}\b", place.text):
            yield place.with_code(call.func, name)


def forward_called(place: Place) -> Iterator[str]:
    """NN209."""
    for call in _calls(place, "forward"):
        yield place.with_code(call.func, f"{place.code(call.func)}.forward")


def class_for_instance(place: Place) -> Iterator[str]:
    """NN211: `self.act = nn.ReLU`."""
    for layer in _layers(place):
        is_bare_call = isinstance(layer.value, ast.Call) and not layer.value.args and not layer.value.keywords
        if is_bare_call and place.code(layer.targets[0]) in map(
            place.code, (call.func for call in _calls(place, "forward"))
        ):
            yield place.with_code(layer.value, place.code(layer.value).removesuffix("()"))


def comma_behind_layer(place: Place) -> Iterator[str]:
    """NN212."""
    called = {place.code(call.func) for call in _calls(place, "forward")}
    for layer in _layers(place):
        if place.code(layer.targets[0]) in called:
            yield place.with_code(layer.value, place.code(layer.value) + ",")


def plain_list(place: Place) -> Iterator[str]:
    """NN401: the ModuleList around a list of layers with weights is left out."""
    init = place.method("__init__")
    for node in _one_row(ast.walk(init)) if init is not None else ():
        if isinstance(node, ast.Assign) and re.match(r"self\.\w+$", place.code(node.targets[0])):
            found = re.fullmatch(
                r"nn\.ModuleList\((\[nn\.(?:Linear|Conv|Embedding|LSTM|GRU|BatchNorm).*\])\)", place.code(node.value)
            )
            if found:
                yield place.with_code(node.value, found[1])


def plain_tensor(place: Place) -> Iterator[str]:
    """NN403: a constant is assigned, not registered."""
    init = place.method("__init__")
    for node in _one_row(ast.walk(init)) if init is not None else ():
        if isinstance(node, ast.Expr):
            found = re.fullmatch(
                r"self\.register_buffer\(\"(\w+)\", (torch\.(?:zeros|ones|tensor|arange)\(.*\)), persistent=False\)",
                place.code(node),
            )
            if found:
                yield place.with_code(node, f"self.{found[1]} = {found[2]}")


def softmax_without_dim(place: Place) -> Iterator[str]:
    """NN501: the dimension of a two-dimensional softmax over a Linear is left out."""
    for node in _one_row(ast.walk(place.node)):
        if isinstance(node, ast.Call) and re.fullmatch(r"F\.(?:log_)?softmax", place.code(node.func)):
            found = re.fullmatch(r"(.*), dim=1\)", place.code(node))
            if found:
                yield place.with_code(node, f"{found[1]})")


def needless_ignore(place: Place) -> Iterator[str]:
    """NN003."""
    call = _parent_call(place)
    if call is not None:
        row = place.rows[call.lineno - 1]
        yield place.with_row(call.lineno, row.rstrip("\r\n") + "  # nn-lint: ignore[NN101]\n")


def other_indentation(place: Place) -> Iterator[str]:
    """NN002: nine spaces under a tab, where CPython still reads the same."""
    forward = place.method("forward")
    if forward is None or "\t" in place.code(place.node) or place.node.col_offset or forward.decorator_list:
        return
    body = range(forward.lineno, (forward.end_lineno or 0) + 1)
    header = place.rows[forward.lineno - 1]
    if forward.body[0].lineno == forward.lineno + 1 and all(place.rows[row - 1].startswith("    ") for row in body):
        rows = list(place.rows)
        for member in place.node.body:
            if not isinstance(member, ast.FunctionDef) or member.decorator_list:
                return
        first = {member.lineno for member in place.node.body}
        if header.startswith("    def") and len(first) == len(place.node.body):
            for number in first:
                rows[number - 1] = "\t" + rows[number - 1][4:]
            for number in range(place.node.lineno + 1, (place.node.end_lineno or 0) + 1):
                if number not in first and rows[number - 1].startswith("        "):
                    rows[number - 1] = " " * 9 + rows[number - 1][8:]
            changed = "".join(rows)
            if ast.dump(ast.parse(changed)) == ast.dump(ast.parse(place.text)):
                yield changed


PLANTERS: Mapping[str, Planter] = {
    "NN002": other_indentation,
    "NN003": needless_ignore,
    "NN101": without_parent_call,
    "NN102": late_parent_call,
    "NN103": parent_call_without_parentheses,
    "NN105": misspelled_init,
    "NN107": self_given_to_super,
    "NN201": forward_without_self,
    "NN202": slip_of_self,
    "NN203": slip_of_forward,
    "NN205": forward_without_return,
    "NN207": layer_without_self,
    "NN209": forward_called,
    "NN211": class_for_instance,
    "NN212": comma_behind_layer,
    "NN401": plain_list,
    "NN403": plain_tensor,
    "NN501": softmax_without_dim,
}
