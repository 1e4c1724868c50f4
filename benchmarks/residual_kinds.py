"""The lines of the table that a residual block belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nn_lint.model.layers import ACTIVATIONS, CONVOLUTIONS, NORMS, PASSIVE
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.residual import evidence
from nn_lint.model.residual.names import STACKER
from nn_lint.model.values import Kind, Value
from nn_lint.project.code_text import bare_code
from nn_lint.project.hierarchy import ProjectClass

KINDS = ("ResNet-stacked straight", "stacked by a ResNet", "CNN", "transformer", "other", "network of lists")


def kinds_of(cls: ModuleClass) -> Iterator[str]:
    """The kinds that tell a class apart without its mutant: a network over lists of layers, transformer, CNN, other."""
    flow = cls.flow
    assert flow is not None, "asked only of classes with a forward"
    called = [
        f"{value.name} {value.layer.callee if value.layer else ''}" for value in flow.values if value.kind is Kind.LAYER
    ]
    if any(value.kind is Kind.LAYER and value.name.endswith("[]") for value in flow.values):
        yield "network of lists"
    elif any(_ATTENTION.search(words) for words in called) and any(_NORM.search(words) for words in called):
        yield "transformer"
    elif any(_CONVOLUTION.search(text) for text in _texts(cls)):
        yield "CNN"
    else:
        yield "other"


def _texts(cls: ModuleClass) -> Iterator[str]:
    """The sources of a class, of its ancestors and of the submodules that they build."""
    for item in (cls, *cls.ancestors):
        yield item.text
    for layers in cls.layers.by_attribute.values():
        for layer in layers:
            for part in (layer, *layer.children):
                if isinstance(part.cls, ProjectClass):
                    yield cls.registry.model(part.cls).text


_ATTENTION = re.compile(r"attention|attn|self_att|mha", re.IGNORECASE)
_NORM = re.compile(r"norm|(?:^|_)ln(?:_?\d|_|\b)", re.IGNORECASE)
_CONVOLUTION = re.compile(
    r"\bConv(?:[123][dD]\w*|Module|Norm\w*|B[nN]\w*|Block)?\(|\bConv[123]d\b|build_conv_layer|\bconv[1-9]x[1-9]"
)


def stacked_kinds(cls: ModuleClass) -> Iterator[str]:
    """The kinds of a block that a network named ResNet stacks: as the texts tell, whether nn-lint sees it or not."""
    word = re.compile(rf"(?<!class )\b{cls.name}\b")
    for file in cls.registry.hierarchy.files.mentioning(cls.name, cls.definition.file):
        networks = (item for item in file.facts.classes if STACKER.fullmatch(item.name) and item.name != cls.name)
        if any(word.search(bare_code(file.text.lines.rows(item.row + 1, item.end_row))) for item in networks) or any(
            word.search(handed) for handed in _MADE.findall(file.text.content)
        ):
            yield "stacked by a ResNet"
            if _is_straight(cls):
                yield "ResNet-stacked straight"
            return


_MADE = re.compile(r"\b\w*res_?ne(?:x?t|st)\w*\(([^()\[]*)", re.IGNORECASE)
"""`_resnet(BasicBlock, ...)`."""


def _is_straight(cls: ModuleClass) -> bool:
    """One chain of convolutions, norms, activations and dropout, by their types or names, two convolutions at least.

    `StraightChain.is_plain` would ask for known types, and so leave out every block whose convolutions come from a
    function such as `conv3x3`.
    """
    chain = evidence.straight_chain(cls)
    if chain is None or any(step.kind not in (Kind.LAYER, Kind.OPERATION) for step in chain.steps):
        return False
    layers = [step for step in chain.steps if step.kind is Kind.LAYER]
    convolutions = sum(_convolutions(step) for step in layers)
    return convolutions > 1 and all(_convolutions(step) or _passes(step) for step in layers)


def _convolutions(step: Value) -> int:
    """How many convolutions a step makes."""
    layer = step.layer
    if layer is None or layer.torch_name is None:
        return int(_CONVOLUTION_NAME.search(step.name) is not None)
    return sum(part.torch_name in CONVOLUTIONS for part in (layer, *layer.children))


def _passes(step: Value) -> bool:
    if step.layer is not None and step.layer.torch_name is not None:
        return all(part.torch_name in _PASSING for part in step.layer.children or (step.layer,))
    return _PASSING_NAME.search(step.name) is not None


_PASSING = NORMS | ACTIVATIONS | PASSIVE
_CONVOLUTION_NAME = re.compile(r"conv", re.IGNORECASE)
_PASSING_NAME = re.compile(r"norm|bn|relu|act|elu|swish|drop", re.IGNORECASE)
