"""Calls that build layers: which class each builds, and whether what is built has weights of its own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import libcst as cst

from nn_lint.model.layers import CONVOLUTIONS, NORMS, PASSIVE
from nn_lint.model.method import Method
from nn_lint.model.syntax import dotted
from nn_lint.project.hierarchy import Kinship, ProjectClass, Resolved, TorchClass
from nn_lint.project.torch_names import MODULES

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModelRegistry, ModuleClass

CONTAINERS = frozenset({"Sequential", "ModuleList", "ModuleDict"})
DROPOUTS = PASSIVE - {"Identity"} | {"FeatureAlphaDropout"}
WEIGHTED = (
    CONVOLUTIONS
    | {f"{lazy}ConvTranspose{rank}d" for rank in (1, 2, 3) for lazy in ("", "Lazy")}
    | {f"LazyConv{rank}d" for rank in (1, 2, 3)}
    | {f"LazyBatchNorm{rank}d" for rank in (1, 2, 3)}
    | (NORMS - {f"InstanceNorm{rank}d" for rank in (1, 2, 3)} - {"LocalResponseNorm"})
    | frozenset(
        (
            "Linear LazyLinear Bilinear Embedding EmbeddingBag LSTM GRU RNN LSTMCell GRUCell RNNCell PReLU "
            "MultiheadAttention Transformer TransformerEncoder TransformerDecoder TransformerEncoderLayer "
            "TransformerDecoderLayer AdaptiveLogSoftmaxWithLoss"
        ).split()
    )
)
_WEIGHTS = re.compile(r"(?:\bnn\.|[^.\w])(?:Parameter|" + "|".join(sorted(WEIGHTED)) + r")\(")
_CALLED = re.compile(r"(?<![\w.])([A-Z]\w*)\(")
_DEPTH = 3


def built_class(cls: ModuleClass, method: Method, node: cst.CSTNode) -> Resolved | None:
    """The class of layers that an expression makes an instance of, `None` where it is no call of one for certain."""
    callee = dotted(node.func) if isinstance(node, cst.Call) else None
    if callee is None or not callee.rpartition(".")[2].lstrip("_")[:1].isupper():
        return None
    found = cls.resolve(callee)
    if isinstance(found, TorchClass):
        known = found.name in MODULES
    else:
        known = isinstance(found, ProjectClass) and cls.resolve_class(found) is Kinship.MODULE
    return found if known and callee.split(".")[0] not in method.locals else None


def is_parameter(cls: ModuleClass, method: Method, node: cst.CSTNode) -> bool:
    """Whether an expression makes a parameter."""
    callee = dotted(node.func) if isinstance(node, cst.Call) else None
    if callee is None or callee.rpartition(".")[2] != "Parameter" or callee.split(".")[0] in method.locals:
        return False
    return cls.resolve(callee) == TorchClass("Parameter")


def holds_weights(cls: ModuleClass, method: Method, node: cst.CSTNode) -> bool:
    """Whether a call builds a layer that has weights for certain, itself or in what it is handed."""
    found = built_class(cls, method, node)
    if not isinstance(node, cst.Call) or found is None:
        return False
    if isinstance(found, ProjectClass):
        return class_holds_weights(cls.registry, found)
    assert isinstance(found, TorchClass), "a class of layers is torch's or the project's"
    if found.name in CONTAINERS:
        return any(holds_weights(cls, method, inner) for item in node.args for inner in elements(item.value))
    return found.name in WEIGHTED and not _is_plain(node)


def elements(node: cst.BaseExpression) -> tuple[cst.BaseExpression, ...]:
    """What a list or tuple that is written out holds, each in turn; any other expression is its own element."""
    if isinstance(node, (cst.List, cst.Tuple)):
        return tuple(inner for item in node.elements for inner in elements(item.value))
    if isinstance(node, (cst.ListComp, cst.GeneratorExp)):
        return elements(node.elt)
    if isinstance(node, cst.BinaryOperation):
        return (*elements(node.left), *elements(node.right))
    if isinstance(node, cst.Call) and dotted(node.func) in ("OrderedDict", "collections.OrderedDict", "list", "tuple"):
        return tuple(inner for item in node.args for inner in elements(item.value))
    return (node,)


def class_holds_weights(registry: ModelRegistry, cls: ProjectClass, depth: int = _DEPTH) -> bool:
    """Whether the text of a class, of its bases or of the classes that it calls makes weights."""
    if cls not in registry.weighted:
        registry.weighted[cls] = False
        registry.weighted[cls] = _makes_weights(registry, cls, depth)
    return registry.weighted[cls]


def _makes_weights(registry: ModelRegistry, cls: ProjectClass, depth: int) -> bool:
    order = (cls, *registry.hierarchy.ancestry(cls).order)
    if any(isinstance(item, TorchClass) and item.name in WEIGHTED for item in order):
        return True
    own = [item for item in order if isinstance(item, ProjectClass)]
    texts = [item.file.text.readable.rows(item.facts.first_row, item.facts.end_row) for item in own]
    if any(map(_WEIGHTS.search, texts)):
        return True
    called = {(item, name) for item, text in zip(own, texts) for name in _CALLED.findall(text)} if depth else set()
    found = (registry.hierarchy.resolve(name, item.file, item.facts) for item, name in called)
    return any(class_holds_weights(registry, item, depth - 1) for item in found if isinstance(item, ProjectClass))


def _is_plain(call: cst.Call) -> bool:
    """A norm without weights of its own."""
    switches = {"affine", "elementwise_affine"}
    return any(
        item.keyword is not None
        and item.keyword.value in switches
        and isinstance(item.value, cst.Name)
        and item.value.value == "False"
        for item in call.args
    )
