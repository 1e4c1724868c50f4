"""What a class does with a container that it keeps: whether its items may be registered or handled by hand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.layer_calls import CONTAINERS
from nn_lint.model.method import Method, target_names
from nn_lint.model.occurrences import Chain, attribute_occurrences, name_occurrences
from nn_lint.model.syntax import dotted, walk
from nn_lint.project.hierarchy import ProjectClass
from nn_lint.project.sites import may_see

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_WORD = re.compile(r"\w+")
_FILLING = frozenset({"append", "extend", "insert", "add", "setdefault", "update", "pop", "index", "get", "reverse"})
_VIEWS = frozenset({"values", "items", "keys", "copy"})
_WALKING = frozenset({"enumerate", "zip", "reversed", "list", "tuple", "sorted", "iter", "filter"})
_MEASURING = frozenset({"len", "print", "any", "all", "isinstance", "range", "bool"})
_HANDLING = frozenset(
    (
        "to cuda cpu half float parameters named_parameters state_dict load_state_dict requires_grad_ requires_grad "
        "eval train add_module register_module register_parameter register_buffer setattr zero_grad modules apply"
    ).split()
)


def is_only_used(cls: ModuleClass, attribute: str) -> bool:
    """Whether the class and its read ancestors take items of a container, and do nothing but that and fill it."""
    is_taken = False
    for owner in (cls, *cls.ancestors):
        for method in owner.methods:
            for chain in attribute_occurrences(method.node.body, method.receiver, attribute):
                if not _is_plain_use(chain):
                    return False
                is_taken = is_taken or _is_taking(chain)
    return is_taken


def _is_taking(chain: Chain) -> bool:
    """Whether a use gets at the items; filling a container and measuring it does not."""
    parent, around = chain[-2], chain[-3]
    if isinstance(parent, cst.Subscript):
        return not isinstance(around, cst.AssignTarget)
    if isinstance(parent, cst.Attribute):
        return parent.attr.value in _VIEWS | {"get", "pop"}
    if isinstance(parent, cst.Arg):
        return not isinstance(around, cst.Call) or dotted(around.func) not in _MEASURING
    return isinstance(parent, (cst.For, cst.CompFor, cst.Assign))


def is_handled_outside(cls: ModuleClass, attribute: str) -> bool:
    """Whether an heir does more with a container than to use it, or code outside of the class moves or registers it."""
    hierarchy = cls.registry.hierarchy
    taken = re.compile(rf"[^\n]*(?<!\bself)\.{attribute}\b[^\n]*(?:\n[^\n]*)?")
    for file in hierarchy.files.mentioning(cls.name, cls.definition.file):
        if not may_see(cls.definition, file) or attribute not in file.text.content:
            continue
        rows = "".join(found[0] for found in taken.finditer(file.text.content))
        if not _HANDLING.isdisjoint(_WORD.findall(rows)) or any(name in rows for name in CONTAINERS):
            return True
        for facts in file.facts.classes:
            heir = ProjectClass(file, facts)
            if cls.definition in hierarchy.ancestry(heir).order and not _uses_plainly(
                cls.registry.model(heir), attribute
            ):
                return True
    return False


def _uses_plainly(cls: ModuleClass, attribute: str) -> bool:
    chains = (attribute_occurrences(method.node.body, method.receiver, attribute) for method in cls.methods)
    return all(_is_plain_use(chain) for found in chains for chain in found)


def local_is_only_filled(method: Method, name: str) -> bool:
    """Whether a local name is only assigned, filled, measured, and stored in an attribute of its own or given back."""
    chains = list(name_occurrences(method.node.body, name))
    ends = [chain for chain in chains if _is_end(chain)]
    if len(ends) > 1 and any(isinstance(chain[-2], cst.Return) for chain in ends):
        return False
    return all(_is_plain_use(chain) for chain in chains if chain not in ends)


def _is_end(chain: Chain) -> bool:
    """Whether a local name is given back here, or stored in attributes alone."""
    node, parent = chain[-1], chain[-2]
    if isinstance(parent, cst.Assign) and node is parent.value:
        return all(isinstance(item.target, cst.Attribute) for item in parent.targets)
    return isinstance(parent, cst.Return)


def _is_plain_use(chain: Chain) -> bool:
    """Whether the last node of a chain, a container, does not go anywhere from here."""
    node, parent = chain[-1], chain[-2]
    if isinstance(parent, (cst.AssignTarget, cst.AnnAssign, cst.Comparison, cst.If)):
        return True
    if isinstance(parent, cst.IfExp):
        return node is parent.test
    if isinstance(parent, cst.AugAssign):
        return node is parent.target
    if isinstance(parent, cst.Assign):
        return all(_is_plain_target(chain, item.target) for item in parent.targets)
    if isinstance(parent, (cst.BooleanOperation, cst.UnaryOperation, cst.Assert)):
        return True
    if isinstance(parent, cst.BinaryOperation):
        return _is_enlarged(chain)
    if isinstance(parent, cst.Attribute):
        return _is_plain_method(chain)
    if isinstance(parent, cst.Subscript):
        return _is_plain_item(chain)
    if isinstance(parent, cst.Arg):
        return _is_plain_argument(chain)
    if isinstance(parent, cst.For) and node is parent.iter:
        return not _is_handling(parent.body, _names(parent.target)) and not _hands_on(parent.target, parent.body)
    return isinstance(parent, cst.CompFor) and node is parent.iter and _is_plain_comprehension(chain)


def _is_enlarged(chain: Chain) -> bool:
    """`self.layers = self.layers + [...]`."""
    node, parent, around = chain[-1], chain[-2], chain[-3]
    if not isinstance(node, cst.Attribute) or not isinstance(around, cst.Assign) or around.value is not parent:
        return False
    return all(dotted(item.target) == dotted(node) for item in around.targets)


def _is_unpacked(target: cst.CSTNode) -> bool:
    """Whether the items get local names: attributes would register them."""
    return isinstance(target, (cst.Tuple, cst.List)) and next(walk(target, cst.Attribute), None) is None


def _is_plain_method(chain: Chain) -> bool:
    """`self.layers.append(...)`, `self.layers.values()`."""
    attribute, call = chain[-2], chain[-3]
    name = attribute.attr.value if isinstance(attribute, cst.Attribute) else ""
    if not isinstance(call, cst.Call) or call.func is not attribute:
        return False
    return name in _FILLING or (name in _VIEWS and _is_plain_use(chain[:-2]))


def _is_plain_item(chain: Chain) -> bool:
    """An item may be called, and handed to functions in small letters; a slice is a container again."""
    subscript, parent = chain[-2], chain[-3]
    if isinstance(subscript, cst.Subscript) and any(isinstance(item.slice, cst.Slice) for item in subscript.slice):
        return _is_plain_use(chain[:-1])
    if isinstance(parent, cst.Attribute):
        return parent.attr.value not in _HANDLING
    if isinstance(parent, cst.Arg):
        call = chain[-4]
        name = (dotted(call.func) or "?").rpartition(".")[2] if isinstance(call, cst.Call) else "?"
        return name[:1].islower() and name not in _HANDLING
    if isinstance(parent, cst.Assign):
        return all(isinstance(item.target, cst.Name) or _is_unpacked(item.target) for item in parent.targets)
    used = (cst.Call, cst.AssignTarget, cst.Subscript, cst.For, cst.Comparison, cst.BinaryOperation)
    return isinstance(parent, used)


def _is_plain_argument(chain: Chain) -> bool:
    call = chain[-3]
    name = dotted(call.func) if isinstance(call, cst.Call) else None
    if name in _MEASURING:
        return True
    return name in _WALKING and _is_plain_use(chain[:-2])


def _is_plain_comprehension(chain: Chain) -> bool:
    """A comprehension that calls the items; one that hands them on, or takes their parameters, does something else."""
    comprehension = next(
        node for node in reversed(chain) if isinstance(node, (cst.BaseComp, cst.DictComp)) and node is not chain[-1]
    )
    value = comprehension.value if isinstance(comprehension, cst.DictComp) else comprehension.elt  # type: ignore[attr-defined]
    loops = [node for node in walk(comprehension, cst.CompFor) if isinstance(node, cst.CompFor)]
    names = frozenset(name for loop in loops for name in _names(loop.target))
    if isinstance(value, cst.Name) or _is_handling(comprehension, names):
        return False
    return not any(_hands_on(loop.target, comprehension) for loop in loops)


def _hands_on(target: cst.CSTNode, body: cst.CSTNode) -> bool:
    """Whether code that goes through items stores them, or gives them to a class, a container or its own method."""
    items = set(target_names(target))
    for node in walk(body, cst.Assign, cst.Call):
        is_assigned = isinstance(node, cst.Assign) and _is_one_of(node.value, items)
        if is_assigned and not all(isinstance(item.target, cst.Name) for item in node.targets):  # type: ignore[attr-defined]
            return True
        if isinstance(node, cst.Call) and any(_is_one_of(item.value, items) for item in node.args):
            owner, _, name = (dotted(node.func) or "?.?").rpartition(".")
            if not name.islower() or name in _FILLING or owner == "self":
                return True
    return False


def _is_one_of(node: cst.CSTNode, names: set[str]) -> bool:
    return isinstance(node, cst.Name) and node.value in names


def _is_handling(node: cst.CSTNode, items: frozenset[str]) -> bool:
    """Whether code moves, trains or registers the items of what it goes through, or gives them other names."""
    for item in walk(node, cst.Attribute, cst.Call, cst.Assign):
        if isinstance(item, cst.Attribute):
            acts = item.attr.value in _HANDLING and _owner(item) in items
        elif isinstance(item, cst.Call):
            named = (dotted(item.func) or "?").rpartition(".")[2] in _HANDLING
            acts = named and any(_names(argument.value) & items for argument in item.args)
        else:
            acts = isinstance(item, cst.Assign) and isinstance(item.value, cst.Name) and item.value.value in items
        if acts:
            return True
    return False


def _owner(node: cst.CSTNode) -> str:
    """The name that an attribute is one of, also by way of items: the result of a call belongs to nobody."""
    while isinstance(node, (cst.Attribute, cst.Subscript)):
        node = node.value
    return node.value if isinstance(node, cst.Name) else ""


def _names(node: cst.CSTNode) -> frozenset[str]:
    return frozenset(item.value for item in walk(node, cst.Name) if isinstance(item, cst.Name))


def _is_plain_target(chain: Chain, target: cst.BaseExpression) -> bool:
    """Whether what a container is assigned to goes nowhere either: its items, a part of itself, a local name."""
    if isinstance(target, cst.Attribute):
        return dotted(target) == dotted(chain[-1].value) if isinstance(chain[-1], cst.Subscript) else False
    if not isinstance(target, cst.Name):
        return _is_unpacked(target)
    uses = [item for item in name_occurrences(chain[0], target.value) if not isinstance(item[-2], cst.AssignTarget)]
    return not any(map(_is_stored, uses)) and all(map(_is_plain_use, uses))


def _is_stored(chain: Chain) -> bool:
    return any(isinstance(node, cst.Assign) for node in chain[-4:-1])
