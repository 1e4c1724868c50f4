"""What `__init__` and `forward` do with a constructor parameter, and what follows for its value."""

from __future__ import annotations

import ast
import re
from typing import Dict, Iterator, List, Optional

from .vocabulary import constructor_value

NUMBERS = "[8, 8, 8, 8]"
MODULE_ATTRIBUTES = {"parameters", "modules", "children", "eval"}
HINTS = {"int": None, "float": "0.1", "bool": "False", "str": '"mean"', "Tensor": "torch.randn(4, 4)"}


def annotated_value(annotation: Optional[ast.expr]) -> Optional[str]:
    """A value for a type hint, where the type alone is enough; an `int` is left to its name."""
    if annotation is None:
        return None
    text = ast.unparse(annotation).strip("'\"")
    plain = text.replace("Optional[", "").rstrip("]").replace("torch.", "").replace("typing.", "").replace("t.", "")
    if plain in HINTS:
        return HINTS[plain]
    if text.startswith(("Optional[", "Union[None")) or text.endswith("| None"):
        return "None"
    if text.startswith(("Callable", "Type[", "type[", "typing.Callable")):
        return "nn.Identity"
    if plain in ("nn.Module", "Module"):
        return "nn.Identity()"
    if plain == "nn.ModuleList":
        return "nn.ModuleList([nn.Identity()])"
    found = re.match(r"(?:\w+\.)?(List|list|Sequence|Tuple|tuple)\[(.*)\]$", text)
    return sequence_value(*found.groups()) if found else None


def sequence_value(holder: str, inner: str) -> str:
    """A list or tuple of what the brackets of its hint name."""
    is_tuple = holder in ("Tuple", "tuple")
    value = '"a"' if inner.startswith("str") else "0.1" if inner.startswith("float") else "8"
    count = inner.count(",") + 1 if is_tuple and "..." not in inner else 4
    items = ", ".join([value] * count)
    return f"({items},)" if is_tuple else f"[{items}]"


def used_value(init: ast.FunctionDef, methods: List[ast.FunctionDef], name: str) -> Optional[str]:
    """A value for a parameter by what the class does with it; None where its uses tell nothing."""
    keys = keys_read(methods, name)
    if keys:
        return "{" + ", ".join(f"{key!r}: {constructor_value(key) or '8'}" for key in keys) + "}"
    structure = next((value for value in (structure_of(node, name) for node in ast.walk(init)) if value), None)
    if structure is not None:
        return structure
    calls = [node for node in ast.walk(init) if isinstance(node, ast.Call) and is_name(node.func, name)]
    if calls:
        return "nn.Identity" if not calls[-1].args else call_result(calls[-1])
    attributes = set(attributes_of(init, name))
    if attributes:
        return "nn.Identity()" if attributes & MODULE_ATTRIBUTES else "SimpleNamespace()"
    compared = (compared_text(node, name) for node in ast.walk(init) if isinstance(node, ast.Compare))
    chosen = next((text for text in compared if text), None)
    if chosen is not None:
        return chosen
    stored = stored_as(init, name)
    nodes = (node for method in methods for node in ast.walk(method))
    if stored and any(isinstance(node, ast.Call) and is_self(node.func, stored) for node in nodes):
        return "nn.Identity()"
    return None


def keys_read(methods: List[ast.FunctionDef], name: str) -> List[str]:
    """The keys that are read from a parameter, or from the attribute of its name: `options["width"]`."""
    keys: List[str] = []
    for method in methods:
        for node in ast.walk(method):
            if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
                key, held = node.slice.value, is_name(node.value, name) or is_self(node.value, name)
                if held and isinstance(key, str) and isinstance(node.ctx, ast.Load) and key not in keys:
                    keys.append(key)
    return keys


def structure_of(node: ast.AST, name: str) -> Optional[str]:
    """A list, dictionary or number where a node treats the parameter as one."""
    if isinstance(node, ast.Subscript) and is_name(node.value, name) and isinstance(node.ctx, ast.Load):
        return NUMBERS
    if isinstance(node, (ast.For, ast.comprehension)) and iterates(node.iter, name):
        return NUMBERS
    if isinstance(node, ast.Starred) and is_name(node.value, name):
        return "[8, 8]"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and any(is_name(a, name) for a in node.args):
        return {"range": "2", "len": NUMBERS}.get(node.func.id)
    return None


def call_result(node: ast.Call) -> str:
    """The class to pass where `__init__` calls the parameter: an activation for `inplace`, else by its width."""
    words = {word.arg for word in node.keywords}
    if "inplace" in words:
        return "nn.ReLU"
    if "kernel_size" in words or len(node.args) > 2:
        return "nn.Conv2d"
    return "nn.BatchNorm2d" if len(node.args) == 1 else "nn.Linear"


def attributes_of(init: ast.FunctionDef, name: str) -> Iterator[str]:
    """Attributes that `__init__` reads from a parameter."""
    for node in ast.walk(init):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and is_name(node.value, name):
            yield node.attr


def stored_as(init: ast.FunctionDef, name: str) -> Optional[str]:
    """The attribute that a parameter is stored in as it is."""
    for node in ast.walk(init):
        if isinstance(node, ast.Assign) and is_name(node.value, name) and isinstance(node.targets[0], ast.Attribute):
            return node.targets[0].attr
    return None


def compared_text(node: ast.Compare, name: str) -> Optional[str]:
    """The first string that a parameter is compared with."""
    if not is_name(node.left, name) or not isinstance(node.ops[0], (ast.Eq, ast.In)):
        return None
    for part in ast.walk(node.comparators[0]):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            return repr(part.value)
    return None


def iterates(node: ast.expr, name: str) -> bool:
    """Whether a loop goes over the parameter: itself, or through `enumerate`, `zip`, `reversed`."""
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"enumerate", "zip", "reversed"}
    ):
        return any(is_name(argument, name) for argument in node.args)
    return is_name(node, name)


def is_name(node: ast.expr, name: str) -> bool:
    """Whether an expression is this bare name."""
    return isinstance(node, ast.Name) and node.id == name


def is_self(node: ast.expr, attribute: str) -> bool:
    """Whether an expression is `self.<attribute>`."""
    return isinstance(node, ast.Attribute) and node.attr == attribute and is_name(node.value, "self")


def methods_of(node: ast.ClassDef) -> Dict[str, ast.FunctionDef]:
    """The class's own methods by name."""
    return {item.name: item for item in node.body if isinstance(item, ast.FunctionDef)}
