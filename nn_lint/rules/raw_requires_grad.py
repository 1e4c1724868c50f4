"""
A tensor with `requires_grad=True` in an attribute, where a parameter was meant.

## Why it hurts
`nn.Module` registers `nn.Parameter`s, and no other tensors. This one gets gradients, but `parameters()` does not name
it: the optimizer never changes it, its gradient grows from step to step, since `zero_grad()` does not clear it, `.to()`
leaves it on the CPU, and `state_dict()` does not save it.

## What is not reported
Tensors that are registered or handed on afterwards (`nn.Parameter(self.w)`, an optimizer, `autograd.grad`, a
checkpoint), that code outside of the class trains, or that are assigned in several places; classes with a `parameters`
or `__setattr__` of their own.

## Fix safety
Unsafe: the tensor becomes an `nn.Parameter`. It trains from then on, and `state_dict` gets its key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import libcst as cst

from nn_lint.diagnostic import Applicability, Edit, Span
from nn_lint.fixing.build import insert
from nn_lint.model.layer_calls import is_parameter
from nn_lint.model.method import Method, bound_names
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.occurrences import Chain, attribute_occurrences, name_occurrences
from nn_lint.model.stores import Store, stores
from nn_lint.model.syntax import dotted
from nn_lint.model.torch_calls import torch_function
from nn_lint.model.torch_spelling import spell_layer
from nn_lint.project.facts import ClassFacts
from nn_lint.project.hierarchy import ExternalClass
from nn_lint.rules.rule import Example, Finding, Repair, Rule

_MAKERS = frozenset(
    (
        "tensor zeros ones rand randn full empty eye linspace arange zeros_like ones_like randn_like rand_like normal "
        "Tensor FloatTensor from_numpy as_tensor Variable"
    ).split()
)
_TRAINING = re.compile(r"optim|Adam|SGD|LBFGS|param|\.grad\b|autograd")


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each such tensor that `__init__` keeps."""
    init = cls.init
    if init is None or not cls.is_module or cls.lacks_forward:
        return
    if any(map(cls.defines, ("parameters", "named_parameters", "__setattr__"))):
        return
    for store in stores(init):
        flag = _flag(cls, init, store.value) or _flag_later(cls, init, store) or _flag_of_name(cls, init, store.value)
        if flag is None or _is_made_otherwise(cls, store) or _is_handed_on(cls, store.attribute):
            continue
        message = (
            f"`self.{store.attribute}` is no parameter, since it is a plain tensor: it gets gradients, no optimizer "
            f"changes it, and it is neither moved nor saved"
        )
        yield Finding(cls.syntax.span(store.value), message, _repair(cls, store, flag))


def _is_made_otherwise(cls: ModuleClass, store: Store) -> bool:
    """Whether the attribute is also given anything but `None`, a parameter or such a tensor, or by more than a name."""
    found = [(method, item) for method in cls.methods for item in stores(method) if item.attribute == store.attribute]
    if len(found) != cls.layers.assignments.get(store.attribute):
        return True
    values = ((method, item.value) for method, item in found if item.statement is not store.statement)
    return not all(
        (isinstance(value, cst.Name) and value.value == "None")
        or is_parameter(cls, method, value)
        or _flag(cls, method, value) is not None
        for method, value in values
    )


def _flag(cls: ModuleClass, init: Method, value: cst.BaseExpression) -> cst.CSTNode | None:
    """What says that a new tensor wants gradients: the keyword, or the call of `requires_grad_`."""
    if not isinstance(value, cst.Call):
        return None
    func = value.func
    if _is_filling(cls, value):
        return _flag(cls, init, value.args[0].value)
    if isinstance(func, cst.Attribute) and func.attr.value == "requires_grad_":
        wants = not value.args or _is_true(value.args[0].value)
        return value if wants and _is_new_tensor(cls, init, func.value) else None
    for item in value.args:
        if item.keyword is not None and item.keyword.value == "requires_grad":
            return item if _is_true(item.value) and _is_new_tensor(cls, init, value) else None
    return None


def _flag_later(cls: ModuleClass, init: Method, store: Store) -> cst.CSTNode | None:
    """`self.w.requires_grad = True` behind the assignment."""
    if not _is_new_tensor(cls, init, store.value):
        return None
    wanted = f"{init.receiver}.{store.attribute}.requires_grad"
    for node in init.own_nodes:
        is_true = isinstance(node, cst.Assign) and _is_true(node.value)
        targets = [item.target for item in node.targets] if isinstance(node, cst.Assign) and is_true else []
        if any(dotted(item) == wanted for item in targets):
            return node
    return None


