"""
An embedding with `padding_idx` whose row of zeros is overwritten by an initialiser.

## Why it hurts
`nn.Embedding(n, d, padding_idx=0)` puts zeros into that row, and gives it no gradient. `nn.init.normal_(emb.weight)`
afterwards fills it like every other row: padding is a random vector from then on, which never trains away and is added
to every sum and mean over a sequence.

## What is not reported
An initialiser after which the row is written again, directly, through another name or by code that asks for
`padding_idx`; weights that are copied from somewhere, a constant zero, and an embedding whose output is masked.

## Fix safety
Unsafe: the row is set to zero again after the initialiser. The model starts with other values than before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from nn_lint.diagnostic import Applicability
from nn_lint.fixing.build import insert_after, stands_alone
from nn_lint.model.layers import Layer
from nn_lint.model.method import Method
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.occurrences import Chain, attribute_occurrences
from nn_lint.model.syntax import dotted, walk
from nn_lint.project.facts import ClassFacts
from nn_lint.rules.rule import Example, Finding, Repair, Rule

_FILLERS = frozenset(
    (
        "normal_ uniform_ xavier_uniform_ xavier_normal_ kaiming_uniform_ kaiming_normal_ trunc_normal_ orthogonal_ "
        "xavier_uniform xavier_normal kaiming_normal kaiming_uniform normal uniform"
    ).split()
)
_MASK = re.compile(r"mask|!=|\bne\(")
_CLEARS_ALL = re.compile(r"(?<![\w.])(?!self\.)\w+\.(?:padding_idx\b|_fill_padding_idx_with_zero)")


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each initialiser that fills all rows of such an embedding, where nothing clears the row again."""
    if not cls.is_module or cls.init is None or _CLEARS_ALL.search(cls.text):
        return
    for attribute in cls.layers.own:
        layer = cls.layers.only(attribute)
        if layer is None or layer.torch_name != "Embedding" or not _pads(cls, layer):
            continue
        if any(_clears(cls, method, attribute) for owner in (cls, *cls.ancestors) for method in owner.methods):
            continue
        for method in cls.closure([cls.init]):
            for statement, call in _fills(cls, method, attribute) if method in cls.methods else ():
                yield _finding(cls, method, attribute, statement, call)


def _pads(cls: ModuleClass, layer: Layer) -> bool:
    """Whether `padding_idx` is given, as a number or as something that is no None by default."""
    if any(item.star for item in layer.call.args):
        return False
    plain = [item.value for item in layer.call.args if item.keyword is None]
    named = [item.value for item in layer.call.args if item.keyword is not None and item.keyword.value == "padding_idx"]
    given = named[0] if named else plain[2] if len(plain) > 2 else None
    if given is None or isinstance(given, cst.Integer):
        return given is not None
    parameters = cls.init.parameters if cls.init is not None else ()
    name = given.value if isinstance(given, cst.Name) else ""
    return any(item.name == name and isinstance(item.node.default, cst.Integer) for item in parameters)


def _clears(cls: ModuleClass, method: Method, attribute: str) -> bool:
    """Whether a row of the weights is taken, or the embedding goes somewhere that may clear it."""
    for chain in attribute_occurrences(method.node.body, method.receiver, attribute):
        names = [node.attr.value for node in chain[:-1] if isinstance(node, cst.Attribute)]
        if {"_fill_padding_idx_with_zero", "reset_parameters", "padding_idx"} & set(names) or _is_masked(cls, chain):
            return True
        inner = [node for node in chain[:-1] if isinstance(node, (cst.Subscript, cst.Arg, cst.Attribute))]
        if any(isinstance(node, cst.Subscript) for node in inner[-3:]) and "weight" in names:
            return True
        if "weight" in names and any(name.endswith("_") and name not in _FILLERS for name in names):
            return True
        if isinstance(chain[-2], (cst.Arg, cst.Assign, cst.Element)) or _is_named(chain):
            return True
    return False


def _is_masked(cls: ModuleClass, chain: Chain) -> bool:
    """`self.emb(x) * mask`, where the padding becomes zero whatever its row holds."""
    call, around = chain[-2], chain[-3]
    if not isinstance(call, cst.Call) or not isinstance(around, cst.BinaryOperation):
        return False
    other = around.right if around.left is call else around.left
    return isinstance(around.operator, cst.Multiply) and _MASK.search(cls.syntax.text(other)) is not None


def _is_named(chain: Chain) -> bool:
    """`weight = self.emb.weight.data`: what happens to that name is not followed."""
    outer = [node for node in chain[:-1] if not isinstance(node, cst.Attribute)]
    is_plain = all(isinstance(node, cst.Attribute) for node in chain[chain.index(outer[-1]) + 1 : -1])
    return is_plain and isinstance(outer[-1], cst.Assign)


