"""
A layer that stands several times in a container, where several layers were meant: `[nn.Linear(8, 8)] * 3`.

## Why it hurts
Python repeats the reference, not the layer. `parameters()` has the weights of one layer, and each of the places
computes with the same weights: a tower of three layers trains as one layer that is applied three times. Nothing fails.
`self.conv1 = self.conv2 = nn.Conv2d(8, 8, 3)` and `dict.fromkeys(names, nn.Linear(8, 1))` do the same.

## What is not reported
Layers without weights (`[nn.ReLU()] * 3`), a layer that `forward` applies in a loop, and classes that say by a name,
a docstring or a comment that weights are shared, tied or reused; lists that are multiplied by a flag (`[norm] *
use_norm`), whose layers are copied afterwards (`deepcopy`), or that another path of `__init__` builds otherwise.

## Fix safety
Unsafe: `[layer] * n` becomes `[layer for _ in range(n)]`, which builds `n` layers. The model has more parameters from
then on; a checkpoint that was saved before holds the same weights under each of the keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from nn_lint.diagnostic import Applicability
from nn_lint.fixing.build import replace
from nn_lint.model.method import names
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.repeated_layers import Repeat, find_repeats
from nn_lint.model.stores import stores
from nn_lint.model.syntax import walk
from nn_lint.project.code_text import prose
from nn_lint.project.facts import ClassFacts
from nn_lint.project.premises.repeats import may_repeat
from nn_lint.rules.rule import Example, Finding, Repair, Rule

_SAYS_SO = re.compile(r"(?:#|\"\"\"|''')[\s\S]*(?:shar(?:e|ing)|reus|\bti(?:ed?|ing)\b[^\n]*weight)", re.IGNORECASE)
_SHARED = re.compile(
    r"shar(?:e|ing)|\bti(?:ed?|ing)\b|reus|recurr|recurs|repeat|same|siames|universal|unroll|iterat|cross.?layer",
    re.IGNORECASE,
)
_SAME_PADDING = re.compile(r"\w*same_?pad\w*|([\"'])same(?:_\w+)?\1", re.IGNORECASE)
_RECURRENT_LAYER = re.compile(r"\b(?:GRU|LSTM|RNN)(?:Cell)?\(")
_COPIED = re.compile(r"deepcopy|clones?\(")


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each layer with weights that is put into several places of one container."""
    if not cls.is_module or _says_shared(cls) or _COPIED.search(cls.text):
        return
    for found in find_repeats(cls):
        span = cls.syntax.span(found.node)
        rows = range(max(span.start.row - 1, 1), span.end.row + 1)
        is_said = any(_SHARED.search(_SAME_PADDING.sub("", cls.syntax.lines.row(row))) for row in rows)
        if is_said or _is_one_of_two(cls, found.node):
            continue
        message = (
            f"`{found.layer}` is one layer in several places, not several layers: all of them share its weights, "
            f"and `parameters()` holds them once"
        )
        yield Finding(span, message, _repair(cls, found))


def _is_one_of_two(cls: ModuleClass, node: cst.CSTNode) -> bool:
    """Whether the attribute gets something else on another path: who writes both knows what is shared."""
    for method in cls.methods:
        for store in stores(method):
            if any(inner is node for inner in walk(store.value)):
                return cls.layers.assignments.get(store.attribute, 0) > 1
    return False


def _says_shared(cls: ModuleClass) -> bool:
    """Whether name, docstring or a comment speaks of shared weights; a GRU makes a class recurrent without that."""
    said = f"{cls.name} {cls.docstring}"
    if _RECURRENT_LAYER.search(cls.text):
        said = re.sub(r"recurrent", "", said, flags=re.IGNORECASE)
    return _SHARED.search(said) is not None or any(map(_SAYS_SO.match, prose(cls.text)))


def _is_multiplied(cls: ModuleClass, node: cst.BinaryOperation) -> bool:
    """Whether the whole is multiplied once more: `[layer] * 2 * 3`."""
    products = (found for method in cls.methods for found in walk(method.node.body, cst.BinaryOperation))
    return any(
        isinstance(found, cst.BinaryOperation) and node in (found.left, found.right)
        for found in products
        if _times(found)
    )