def _is_filling(cls: ModuleClass, call: cst.Call) -> bool:
    """`nn.init.xavier_uniform_(...)`, which gives back the tensor that it fills."""
    return bool(call.args) and re.fullmatch(r"nn\.init\.\w+_", torch_function(cls, call) or "") is not None


def _flag_of_name(cls: ModuleClass, init: Method, value: cst.BaseExpression) -> cst.CSTNode | None:
    """The same for a local name that is a new tensor, which nothing is done with but to ask for gradients."""
    if not isinstance(value, cst.Name) or list(bound_names(init.node.body)).count(value.value) != 1:
        return None
    name, flag = value.value, None
    for chain in name_occurrences(init.node.body, name):
        node, parent, around = chain[-1], chain[-2], chain[-3]
        if isinstance(parent, cst.AssignTarget) and isinstance(around, cst.Assign):
            if not _is_new_tensor(cls, init, around.value) and _flag(cls, init, around.value) is None:
                return None
            flag = flag or _flag(cls, init, around.value)
        elif isinstance(parent, cst.Attribute) and parent.attr.value in ("requires_grad_", "requires_grad"):
            flag = flag or _wish(chain)
        elif node is not value:
            return None
    return flag


def _wish(chain: Chain) -> cst.CSTNode | None:
    """The statement `h.requires_grad_(True)` or `h.requires_grad = True`, where it says so."""
    around = chain[-3]
    if isinstance(around, cst.Call):
        return around if not around.args or _is_true(around.args[0].value) else None
    assigned = chain[-4]
    is_assigned = isinstance(around, cst.AssignTarget) and isinstance(assigned, cst.Assign)
    return assigned if is_assigned and isinstance(assigned, cst.Assign) and _is_true(assigned.value) else None


def _is_true(node: cst.BaseExpression) -> bool:
    return isinstance(node, cst.Name) and node.value == "True"


def _is_new_tensor(cls: ModuleClass, init: Method, node: cst.BaseExpression) -> bool:
    """Whether an expression makes a tensor, or fills one that it makes: `torch.empty(4).uniform_()`."""
    while isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and isinstance(node.func.value, cst.Call):
        if not node.func.attr.value.endswith("_") or node.func.attr.value == "requires_grad_":
            return False
        node = node.func.value
    callee = dotted(node.func) if isinstance(node, cst.Call) else None
    if callee is None or callee.rpartition(".")[2] not in _MAKERS or callee.split(".")[0] in init.locals:
        return False
    found = cls.resolve(callee)
    return isinstance(found, ExternalClass) and found.origin.startswith("torch.")


def _is_handed_on(cls: ModuleClass, attribute: str) -> bool:
    """Whether the tensor goes to a class, an optimizer, a registration or `autograd.grad`, or is changed by hand."""
    rows = re.finditer(rf"[^\n]*(?<!\bself)\.{attribute}\b[^\n]*", cls.definition.file.text.content)
    if "dummy" in attribute or any(_TRAINING.search(found[0]) for found in rows):
        return True
    for method in cls.methods:
        for chain in attribute_occurrences(method.node.body, method.receiver, attribute):
            if any(isinstance(node, cst.Attribute) and node.attr.value in ("grad", "data") for node in chain[-2:-1]):
                return True
            for node, child in pairwise(chain):
                if isinstance(node, cst.Call) and isinstance(child, cst.Arg):
                    name = (dotted(node.func) or "?").rpartition(".")[2]
                    if name.lstrip("_")[:1].isupper() or "regist" in name or name in ("?", "grad", "checkpoint"):
                        return True
            if isinstance(chain[-2], cst.Return) or (isinstance(chain[-2], cst.Element) and not _is_joined(cls, chain)):
                return True
    return False


def _is_joined(cls: ModuleClass, chain: Chain) -> bool:
    """Whether a list goes into a function of torch, such as `torch.cat`, at once."""
    call = next((node for node in reversed(chain[:-3]) if not isinstance(node, cst.Arg)), None)
    found = cls.resolve(dotted(call.func) or "?") if isinstance(call, cst.Call) else None
    return isinstance(found, ExternalClass) and re.fullmatch(r"torch\.[a-z_]+", found.origin) is not None


