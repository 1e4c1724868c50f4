"""
A value that is stored under the name of a method of `nn.Module`: `self.train = True`, `self.modules = [...]`.

## Why it hurts
The attribute hides the method. `model.train()` is `TypeError: 'bool' object is not callable` from then on, and so is
what torch calls by that name itself: `eval()` calls `train()`, an optimizer is built from `parameters()`, `to()` walks
over `children()`. A layer under such a name is the reverse: the method hides the layer, and calling it runs the method.

## What is not reported
Functions put there on purpose (`self.forward = ...`, `self.train = partial(...)`), names that are hardly ever called
as methods (`self.type`), and values that may be functions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from nn_lint.model.layer_calls import built_class
from nn_lint.model.method import Method
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.occurrences import attribute_occurrences
from nn_lint.model.syntax import self_attribute
from nn_lint.project.code_text import stored_attributes
from nn_lint.project.facts import ClassFacts
from nn_lint.rules.rule import Example, Finding, Rule

_METHODS = frozenset(
    (
        "train eval parameters named_parameters modules named_modules children named_children buffers named_buffers "
        "state_dict load_state_dict to cuda cpu half float double bfloat16 apply zero_grad requires_grad_ add_module "
        "register_module register_buffer register_parameter register_forward_hook register_forward_pre_hook "
        "get_submodule get_parameter get_buffer share_memory to_empty"
    ).split()
)
_WRITTEN = (
    cst.List,
    cst.Tuple,
    cst.Dict,
    cst.Set,
    cst.ListComp,
    cst.DictComp,
    cst.SetComp,
    cst.BaseNumber,
    cst.BaseString,
    cst.Comparison,
    cst.BinaryOperation,
    cst.UnaryOperation,
)
_MAKERS = frozenset({"list", "tuple", "dict", "set", "int", "float", "bool", "str", "len", "range", "max", "min"})
_PLAIN_TYPES = re.compile(r"(?:Optional\[)?(?:bool|int|float|str|list|dict|tuple|List|Dict|Tuple|Sequence)\b")


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each method of nn.Module in whose place a plain value or a layer is put."""
    for method in cls.methods if cls.is_module else ():
        for node in method.own_nodes:
            targets = [item.target for item in node.targets] if isinstance(node, cst.Assign) else []
            targets += [node.target] if isinstance(node, cst.AnnAssign) else []
            value = node.value if isinstance(node, (cst.Assign, cst.AnnAssign)) else None
            for target in targets if value is not None else ():
                name = self_attribute(target, method.receiver)
                if name in _METHODS and name is not None and not cls.defines(name):
                    yield from _judge(cls, method, name, target, value)


def _judge(
    cls: ModuleClass, method: Method, name: str, target: cst.CSTNode, value: cst.BaseExpression | None
) -> Iterator[Finding]:
    if value is None:
        return
    if built_class(cls, method, value) is not None:
        message = f"the method `{name}` of `nn.Module` hides the layer `self.{name}`: `self.{name}(x)` calls the method"
    elif _is_plain(cls, method, name, value):
        message = (
            f"`self.{name}` hides the method `{name}` of `nn.Module`: whatever calls `model.{name}()`, torch itself "
            f"included, gets a `TypeError`"
        )
    else:
        return
    yield Finding(cls.syntax.span(target), f"{message}; give it another name")


def _is_plain(cls: ModuleClass, method: Method, name: str, value: cst.BaseExpression) -> bool:
    """Whether a value is for certain nothing that could be called."""
    if isinstance(value, _WRITTEN):
        return True
    if isinstance(value, cst.Call) and isinstance(value.func, cst.Name):
        return value.func.value in _MAKERS
    if not isinstance(value, cst.Name):
        return False
    if value.value in ("True", "False", "None"):
        return True
    parameter = next((item for item in method.parameters if item.name == value.value), None)
    if parameter is None:
        return False
    default = parameter.node.default
    if isinstance(default, _WRITTEN) or (isinstance(default, cst.Name) and default.value in ("True", "False")):
        return True
    return _PLAIN_TYPES.match(parameter.annotation or "") is not None or _is_read_as_value(cls, name)


def _is_read_as_value(cls: ModuleClass, name: str) -> bool:
    """Whether the class asks for the truth of an attribute, compares it, counts with it or walks over it."""
    asking = (cst.If, cst.IfExp, cst.Comparison, cst.BinaryOperation, cst.UnaryOperation, cst.BooleanOperation, cst.For)
    chains = [
        chain for method in cls.methods for chain in attribute_occurrences(method.node.body, method.receiver, name)
    ]
    return any(isinstance(chain[-2], asking) for chain in chains) and not any(
        isinstance(chain[-2], cst.Call) for chain in chains
    )


def sieve(facts: ClassFacts, source: str) -> bool:
    """Such a name as the target of an assignment."""
    return not _METHODS.isdisjoint(stored_attributes(source))


RULE = Rule(
    code="NN407",
    name="shadowed-module-api",
    doc=__doc__,
    check=check,
    sieve=sieve,
    examples=(
        Example(
            """
            from torch import nn
            class Net(nn.Module):
                def __init__(self, dim, children, train=True, half: int = 2):
                    super().__init__()
                    self.modules = [nn.Linear(dim, dim)]  # NN407
                    self.train = train  # NN407
                    self.half = half  # NN407
                    self.children = children  # NN407
                def forward(self, x):
                    if self.children:
                        x = x * self.half
                    return self.modules[0](x)
            class Flag(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.eval = False  # NN407
                    self.parameters = {}  # NN407
                    self.to = nn.Linear(4, 4)  # NN407
                def forward(self, x):
                    return x
            """
        ),
        Example(
            """
            from functools import partial
            from torch import nn
            class Net(nn.Module):
                def __init__(self, body, kind, half):
                    super().__init__()
                    self.body = body
                    self.type = kind
                    self.name = "net"
                    self.training = False
                    self.train = partial(body.train, False)
                    self.state_dict = body.state_dict
                    self.parameters = lambda: body.parameters()
                    self.half = half
                    body.train = True
                def forward(self, x):
                    return self.half(x)
            class Own(nn.Module):
                apply = None
                def __init__(self):
                    super().__init__()
                    self.apply = 3
                def forward(self, x):
                    return x * self.apply
            class Settings:
                def __init__(self):
                    self.train = True
            """
        ),
    ),
)
