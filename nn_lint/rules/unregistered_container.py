"""
A plain list, tuple or dict of layers in an attribute.

## Why it hurts
`nn.Module` registers what is assigned to an attribute, and does not look into a list, tuple or dict. Nothing fails:
the layers compute, but `parameters()` does not name them, so an optimizer never trains them; `.to("cuda")` leaves them
on the CPU, `.eval()` leaves their dropout on, and `state_dict()` does not save them: a model that is loaded gets new
random weights in their place.

## What is not reported
Containers whose layers are registered elsewhere too (`add_module`, `setattr`, `nn.Sequential(*layers)`), that are
handed to a function, returned, or handled by hand (`for layer in self.layers: layer.to(device)`), layers without
weights such as `nn.ReLU()`, and a list of one element, which is how a module is kept out of `parameters()` on purpose,
unless a loop adds such lists up.

## Fix safety
Unsafe: the container becomes an `nn.ModuleList` or `nn.ModuleDict`. The layers are trained from then on, and
`state_dict` gets their keys: checkpoints that were saved before lack them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from nn_lint.diagnostic import Applicability
from nn_lint.fixing.registration import register
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.plain_containers import PlainContainer, plain_containers
from nn_lint.project.facts import ClassFacts
from nn_lint.project.premises.containers import may_hold_layers
from nn_lint.rules.rule import Example, Finding, Repair, Rule

_OWN_WAYS = (
    "parameters named_parameters children named_children modules named_modules state_dict _apply to cuda __setattr__ "
    "__getattr__"
).split()
_ON_PURPOSE = re.compile(
    r"#.*(?:\bhid|regist|on purpose|intention|deliberate|parameters\(\)|not train|state_?dict|optimi|frozen|freez)",
    re.IGNORECASE,
)


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each container of layers that the class keeps unregistered."""
    if not cls.is_module or any(map(cls.defines, _OWN_WAYS)):
        return
    for found in plain_containers(cls):
        span = cls.syntax.span(found.value)
        rows = (cls.syntax.lines.row(row) for row in (span.start.row - 1, span.start.row, span.end.row))
        if any(map(_ON_PURPOSE.search, rows)):
            continue
        yield _finding(cls, found)


def _finding(cls: ModuleClass, found: PlainContainer) -> Finding:
    span = cls.syntax.span(found.value)
    what = "parameters" if found.kind == "Parameter" else "layers"
    kind = "dict" if found.is_dict else "list or tuple"
    message = (
        f"the {what} in `self.{found.attribute}` are not registered, since a plain {kind} holds them: they are not in "
        f"`parameters()`, never train, stay on the CPU and are not saved"
    )
    edits = register(cls, found)
    if isinstance(edits, str):
        return Finding(span, f"{message}; no fix: {edits}")
    container, changes = edits
    return Finding(span, message, Repair(f"Hold them in `{container}`; checkpoints get new keys", changes))


_CONTAINER = r"(?:[\[{]|(?:list|tuple|dict|(?:collections\.)?OrderedDict)\(|[^\n=]*[*+][ \t(]*\[)"
_STORED = re.compile(rf"\.\w+[ \t]*(?::[^=\n]+)?=(?!=)\s*(?:\(|{_CONTAINER}|[\w.]+\(.*\),)")
_STORED_NAME = re.compile(r"\.\w+[ \t]*(?::[^=\n]+)?=[ \t(]*(\w+)[ \t)]*(?:[;#\r\n]|$)")
_LOCAL = re.compile(rf"(?<![.\w])(\w+)[ \t]*(?::[^=\n]+)?=(?!=)[ \t(\\\r\n]*{_CONTAINER}")
_LAYER = re.compile(r"\b[A-Z]\w*\(")


_MADE = re.compile(r"\.\w+[ \t]*(?::[^=\n]+)?=(?!=)[ \t(\\\r\n]*\w+\.\w+\(")
_GIVEN_BACK = re.compile(rf"\breturn[ \t(\\\r\n]*{_CONTAINER}")
_GIVEN_NAME = re.compile(r"\breturn[ \t(\\\r\n]*(\w+)")


def sieve(facts: ClassFacts, source: str) -> bool:
    """An attribute that is a container, or is given a name or by a method that is one, and the call of some class."""
    if _LAYER.search(source) is None and "copy(" not in source:
        return False
    if _STORED.search(source) is not None:
        return True
    local = set(_LOCAL.findall(source))
    if not local.isdisjoint(_STORED_NAME.findall(source)):
        return True
    is_made = _MADE.search(source) is not None
    return is_made and (_GIVEN_BACK.search(source) is not None or not local.isdisjoint(_GIVEN_NAME.findall(source)))