def _repair(cls: ModuleClass, store: Store, flag: cst.CSTNode) -> Repair | None:
    parameter = spell_layer(cls, "Parameter")
    value = store.value
    if parameter is None or not isinstance(value, cst.Call) or "Variable" in cls.syntax.text(value.func):
        return None
    span = cls.syntax.span(value)
    edits: list[Edit] = [insert(span.start, f"{parameter}("), insert(span.end, ")")]
    if isinstance(flag, cst.Assign) or _is_filling(cls, value):
        return None
    if flag is value:
        assert isinstance(value.func, cst.Attribute), "the call of a method"
        left_out = Span(cls.syntax.span(value.func.value).end, span.end)
        if value.func.value.lpar or "#" in cls.syntax.lines.slice(left_out):
            return None
        edits[1:] = [Edit(left_out, ")")]
    else:
        place = next(index for index, item in enumerate(value.args) if item is flag)
        if place == 0 or len(value.args) != place + 1:
            return None
        before = cls.syntax.span(value.args[place - 1]).end
        left_out = Span(before, cls.syntax.span(flag).end)
        if "#" in cls.syntax.lines.slice(left_out):
            return None
        edits.insert(1, Edit(left_out, ""))
    return Repair("Make it a parameter; checkpoints get a new key", tuple(edits))


_FLAG = re.compile(r"\brequires_grad\s*=\s*True|\.requires_grad_\(|\.requires_grad\s*=\s*True")


def sieve(facts: ClassFacts, source: str) -> bool:
    """A tensor that wants gradients, in a class with an `__init__`."""
    has_flag = "requires_grad" in source and _FLAG.search(source) is not None
    return has_flag and facts.method("__init__") is not None