def _fills(cls: ModuleClass, method: Method, attribute: str) -> Iterator[tuple[cst.CSTNode, cst.Call]]:
    weights = {f"{method.receiver}.{attribute}.weight", f"{method.receiver}.{attribute}.weight.data"}
    for statement in walk(method.node.body, cst.Expr, into_scopes=False):
        call = statement.value if isinstance(statement, cst.Expr) else None
        if not isinstance(call, cst.Call) or not isinstance(call.func, cst.Attribute | cst.Name):
            continue
        if (dotted(call.func) or "").rpartition(".")[2] not in _FILLERS:
            continue
        target = call.func.value if isinstance(call.func, cst.Attribute) else None
        handed = call.args[0].value if call.args else None
        if any(isinstance(item, cst.Attribute) and dotted(item) in weights for item in (target, handed)):
            yield statement, call


def _finding(cls: ModuleClass, method: Method, attribute: str, statement: cst.CSTNode, call: cst.Call) -> Finding:
    message = (
        f"this fills the row of `self.{attribute}` that `padding_idx` keeps at zero: padding becomes a random vector "
        f"that never trains"
    )
    span, lines = cls.syntax.span(statement), cls.syntax.lines
    whole = f"{method.receiver}.{attribute}"
    edit = insert_after(lines, span, (f"{whole}.weight.data[{whole}.padding_idx].zero_()",))
    repair = Repair("Set the row to zero again", (edit,)) if stands_alone(lines, span) else None
    return Finding(cls.syntax.span(call), message, repair)


def sieve(facts: ClassFacts, source: str) -> bool:
    """An embedding with padding, and an initialiser."""
    return "Embedding" in source and re.search(r"(?:normal|uniform|orthogonal)_?\(", source) is not None


RULE = Rule(
    code="NN417",
    name="padding-idx-overwritten",
    doc=__doc__,
    fix=Applicability.UNSAFE,
    check=check,
    sieve=sieve,
    examples=(
        Example(
            """
            from torch import nn
            class Tokens(nn.Module):
                def __init__(self, n, d, pad=0):
                    super().__init__()
                    self.emb = nn.Embedding(n, d, padding_idx=0)
                    nn.init.normal_(self.emb.weight, std=0.02)  # NN417
                    self.other = nn.Embedding(n, d, pad)
                    self.init_weights()
                def init_weights(self):
                    self.other.weight.data.uniform_(-0.1, 0.1)  # NN417
                def forward(self, x):
                    return self.emb(x) + self.other(x)
            """,
            fixed="""
            from torch import nn
            class Tokens(nn.Module):
                def __init__(self, n, d, pad=0):
                    super().__init__()
                    self.emb = nn.Embedding(n, d, padding_idx=0)
                    nn.init.normal_(self.emb.weight, std=0.02)
                    self.emb.weight.data[self.emb.padding_idx].zero_()
                    self.other = nn.Embedding(n, d, pad)
                    self.init_weights()
                def init_weights(self):
                    self.other.weight.data.uniform_(-0.1, 0.1)
                    self.other.weight.data[self.other.padding_idx].zero_()
                def forward(self, x):
                    return self.emb(x) + self.other(x)
            """,
        ),
        Example(
            """
            from torch import nn
            class Tokens(nn.Module):
                def __init__(self, n, d, table, pad=None):
                    super().__init__()
                    self.plain = nn.Embedding(n, d)
                    nn.init.normal_(self.plain.weight)
                    self.cleared = nn.Embedding(n, d, padding_idx=0)
                    nn.init.normal_(self.cleared.weight)
                    nn.init.constant_(self.cleared.weight[0], 0)
                    self.copied = nn.Embedding(n, d, padding_idx=0)
                    self.copied.weight.data.copy_(table)
                    self.zero = nn.Embedding(n, d, padding_idx=0)
                    nn.init.zeros_(self.zero.weight)
                    self.maybe = nn.Embedding(n, d, padding_idx=pad)
                    nn.init.normal_(self.maybe.weight)
                def forward(self, x):
                    return self.plain(x)
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class Asking(nn.Module):
                def __init__(self, n, d):
                    super().__init__()
                    self.emb = nn.Embedding(n, d, padding_idx=0)
                    nn.init.normal_(self.emb.weight)
                    self.apply(self.clear)
                def clear(self, module):
                    if isinstance(module, nn.Embedding):
                        module.weight.data[module.padding_idx].zero_()
                def forward(self, x):
                    return self.emb(x)
            class Ways(nn.Module):
                def __init__(self, n, d):
                    super().__init__()
                    self.masked = nn.Embedding(n, d, padding_idx=0)
                    nn.init.normal_(self.masked.weight)
                    self.named = nn.Embedding(n, d, padding_idx=0)
                    weight = self.named.weight.data
                    nn.init.normal_(self.named.weight)
                    weight[0] = 0
                    self.filled = nn.Embedding(n, d, padding_idx=0)
                    nn.init.normal_(self.filled.weight)
                    self.filled.weight.data.index_fill_(0, torch.tensor([0]), 0.0)
                    self.listed = nn.Embedding(n, d, padding_idx=0)
                    nn.init.normal_(self.listed.weight)
                    for layer in (self.listed,):
                        layer.weight.data[0] = 0
                def forward(self, x):
                    kept = self.masked(x) * (x != 0).unsqueeze(-1)
                    return kept + self.named(x) + self.filled(x) + self.listed(x)
            """
        ),
    ),
)