RULE = Rule(
    code="NN401",
    name="unregistered-container",
    doc=__doc__,
    fix=Applicability.UNSAFE,
    check=check,
    sieve=sieve,
    premise=lambda cls: cls.tree is None or may_hold_layers(cls.tree),
    examples=(
        Example(
            """
            import torch
            from torch import nn
            class Mlp(nn.Module):
                def __init__(self, dim, depth):
                    super().__init__()
                    self.layers = [nn.Linear(dim, dim) for _ in range(depth)]  # NN401
                    self.heads = {"a": nn.Linear(dim, 1), "b": nn.Linear(dim, 2)}  # NN401
                    self.pair = (nn.Linear(dim, dim), nn.Linear(dim, dim))  # NN401
                    self.drops = [nn.Dropout(0.1), nn.Dropout(0.2)]  # NN401
                    self.scales = [nn.Parameter(torch.ones(dim)) for _ in range(depth)]  # NN401
                def forward(self, x, name):
                    for layer in self.layers:
                        x = layer(x).relu()
                    first, second = self.pair
                    x = self.drops[0](first(x) + second(x)) * self.scales[0]
                    return self.heads[name](x)
            class Grown(nn.Module):
                def __init__(self, dim, depth):
                    super().__init__()
                    self.layers = []  # NN401
                    for _ in range(depth):
                        self.layers.append(nn.Linear(dim, dim))
                    self.layers += [nn.ReLU()]
                    self.heads = {}  # NN401
                    self.heads["a"] = nn.Linear(dim, 1)
                    blocks = list()
                    for _ in range(depth):
                        block = nn.Sequential(nn.Linear(dim, dim), nn.ReLU())
                        blocks.append(block)
                    self.blocks = blocks  # NN401
                def forward(self, x):
                    for i, layer in enumerate(self.layers):
                        x = layer(x) + self.blocks[i](x)
                    return [head(x) for head in self.heads.values()]
            class Block(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    return self.fc(x)
            class Stack(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.blocks = [Block(dim)] * 3  # NN401
                def forward(self, x):
                    return sum(block(x) for block in self.blocks)
            class Pruned(nn.Module):
                def __init__(self, dim, depth):
                    super().__init__()
                    self.blocks = [Block(dim) for _ in range(depth)]  # NN401
                def prune(self, count):
                    self.blocks = self.blocks[:count]
                def forward(self, x, count):
                    blocks = self.blocks[:count]
                    chosen = self.blocks
                    for block in self.blocks:
                        x = block(x.to(torch.float32)).float()
                    for block in chosen:
                        x = block(x)
                    return x, len(blocks)
            """,
            fixed="""
            import torch
            from torch import nn
            class Mlp(nn.Module):
                def __init__(self, dim, depth):
                    super().__init__()
                    self.layers = nn.ModuleList([nn.Linear(dim, dim) for _ in range(depth)])
                    self.heads = nn.ModuleDict({"a": nn.Linear(dim, 1), "b": nn.Linear(dim, 2)})
                    self.pair = (nn.ModuleList([nn.Linear(dim, dim), nn.Linear(dim, dim)]))
                    self.drops = nn.ModuleList([nn.Dropout(0.1), nn.Dropout(0.2)])
                    self.scales = nn.ParameterList([nn.Parameter(torch.ones(dim)) for _ in range(depth)])
                def forward(self, x, name):
                    for layer in self.layers:
                        x = layer(x).relu()
                    first, second = self.pair
                    x = self.drops[0](first(x) + second(x)) * self.scales[0]
                    return self.heads[name](x)
            class Grown(nn.Module):
                def __init__(self, dim, depth):
                    super().__init__()
                    self.layers = nn.ModuleList()
                    for _ in range(depth):
                        self.layers.append(nn.Linear(dim, dim))
                    self.layers += [nn.ReLU()]
                    self.heads = nn.ModuleDict()
                    self.heads["a"] = nn.Linear(dim, 1)
                    blocks = list()
                    for _ in range(depth):
                        block = nn.Sequential(nn.Linear(dim, dim), nn.ReLU())
                        blocks.append(block)
                    self.blocks = nn.ModuleList(blocks)
                def forward(self, x):
                    for i, layer in enumerate(self.layers):
                        x = layer(x) + self.blocks[i](x)
                    return [head(x) for head in self.heads.values()]
            class Block(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    return self.fc(x)
            class Stack(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.blocks = nn.ModuleList([Block(dim)] * 3)
                def forward(self, x):
                    return sum(block(x) for block in self.blocks)
            class Pruned(nn.Module):
                def __init__(self, dim, depth):
                    super().__init__()
                    self.blocks = nn.ModuleList([Block(dim) for _ in range(depth)])
                def prune(self, count):
                    self.blocks = self.blocks[:count]
                def forward(self, x, count):
                    blocks = self.blocks[:count]
                    chosen = self.blocks
                    for block in self.blocks:
                        x = block(x.to(torch.float32)).float()
                    for block in chosen:
                        x = block(x)
                    return x, len(blocks)
            """,
        ),
        Example(
            """
            from torch import nn
            class Tables(nn.Module):
                def __init__(self, dim, names):
                    super().__init__()
                    self.grid = [[nn.Linear(dim, dim) for _ in range(2)] for _ in range(3)]  # NN401
                    self.heads = {name: nn.Linear(dim, 1) for name in names}  # NN401
                    self.dotted = {"a.b": nn.Linear(dim, 1)}  # NN401
                def forward(self, x, name):
                    for row in self.grid:
                        for layer in row:
                            x = layer(x)
                    return self.heads[name](x) + self.dotted["a.b"](x)
            """
        ),
        Example(
            """
            from torch import nn
            class Linked(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    first = self.first = nn.Linear(dim, dim)
                    last = self.last = nn.Linear(dim, dim)
                    self.path = (first, last)
                    self.ends = [nn.Linear(dim, dim), nn.Linear(dim, dim)]
                    self.left, self.right = self.ends
                    self.rows = [nn.Linear(dim, dim), nn.Linear(dim, dim)]
                    self.row = self.rows[0]
                    self.rest = self.rows[1]
                    self.grown = [nn.Linear(dim, dim), nn.Linear(dim, dim)]
                    self.registered = nn.ModuleList()
                    self.registered += self.grown
                    spec = [(nn.Linear(dim, dim), nn.ReLU()), (nn.Linear(dim, dim), nn.Tanh())]
                    self.spec = spec
                    self.blocks = nn.ModuleList(nn.Sequential(*pair) for pair in spec)
                    self.named = [nn.Linear(dim, dim), nn.Linear(dim, dim)]
                    for i, layer in enumerate(self.named):
                        self._modules[f"named{i}"] = layer
                    self.kept = [nn.Linear(dim, dim), nn.Linear(dim, dim)]
                    for layer in self.kept:
                        self.keep(layer)
                    self.listed = [nn.Linear(dim, dim), nn.Linear(dim, dim)]
                    for layer in self.listed:
                        self.registered.append(layer)
                    self.heads = [nn.Linear(dim, 1) for _ in range(3)]
                def keep(self, layer):
                    self.add_module(f"kept{len(self._modules)}", layer)
                @property
                def heads(self):
                    return list(self._heads)
                @heads.setter
                def heads(self, value):
                    self._heads = nn.ModuleList(value)
                def forward(self, x):
                    for layer in (*self.path, self.ends[0], self.rows[0], self.grown[0], self.named[0], self.kept[0]):
                        x = layer(x)
                    for layer, act in self.spec:
                        x = act(layer(x)) + self.path[0](x) + self.listed[0](x)
                    return [head(x) for head in self.heads]
            class Base(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.towers = [nn.Linear(dim, dim), nn.Linear(dim, dim)]
                    self.trained = [nn.Linear(dim, dim), nn.Linear(dim, dim)]
                def forward(self, x):
                    return self.trained[0](self.towers[0](x))
            class Heir(Base):
                def __init__(self, dim):
                    super().__init__(dim)
                    self.modules_ = nn.ModuleList(self.towers)
            def parameters_of(model):
                return [p for layer in model.trained for p in layer.parameters()]
            """
        ),
        Example(
            """
            from copy import deepcopy
            from torch import nn
            class Added(nn.Module):
                def __init__(self, dim, depth):
                    super().__init__()
                    self.a = []  # NN401
                    self.b = []  # NN401
                    self.c = []
                    self.c += [nn.Linear(dim, dim)]
                    for _ in range(depth):
                        self.a += [nn.Linear(dim, dim)]
                        self.b.extend([nn.Linear(dim, dim)])
                def forward(self, x):
                    for a, b in zip(self.a, self.b):
                        x = a(x) + b(x)
                    return x + self.c[0](x)
            class Made(nn.Module):
                def __init__(self, dims):
                    super().__init__()
                    self.a = self.make(dims)  # NN401
                    self.b = self.listed(dims)  # NN401
                    self.c = list(map(lambda dim: nn.Linear(dim, dim), dims))  # NN401
                def make(self, dims):
                    layers = []
                    for dim in dims:
                        layers += [nn.Linear(dim, dim), nn.ReLU()]
                    return layers
                @staticmethod
                def listed(dims):
                    return [nn.Linear(dim, dim) for dim in dims]
                def forward(self, x):
                    for a, b, c in zip(self.a, self.b, self.c):
                        x = a(x) + b(x) + c(x)
                    return x
            """,
            fixed="""
            from copy import deepcopy
            from torch import nn
            class Added(nn.Module):
                def __init__(self, dim, depth):
                    super().__init__()
                    self.a = nn.ModuleList()
                    self.b = nn.ModuleList()
                    self.c = []
                    self.c += [nn.Linear(dim, dim)]
                    for _ in range(depth):
                        self.a += [nn.Linear(dim, dim)]
                        self.b.extend([nn.Linear(dim, dim)])
                def forward(self, x):
                    for a, b in zip(self.a, self.b):
                        x = a(x) + b(x)
                    return x + self.c[0](x)
            class Made(nn.Module):
                def __init__(self, dims):
                    super().__init__()
                    self.a = nn.ModuleList(self.make(dims))
                    self.b = nn.ModuleList(self.listed(dims))
                    self.c = nn.ModuleList(list(map(lambda dim: nn.Linear(dim, dim), dims)))
                def make(self, dims):
                    layers = []
                    for dim in dims:
                        layers += [nn.Linear(dim, dim), nn.ReLU()]
                    return layers
                @staticmethod
                def listed(dims):
                    return [nn.Linear(dim, dim) for dim in dims]
                def forward(self, x):
                    for a, b, c in zip(self.a, self.b, self.c):
                        x = a(x) + b(x) + c(x)
                    return x
            """,
        ),
        Example(
            """
            from copy import deepcopy
            from torch import nn
            class Copies(nn.Module):
                def __init__(self, layer, body: nn.Module, depth):
                    super().__init__()
                    self.layers = [deepcopy(layer) for _ in range(depth)]  # NN401
                    self.bodies = [deepcopy(body) for _ in range(depth)]  # NN401
                    self.more = []  # NN401
                    for _ in range(depth):
                        self.more = self.more + [nn.Linear(4, 4)]
                def forward(self, x):
                    for layer, body, more in zip(self.layers, self.bodies, self.more):
                        x = layer(x) + body(x) + more(x)
                    return x
            """
        ),
        Example(
            """
            from copy import deepcopy
            from torch import nn
            class Kept(nn.Module):
                def __init__(self, layer, config, dims):
                    super().__init__()
                    self.configs = [deepcopy(config) for _ in dims]
                    self.hidden = [deepcopy(layer)]
                    self.a = self.named(dims)
                    self.b = self.cached(dims)
                    self.c = self.pair(4)
                    self.d = self.one(4)
                    self.e = nn.ModuleList(self.plain(dims))
                    self.first, self.last = self.plain(dims)
                    self.f = self.plain(dims) if dims else nn.ModuleList(self.plain(dims))
                    self.g = self.kinds(dims)
                    self.h = self.listed = nn.ModuleList(map(lambda dim: nn.Linear(dim, dim), dims))
                def named(self, dims):
                    layers = [nn.Linear(dim, dim) for dim in dims]
                    for i, layer in enumerate(layers):
                        self.add_module(f"a{i}", layer)
                    return layers
                def cached(self, dims):
                    layers = [nn.Linear(dim, dim) for dim in dims]
                    self.net = nn.Sequential(*layers)
                    return layers
                def pair(self, dim):
                    self.x = nn.Linear(dim, dim)
                    self.y = nn.Linear(dim, dim)
                    return [self.x, self.y]
                def one(self, dim):
                    return [nn.Linear(dim, dim)]
                def plain(self, dims):
                    return [nn.Linear(dim, dim) for dim in dims]
                def kinds(self, dims):
                    return [nn.ReLU for _ in dims]
                def forward(self, x):
                    for config, a, b, c, f, g in zip(self.configs, self.a, self.b, self.c, self.f, self.g):
                        x = a(x) + b(x) + c(x) + f(x) + g()(x) + config(x)
                    return x + self.d[0](x) + self.hidden[0](x)
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            from elsewhere import register_all
            class Plain(nn.Module):
                def __init__(self, dim, depth):
                    super().__init__()
                    layers = []
                    for _ in range(depth):
                        layers += [nn.Linear(dim, dim), nn.ReLU()]
                    self.net = nn.Sequential(*layers)
                    self.acts = [nn.ReLU(), nn.Tanh()]
                    self.shapes = [nn.Parameter(torch.empty(size)) for size in (2, 3)]
                    self.count = len(self.shapes)
                    self.kinds = {"relu": nn.ReLU, "linear": nn.Linear}
                    self.dims = [dim] * depth
                def forward(self, x):
                    return self.acts[0](self.net(x))
            class Distill(nn.Module):
                def __init__(self, student, teacher):
                    super().__init__()
                    self.student = student
                    self._teacher = [teacher.eval()]
                    self._frozen = [nn.Linear(4, 4)]
                    # kept out of parameters() on purpose
                    self._others = [nn.Linear(4, 4), nn.Linear(4, 4)]
                def forward(self, x):
                    return self.student(x), self._teacher[0](x), self._frozen[0](x), self._others[0](x)
            class Listed(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.layers = [nn.Linear(dim, dim) for _ in range(3)]
                    self.registered = nn.ModuleList(self.layers)
                    self.fc1 = nn.Linear(dim, dim)
                    self.fc2 = nn.Linear(dim, dim)
                    self.both = [self.fc1, self.fc2]
                def forward(self, x):
                    return self.both[0](self.layers[0](x))
            class Named(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.layers = []
                    for i in range(3):
                        layer = nn.Linear(dim, dim)
                        self.layers.append(layer)
                        self.add_module(f"layer{i}", layer)
                    self.others = [nn.Linear(dim, dim) for _ in range(3)]
                    for i, layer in enumerate(self.others):
                        setattr(self, f"other{i}", layer)
                    self.scales = [nn.Parameter(torch.ones(1)) for _ in range(3)]
                    for i, scale in enumerate(self.scales):
                        self.register_parameter(f"scale{i}", scale)
                    self.handed = [nn.Linear(dim, dim) for _ in range(3)]
                    register_all(self, self.handed)
                def forward(self, x):
                    return self.others[0](self.layers[0](self.handed[0](x)))
            class ByHand(nn.Module):
                def __init__(self, dim, device):
                    super().__init__()
                    self.layers = [nn.Linear(dim, dim) for _ in range(3)]
                    for layer in self.layers:
                        layer.to(device)
                def forward(self, x):
                    return self.layers[0](x)
            class Named2(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.layers = [nn.Linear(dim, dim) for _ in range(3)]
                    layers = self.layers
                    for i, layer in enumerate(layers):
                        self.add_module(f"layer{i}", layer)
                    self.heads = [nn.Linear(dim, dim) for _ in range(3)]
                    for head in self.heads:
                        kept = head
                        kept.to("cuda")
                    self.tails = [nn.Linear(dim, dim) for _ in range(3)]
                    tails = self.tails
                    self.kept = nn.ModuleList(tails)
                def forward(self, x):
                    return self.layers[0](x) + self.heads[0](x) + self.tails[0](x)
            class Own(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.layers = [nn.Linear(dim, dim) for _ in range(3)]
                def parameters(self, recurse=True):
                    return [p for layer in self.layers for p in layer.parameters(recurse)]
                def forward(self, x):
                    return self.layers[0](x)
            class Later(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.layers = []
                    self.layers.append(nn.Linear(dim, dim))
                    self.layers.append(nn.Linear(dim, dim))
                    self.layers = nn.ModuleList(self.layers)
                def forward(self, x):
                    return self.layers[0](x)
            class Loose:
                def __init__(self, dim):
                    self.layers = [nn.Linear(dim, dim), nn.Linear(dim, dim)]
            """
        ),
        Example(
            """
            from torch import nn
            class Left(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.a = {"get_submodule": nn.Linear(dim, dim), "b": nn.Linear(dim, dim)}  # NN401
                    self.b = {"_modules": nn.Linear(dim, dim), "b": nn.Linear(dim, dim)}  # NN401
                    self.c = {"a": nn.Linear(dim, dim), "b": nn.Linear(dim, dim)}  # NN401
                    self.c.update(c=nn.Linear(dim, dim))
                    self.d = [nn.Linear(dim, dim), nn.Linear(dim, dim)]  # NN401
                    self.d *= 2
                def forward(self, x):
                    return self.a["b"](self.b["b"](self.c["b"](self.d[0](x))))
            """
        ),
    ),
)