RULE = Rule(
    code="NN405",
    name="raw-requires-grad",
    doc=__doc__,
    fix=Applicability.UNSAFE,
    check=check,
    sieve=sieve,
    examples=(
        Example(
            """
            import torch
            from torch import nn
            class Scale(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.w = torch.randn(dim, requires_grad=True)  # NN405
                    self.b = torch.zeros(dim).requires_grad_()  # NN405
                    self.c = torch.tensor([1.0, 2.0], requires_grad=True)  # NN405
                    self.d = torch.empty(dim).uniform_(-0.1, 0.1).requires_grad_()  # NN405
                def forward(self, x):
                    return x * self.w + self.b
            class Branches(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    if dim > 1:
                        self.d = torch.zeros(dim, requires_grad=True)  # NN405
                    elif dim == 1:
                        self.d = nn.Parameter(torch.zeros(1, 1))
                    else:
                        self.d = None
                def forward(self, x):
                    return x * torch.cat([self.d, self.d])
            """,
            fixed="""
            import torch
            from torch import nn
            class Scale(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.w = nn.Parameter(torch.randn(dim))
                    self.b = nn.Parameter(torch.zeros(dim))
                    self.c = nn.Parameter(torch.tensor([1.0, 2.0]))
                    self.d = nn.Parameter(torch.empty(dim).uniform_(-0.1, 0.1))
                def forward(self, x):
                    return x * self.w + self.b
            class Branches(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    if dim > 1:
                        self.d = nn.Parameter(torch.zeros(dim))
                    elif dim == 1:
                        self.d = nn.Parameter(torch.zeros(1, 1))
                    else:
                        self.d = None
                def forward(self, x):
                    return x * torch.cat([self.d, self.d])
            """,
        ),
        Example(
            """
            import torch
            from torch import nn
            class Later(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.w = torch.randn(dim)  # NN405
                    self.w.requires_grad = True
                def forward(self, x):
                    return x * self.w
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class Named(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    h = torch.zeros(1, 1, dim)
                    h.requires_grad_(True)
                    self.h = h  # NN405
                    g = torch.zeros(dim, requires_grad=True)
                    self.g = g  # NN405
                    self.logits = nn.init.xavier_uniform_(torch.empty(dim, dim, requires_grad=True))  # NN405
                def forward(self, x):
                    return (x + self.h * self.g) @ self.logits
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class Kept(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    a = torch.zeros(dim, requires_grad=True)
                    self.a = nn.Parameter(a)
                    b = torch.zeros(dim, requires_grad=True)
                    self.b = b
                    self.register_parameter("kept", nn.Parameter(b))
                    c = torch.zeros(dim).requires_grad_(False)
                    self.c = nn.Buffer(c)
                    self.d = nn.Parameter(nn.init.xavier_uniform_(torch.empty(dim, dim, requires_grad=True)))
                def forward(self, x):
                    return (x + self.a + self.b + self.c) @ self.d
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class Scale(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.a = nn.Parameter(torch.randn(dim), requires_grad=True)
                    self.b = torch.zeros(dim, requires_grad=False)
                    w = torch.randn(dim, requires_grad=True)
                    self.w = nn.Parameter(w)
                    self.c = torch.randn(dim, requires_grad=True)
                    self.register_parameter("d", nn.Parameter(self.c))
                    self.delta = torch.zeros(dim, requires_grad=True)
                    self.optimizer = torch.optim.Adam([self.delta])
                    self.fc = nn.Linear(dim, dim).requires_grad_(True)
                def forward(self, x):
                    x = torch.zeros(4, requires_grad=True) + x
                    return x * self.w
            class Fed(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.w = torch.zeros(dim, requires_grad=True)
                    self.v = torch.zeros(dim, requires_grad=True)
                def learned(self):
                    return [self.w]
                def reset(self, value):
                    self.v = value
                def forward(self, x):
                    return x * self.w * self.v
            class Attack(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.delta = torch.zeros(dim, requires_grad=True)
                def step(self):
                    self.delta.data -= 0.1 * self.delta.grad
                def forward(self, x):
                    return x + self.delta
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class Benchmark(nn.Module):
                def __init__(self, width):
                    super().__init__()
                    self.fc = nn.Linear(width, width)
                    self.input = torch.randn([4, width], requires_grad=True)
                def step(self):
                    self.fc(self.input).sum().backward()
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            from torch.utils.checkpoint import checkpoint
            class Sensitivity(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, 1)
                    self.probe = torch.zeros(dim, requires_grad=True)
                def forward(self, x):
                    return torch.autograd.grad(self.fc(x + self.probe).sum(), self.probe)
            class Saving(nn.Module):
                def __init__(self, body):
                    super().__init__()
                    self.body = body
                    self.starter = torch.ones(1, requires_grad=True)
                    self.dummy_tensor = torch.ones(1, requires_grad=True)
                def run(self, x, _):
                    return self.body(x)
                def forward(self, x):
                    x = checkpoint(self.run, x, self.starter, use_reentrant=True)
                    return checkpoint(self.run, x, self.dummy_tensor, use_reentrant=True)
            class Prompt(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.prompt = torch.zeros(dim, requires_grad=True)
                def forward(self, x):
                    return x + self.prompt
            def tuned(model):
                return torch.optim.Adam([model.prompt], lr=0.1)
            class Auto(nn.Module):
                def __setattr__(self, name, value):
                    if torch.is_tensor(value) and value.requires_grad:
                        value = nn.Parameter(value.detach())
                    super().__setattr__(name, value)
            class Wrapped(Auto):
                def __init__(self, dim):
                    super().__init__()
                    self.gain = torch.ones(dim, requires_grad=True)
                def forward(self, x):
                    return x * self.gain
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class Written(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.a = torch.randn((dim), requires_grad=True,)  # NN405
                    self.b = (torch.zeros(dim, requires_grad=(True)))  # NN405
                def forward(self, x):
                    return x * self.a + self.b
            """,
            fixed="""
            import torch
            from torch import nn
            class Written(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.a = nn.Parameter(torch.randn((dim),))
                    self.b = (nn.Parameter(torch.zeros(dim)))
                def forward(self, x):
                    return x * self.a + self.b
            """,
        ),
        Example(
            """
            import torch
            from torch import nn
            class Left(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.a = torch.randn(  # NN405
                        dim,  # the size
                        requires_grad=True,
                    )
                    self.b = (torch.zeros(dim)).requires_grad_()  # NN405
                    self.c = (
                        torch.zeros(dim)  # NN405
                        .requires_grad_()
                    )
                def forward(self, x):
                    return x * self.a + self.b
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class Pairs(nn.Module):
                def __init__(self, n):
                    super().__init__()
                    self.weight = torch.randn(n, n, requires_grad=True)  # NN405
                    self.apply(self.fill)
                def fill(self, module):
                    if isinstance(module, nn.Linear):
                        nn.init.xavier_normal_(module.weight.data)
                def forward(self, x):
                    return x @ self.weight
            """
        ),
    ),
)
