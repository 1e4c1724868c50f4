"""Puts a plain container of layers into the one of torch that registers them."""

from __future__ import annotations

import libcst as cst

from nn_lint.diagnostic import Edit
from nn_lint.fixing.build import insert, replace
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.occurrences import Chain, attribute_occurrences
from nn_lint.model.plain_containers import Item, PlainContainer
from nn_lint.model.torch_spelling import spell_layer
from nn_lint.project.torch_names import MODULE_NAMES

_LIST_METHODS = frozenset({"append", "extend", "insert", "pop"})
_DICT_METHODS = frozenset({"values", "items", "keys", "update", "pop", "clear"})
_TAKEN_KEYS = MODULE_NAMES | frozenset(
    (
        "xpu ipu mtia compile keys items values pop clear update call_super_init set_submodule T_destination "
        "register_full_backward_pre_hook register_load_state_dict_post_hook register_load_state_dict_pre_hook "
        "register_state_dict_post_hook register_state_dict_pre_hook"
    ).split()
)


def register(cls: ModuleClass, found: PlainContainer) -> tuple[str, tuple[Edit, ...]] | str:
    """The name of torch's container and the edits that use it, or why there are none."""
    container = spell_layer(cls, f"{found.kind}{'Dict' if found.is_dict else 'List'}")
    if not found.kind:
        return "not everything that it holds is a layer for certain"
    if container is None:
        return "no import of the file leads to `torch.nn`"
    if any(item.nested for item in found.items):
        return "containers in it have to be registered too"
    if found.is_dict and not all(_fits(item) for item in found.items):
        return "`nn.ModuleDict` wants strings without dots as keys"
    if not _knows_methods(cls, found):
        return "`self." + found.attribute + "` is used in a way that torch's container does not know"
    return container, tuple(_edits(cls, found, container))


def _fits(item: Item) -> bool:
    key = item.key.evaluated_value if isinstance(item.key, cst.SimpleString) else None
    return isinstance(key, str) and bool(key) and "." not in key and key not in _TAKEN_KEYS and key[0] != "_"


def _knows_methods(cls: ModuleClass, found: PlainContainer) -> bool:
    known = _DICT_METHODS if found.is_dict else _LIST_METHODS
    known = known & {"append", "extend", "values", "items", "keys"} if found.kind == "Parameter" else known
    for owner in (cls, *cls.ancestors):
        for method in owner.methods:
            for chain in attribute_occurrences(method.node.body, method.receiver, found.attribute):
                parent = chain[-2]
                if isinstance(parent, cst.Attribute) and parent.attr.value not in known:
                    return False
                if isinstance(parent, (cst.BinaryOperation, cst.Comparison)) or not _is_known_growth(chain):
                    return False
    return True


def _is_known_growth(chain: Chain) -> bool:
    """Whether a container of torch grows in the same way: by `+=`, and by `update` of a dict without keywords."""
    parent, call = chain[-2], chain[-3]
    if isinstance(parent, cst.AugAssign):
        return isinstance(parent.operator, cst.AddAssign)
    return not isinstance(call, cst.Call) or call.func is not parent or all(item.keyword is None for item in call.args)


def _edits(cls: ModuleClass, found: PlainContainer, container: str) -> list[Edit]:
    span, node = cls.syntax.span(found.value), found.value
    if isinstance(node, (cst.List, cst.Dict)) and not node.elements:
        return [replace(span, f"{container}()")]
    opening, closing = ("([", "])") if isinstance(node, cst.Tuple) else ("(", ")")
    return [insert(span.start, f"{container}{opening}"), insert(span.end, closing)]