def _times(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Multiply)


def _repair(cls: ModuleClass, found: Repeat) -> Repair | None:
    node, times = found.node, found.times
    if times is None or not isinstance(node, cst.BinaryOperation):
        return None
    listed = node.left if times is node.right else node.right
    if not isinstance(listed, cst.List):
        return None
    if "#" in cls.syntax.text(node) or _is_multiplied(cls, node):
        return None
    if not {"_", "layer"}.isdisjoint(name.value for name in names(listed)):
        return None
    count = cls.syntax.text(times)
    items = [cls.syntax.text(item.value) for item in listed.elements]
    if any(isinstance(item, cst.StarredElement) or not isinstance(item.value, cst.Call) for item in listed.elements):
        return None
    content = f"[{items[0]} for _ in range({count})]"
    if len(items) > 1:
        content = f"[layer for _ in range({count}) for layer in ({', '.join(items)})]"
    edits = (replace(cls.syntax.span(node), content),)
    return Repair("Build a layer for each place; the model gets more parameters", edits)


_TIMES = re.compile(r"\]\s*\*|\*\s*\[")
_COMPREHENSION = re.compile(r"[\[(]\s*[\w.]+\s+for\b")
_APPENDED = re.compile(r"\.append\(\s*\w+\s*\)")
_CONTAINER = re.compile(r"(?:Sequential|ModuleList|ModuleDict)\(")
_NAMED_TWICE = re.compile(r"\.\w*\d\s*=\s*\w+\.\w*\d\s*=(?!=)")


def sieve(facts: ClassFacts, source: str) -> bool:
    """A list that is multiplied, a name in a loop that counts, twice in a container, or a value with two names."""
    if "range(" in source and (_COMPREHENSION.search(source) or _APPENDED.search(source)):
        return True
    if _TIMES.search(source) is not None or "dict.fromkeys(" in source:
        return True
    return _NAMED_TWICE.search(source) is not None or _CONTAINER.search(source) is not None


RULE = Rule(
    code="NN402",
    name="repeated-instance",
    doc=__doc__,
    fix=Applicability.UNSAFE,
    check=check,
    sieve=sieve,
    premise=lambda cls: cls.tree is None or may_repeat(cls.tree),
    examples=(
        Example(
            """
            from torch import nn
            class Tower(nn.Module):
                def __init__(self, dim, depth):
                    super().__init__()
                    self.blocks = nn.Sequential(*([nn.Linear(dim, dim)] * depth))  # NN402
                    self.norms = nn.ModuleList([nn.LayerNorm(dim)] * depth)  # NN402
                    self.two = nn.Sequential(*([nn.Linear(dim, dim), nn.ReLU()] * 3))  # NN402
                    self.turned = nn.Sequential(*(2 * [nn.Linear(dim, dim)]))  # NN402
                    self.wide = nn.Sequential(*([nn.Conv1d(dim, dim, 3, padding="same")] * depth))  # NN402
                def forward(self, x):
                    return self.turned(self.two(self.blocks(x)))
            class Highways(nn.Module):
                '''A recurrent layer behind highways.'''
                def __init__(self, dim, depth):
                    super().__init__()
                    self.layers = nn.ModuleList([nn.Linear(dim, dim)] * depth)  # NN402
                    self.gru = nn.GRU(dim, dim)
                def forward(self, x):
                    return self.gru(self.layers[1](self.layers[0](x)))
            """,
            fixed="""
            from torch import nn
            class Tower(nn.Module):
                def __init__(self, dim, depth):
                    super().__init__()
                    self.blocks = nn.Sequential(*([nn.Linear(dim, dim) for _ in range(depth)]))
                    self.norms = nn.ModuleList([nn.LayerNorm(dim) for _ in range(depth)])
                    self.two = nn.Sequential(*([layer for _ in range(3) for layer in (nn.Linear(dim, dim), nn.ReLU())]))
                    self.turned = nn.Sequential(*([nn.Linear(dim, dim) for _ in range(2)]))
                    self.wide = nn.Sequential(*([nn.Conv1d(dim, dim, 3, padding="same") for _ in range(depth)]))
                def forward(self, x):
                    return self.turned(self.two(self.blocks(x)))
            class Highways(nn.Module):
                '''A recurrent layer behind highways.'''
                def __init__(self, dim, depth):
                    super().__init__()
                    self.layers = nn.ModuleList([nn.Linear(dim, dim) for _ in range(depth)])
                    self.gru = nn.GRU(dim, dim)
                def forward(self, x):
                    return self.gru(self.layers[1](self.layers[0](x)))
            """,
        ),
        Example(
            """
            from torch import nn
            class Block(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    return self.fc(x)
            class Stack(nn.Module):
                def __init__(self, dim, depth, given):
                    super().__init__()
                    block = Block(dim)
                    self.blocks = nn.ModuleList([block for _ in range(depth)])  # NN402
                    layer = nn.Linear(dim, dim)
                    layers = []
                    for _ in range(depth):
                        layers.append(layer)  # NN402
                    self.layers = nn.Sequential(*layers)
                    self.six = nn.ModuleList([block] * 6)  # NN402
                    self.given = nn.ModuleList([given for _ in range(depth)])  # NN402
                    fc = nn.Linear(dim, dim)
                    self.net = nn.Sequential(fc, nn.ReLU(), fc)  # NN402
                def forward(self, x):
                    return self.net(self.layers(x))
            """
        ),
        Example(
            """
            from torch import nn
            class Tower(nn.Module):
                def __init__(self, layer, dim, depth):
                    super().__init__()
                    self.given = nn.ModuleList([layer] * depth)  # NN402
                    self.layer = nn.Linear(dim, dim)
                    self.layers = nn.ModuleList([self.layer for _ in range(depth)])  # NN402
                    self.heads = nn.ModuleDict(dict.fromkeys(["a", "b"], nn.Linear(dim, 1)))  # NN402
                    self.conv1 = self.conv2 = nn.Conv1d(dim, dim, 3)  # NN402
                def forward(self, x, name):
                    for layer, given in zip(self.layers, self.given):
                        x = layer(x) + given(x)
                    return self.heads[name](self.conv2(self.conv1(x)))
            """
        ),
        Example(
            """
            from torch import nn
            class Apart(nn.Module):
                def __init__(self, dim, depth):
                    super().__init__()
                    layer = nn.Linear(dim, dim)
                    self.net = nn.Sequential(layer, nn.ReLU(), layer, nn.ReLU(), layer)  # NN402
                def forward(self, x):
                    return self.net(x)
            """
        ),
        Example(
            """
            from torch import nn
            class Other(nn.Module):
                def __init__(self, act, norm, dim, depth, use_norm, dims):
                    super().__init__()
                    self.acts = nn.ModuleList([act] * depth)
                    self.norms = nn.Sequential(*[norm] * use_norm)
                    self.dims = [dim] * depth
                    self.act = nn.ReLU()
                    self.more = nn.ModuleList([self.act for _ in range(depth)])
                    self.layer = nn.Linear(dim, dim)
                    self.steps = nn.ModuleList([self.layer for _ in range(depth)])
                    self.width = nn.ModuleList([nn.Linear(self.dims[0], dim) for _ in range(depth)])
                    self.head = self.decoder = nn.Linear(dim, dim)
                    self.out1 = self.out2 = nn.Linear(dim, dim)
                    self.act1 = self.act2 = nn.ReLU()
                    self.sizes = dict.fromkeys(dims, 4)
                    layer = nn.Linear(dim, dim)
                    self.net = nn.Sequential(layer, nn.ReLU())
                    self.rest = nn.Sequential(nn.Linear(dim, dim), nn.ReLU())
                def forward(self, x):
                    x = self.act2(self.act1(self.out1(self.layer(self.norms(x)))))
                    for act, step, more, width in zip(self.acts, self.steps, self.more, self.width):
                        x = act(step(more(width(x))))
                    return self.decoder(self.head(self.rest(self.net(x))))
            """
        ),
        Example(
            """
            from torch import nn
            class Net(nn.Module):
                def __init__(self, dim, depth):
                    super().__init__()
                    self.acts = nn.ModuleList([nn.ReLU()] * depth)
                    self.blocks = nn.ModuleList([nn.Linear(dim, dim) for _ in range(depth)])
                    self.one = nn.Sequential(*([nn.Linear(dim, dim)] * 1))
                    self.dims = [dim] * depth
                    self.kinds = [nn.Linear] * depth
                    act = nn.ReLU()
                    self.net = nn.Sequential(nn.Linear(dim, dim), act, nn.Linear(dim, dim), act)
                    layers = []
                    for _ in range(depth):
                        layer = nn.Linear(dim, dim)
                        layers.append(layer)
                    self.layers = nn.Sequential(*layers)
                def forward(self, x):
                    return self.net(self.layers(self.one(x)))
            class Looped(nn.Module):
                def __init__(self, dim, depth):
                    super().__init__()
                    # one set of weights, shared by all steps
                    self.blocks = nn.ModuleList([nn.Linear(dim, dim)] * depth)
                def forward(self, x):
                    for block in self.blocks:
                        x = block(x)
                    return x
            class Recurrent(nn.Module):
                def __init__(self, dim, depth):
                    super().__init__()
                    self.blocks = nn.ModuleList([nn.Linear(dim, dim)] * depth)
                def forward(self, x):
                    for block in self.blocks:
                        x = block(x)
                    return x
            class Steps(nn.Module):
                def __init__(self, dim, steps):
                    super().__init__()
                    self.layer = nn.Linear(dim, dim)
                    self.steps = steps
                def forward(self, x):
                    outputs = []
                    for _ in range(self.steps):
                        x = self.layer(x)
                        outputs.append(x)
                    return outputs
            """
        ),
        Example(
            """
            from torch import nn
            class Stack(nn.Module):
                def __init__(self, width, count):
                    super().__init__()
                    # the same block in every place, for weight sharing
                    block = nn.Linear(width, width)
                    layers = [block] * count
                    self.layers = nn.ModuleList(layers)
                def forward(self, x):
                    for layer in self.layers:
                        x = layer(x)
                    return x
            """
        ),
        Example(
            """
            from torch import nn
            class Switched(nn.Module):
                def __init__(self, dim, depth, use_norm, extra: bool, deep, refines):
                    super().__init__()
                    self.a = nn.Sequential(nn.Linear(dim, dim), *[nn.LayerNorm(dim)] * use_norm)
                    self.b = nn.Sequential(*([nn.BatchNorm1d(dim)] * int(extra)), *([nn.Linear(dim, dim)] * bool(deep)))
                    head = nn.Linear(dim, 1)
                    if refines:
                        self.heads = nn.ModuleList([nn.Linear(dim, 1) for _ in range(depth)])
                    else:
                        self.heads = nn.ModuleList([head for _ in range(depth)])
                    step = nn.Linear(dim, dim)
                    self.iterations = nn.ModuleList([step] * depth)
                def forward(self, x):
                    for step in self.iterations:
                        x = step(x)
                    return [head(self.a(self.b(x))) for head in self.heads]
            """
        ),
        Example(
            """
            from copy import deepcopy
            from torch import nn
            class Copied(nn.Module):
                def __init__(self, dim, depth):
                    super().__init__()
                    layer = nn.Linear(dim, dim)
                    self.layers = nn.ModuleList([deepcopy(one) for one in [layer] * depth])
                    templates = [layer for _ in range(depth)]
                    self.others = nn.ModuleList(map(deepcopy, templates))
                def forward(self, x):
                    for layer, other in zip(self.layers, self.others):
                        x = layer(x) + other(x)
                    return x
            """
        ),
        Example(
            """
            from torch import nn
            class Left(nn.Module):
                def __init__(self, layer, _):
                    super().__init__()
                    self.a = nn.ModuleList([nn.Linear(layer, layer), nn.ReLU()] * 3)  # NN402
                    self.b = nn.ModuleList([nn.Linear(_, _)] * 3)  # NN402
                    self.c = nn.ModuleList([nn.Linear(4, 4)] * 2 * 3)  # NN402
                    self.d = nn.ModuleList([  # NN402
                        nn.Linear(4, 4),  # one
                    ] * 3)
                def forward(self, x):
                    return self.a[0](self.b[0](self.c[0](self.d[0](x))))
            """
        ),
    ),
)
