"""
A layer that `forward` builds and calls in each call: `nn.Dropout(0.5)(x)`, `nn.Linear(8, 8)(x)`, `self.fc = ...`.

## Why it hurts
The layer is made anew in every call and belongs to no module. A dropout made there is always in training mode:
`model.eval()` does not reach it, and predictions stay random. A layer with weights starts from new ones each time:
two calls with one input give two results, `parameters()` does not name the weights and they never train. On a GPU the
call fails, since the weights are made on the CPU.

## What is not reported
Layers that keep nothing (`nn.ReLU()(x)`, `nn.Softmax(dim=1)(x)`, losses), a dropout under a condition on
`self.training` or a mode, or in a class that speaks of Monte Carlo dropout, a layer that `forward` stores on `self`
under some condition, or for others to take, or whose weights it sets, layers of the project's own classes that load or
set their weights, and layers of classes that are random by name or docstring.

## Fix safety
Unsafe, for dropouts alone: `F.dropout(x, p, training=self.training)` computes something else in evaluation, as it
should. Which weights a layer should have nobody can tell: it must be built in `__init__`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import takewhile

import libcst as cst

from nn_lint.diagnostic import Applicability
from nn_lint.fixing.build import replace
from nn_lint.model.dropouts import drops_on_purpose
from nn_lint.model.layer_calls import DROPOUTS, built_class, holds_weights
from nn_lint.model.method import Method, names
from nn_lint.model.modes import calls_in_any_mode, mentions_mode
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.occurrences import attribute_occurrences, name_occurrences
from nn_lint.model.receivers import takes_receiver
from nn_lint.model.syntax import self_attribute, walk
from nn_lint.model.torch_spelling import spell_function
from nn_lint.project.code_text import method_code
from nn_lint.project.facts import ClassFacts
from nn_lint.project.hierarchy import ProjectClass, TorchClass
from nn_lint.project.premises.made_layers import may_call_what_it_builds
from nn_lint.project.premises.reach import reached_code
from nn_lint.rules.rule import Example, Finding, Repair, Rule

_RANDOM = re.compile(r"random|augment|nois|perturb", re.IGNORECASE)
_SET = re.compile(
    r"load|pretrain|weight\b|bias\b(?!\s*=)|\.data\b|init\w*\.|no_grad|requires_grad|\.apply\(|getattr|copy"
)
_MOVES = frozenset({"to", "cuda", "float", "double", "half", "type"})


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report each layer that keeps something and is built where it is called."""
    forward = cls.method("forward")
    if forward is None or not cls.is_module:
        return
    for method in cls.closure([forward]):
        if method in cls.methods and method.name != "__init__" and not method.is_static:
            yield from _of_method(cls, method)


def _of_method(cls: ModuleClass, method: Method) -> Iterator[Finding]:
    in_any_mode = set(calls_in_any_mode(method))
    for node in walk(method.node.body, cst.Call, cst.Assign):
        if isinstance(node, cst.Call) and isinstance(node.func, cst.Call):
            yield from _judge(cls, method, _moved(node.func), node, in_any_mode)
        elif isinstance(node, cst.Assign) and isinstance(node.value, cst.Call) and len(node.targets) == 1:
            target = node.targets[0].target
            is_local = isinstance(target, cst.Name) and _is_only_called(method, target.value)
            if is_local or _is_stored_anew(cls, method, node):
                yield from _judge(cls, method, _moved(node.value), None, in_any_mode)


def _is_stored_anew(cls: ModuleClass, method: Method, node: cst.Assign) -> bool:
    """`self.fc = nn.Linear(8, 8)` in each call of `forward`, for an attribute that the class only calls."""
    attribute = self_attribute(node.targets[0].target, method.receiver)
    if attribute is None or method.name != "forward" or cls.layers.assignments.get(attribute) != 1:
        return False
    found = built_class(cls, method, _moved(node.value)) if isinstance(node.value, cst.Call) else None
    is_weighted = isinstance(found, TorchClass) and found.name not in DROPOUTS
    before = list(takewhile(lambda item: item is not node, method.statements))
    if (
        not is_weighted
        or len(before) == len(method.statements)
        or any(True for item in before for _ in walk(item, cst.Return))
    ):
        return False
    uses = [
        chain
        for owner in (cls, *cls.ancestors)
        for other in owner.methods
        for chain in attribute_occurrences(other.node.body, other.receiver, attribute)
        if not isinstance(chain[-2], cst.AssignTarget)
    ]
    only_called = all(isinstance(chain[-2], cst.Call) and chain[-2].func is chain[-1] for chain in uses)
    return bool(uses) and only_called and not cls.inherits(attribute) and _is_named_by_self(cls, attribute)


def _is_named_by_self(cls: ModuleClass, attribute: str) -> bool:
    """Whether no text of the file takes the attribute of anything else, or by its name."""
    other = rf"(?<!\bself)\.\s*{attribute}\b(?!\s*\()|[\"']{attribute}\b"
    return re.search(other, cls.definition.file.text.content) is None


def _moved(node: cst.Call) -> cst.Call:
    """What is moved or cast: `nn.Linear(4, 4)` of `nn.Linear(4, 4).to(x.device)`."""
    func = node.func
    while isinstance(func, cst.Attribute) and func.attr.value in _MOVES and isinstance(func.value, cst.Call):
        node, func = func.value, func.value.func
    return node


def _judge(
    cls: ModuleClass, method: Method, built: cst.Call, called: cst.Call | None, in_any_mode: set[cst.Call]
) -> Iterator[Finding]:
    found = built_class(cls, method, built)
    if isinstance(found, ProjectClass) and not _starts_at_random(cls, found):
        return
    text = cls.syntax.text(built)
    if isinstance(found, TorchClass) and found.name in DROPOUTS:
        if _is_off(built) or _may_be_switched(method, built) or drops_on_purpose(cls):
            return
        message = (
            f"`{text}` is made anew in every call and is always in training mode: `eval()` does not reach it, "
            f"predictions stay random"
        )
        yield Finding(cls.syntax.span(built), message, _repair(cls, method, found.name, built, called))
    elif holds_weights(cls, method, built) and not _has_given_weights(built) and not _is_random(cls):
        message = (
            f"`{text}` is made anew in every call: its weights start from scratch each time, are not in "
            f"`parameters()` and never train; build it in `__init__`"
        )
        yield Finding(cls.syntax.span(built), message)


def _starts_at_random(cls: ModuleClass, found: ProjectClass) -> bool:
    """A class of the project that makes layers with weights itself, and neither loads nor sets what is in them."""
    model = cls.registry.model(found)
    texts = [item.text for item in (model, *model.ancestors)]
    if not model.is_certain or any(_SET.search(text) is not None for text in texts) or _is_random(model):
        return False
    init = model.init
    made = (node.value for node in init.own_nodes if isinstance(node, cst.Assign)) if init is not None else ()
    torch_made = (node for node in made if isinstance(built_class(model, init, node), TorchClass)) if init else ()
    return any(holds_weights(model, init, node) for node in torch_made) if init is not None else False


def _is_only_called(method: Method, name: str) -> bool:
    """Whether a local name is bound once and all that happens to it is to be called."""
    uses = list(name_occurrences(method.node.body, name))
    stores = [chain for chain in uses if isinstance(chain[-2], cst.AssignTarget)]
    calls = [chain for chain in uses if isinstance(chain[-2], cst.Call) and chain[-2].func is chain[-1]]
    return len(stores) == 1 and len(calls) > 0 and len(uses) == len(stores) + len(calls)


def _is_off(built: cst.Call) -> bool:
    """A dropout of nothing."""
    return any(isinstance(item.value, (cst.Integer, cst.Float)) and float(item.value.value) == 0 for item in built.args)


def _has_given_weights(built: cst.Call) -> bool:
    """`nn.Embedding(n, d, _weight=self.table)`."""
    return any(
        item.star == "**" or (item.keyword is not None and item.keyword.value == "_weight") for item in built.args
    )


def _is_random(cls: ModuleClass) -> bool:
    """Whether the class says that it augments, or computes with chance on purpose."""
    return _RANDOM.search(f"{cls.name} {cls.docstring}") is not None


def _may_be_switched(method: Method, built: cst.Call) -> bool:
    """Whether the dropout, or a rate that has a name, may depend on the mode."""
    if mentions_mode(method, built) or not any(call is built for call in calls_in_any_mode(method)):
        return True
    read = {name.value for item in built.args for name in names(item.value)} - {method.receiver}
    return bool(read & method.locals) and "training" in method.attributes_of(method.receiver)


def _repair(cls: ModuleClass, method: Method, name: str, built: cst.Call, called: cst.Call | None) -> Repair | None:
    function = spell_function(cls, re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower())
    if called is None or called.func is not built or function is None or not takes_receiver(cls, method):
        return None
    is_one = len(called.args) == 1 and not called.args[0].star and called.args[0].keyword is None
    if not is_one or not _are_for_function(built.args) or "#" in cls.syntax.text(called):
        return None
    lines = cls.syntax.lines
    given = [lines.slice(cls.syntax.span(item)) for item in (*called.args, *built.args)]
    content = f"{function}({', '.join(given)}, training={method.receiver}.training)"
    edits = (replace(cls.syntax.span(called), content),)
    return Repair(f"Call `{function}`, which is off in evaluation", edits)


def _are_for_function(arguments: Sequence[cst.Arg]) -> bool:
    """Whether the function takes what the layer does: `inplace` has another position there."""
    plain = [item for item in arguments if item.keyword is None]
    return len(plain) < 2 and not any(item.star for item in arguments)


_NAMED = re.compile(r"=\s*\(*\s*(?:\w+\.)*_*[A-Z]\w*\(")
_CALL_OF_CALL = re.compile(r"\)\s*\(")
_AT_ONCE = re.compile(r"\b_*[A-Z]\w*\([\s\S]*\)\s*\(")


def sieve(facts: ClassFacts, source: str) -> bool:
    """A `forward`, and outside of `__init__` an instance that gets a name or is called at once."""
    if facts.method("forward") is None:
        return False
    codes = (method_code(facts, source, method.name) for method in facts.methods if method.name != "__init__")
    return any(map(_builds, codes))


def premise(cls: ModuleClass) -> bool:
    """Such an instance in a method that forward may reach, and one that is called."""
    if cls.tree is not None and not may_call_what_it_builds(cls.tree):
        return False
    return any(map(_builds, reached_code(cls.definition, cls.ancestry.project_classes)))


def _builds(code: str) -> bool:
    if _NAMED.search(code) is not None:
        return True
    return _CALL_OF_CALL.search(code) is not None and _AT_ONCE.search(code) is not None


RULE = Rule(
    code="NN412",
    name="layer-in-forward",
    doc=__doc__,
    fix=Applicability.UNSAFE,
    check=check,
    sieve=sieve,
    premise=premise,
    examples=(
        Example(
            """
            import torch.nn.functional as F
            from torch import nn
            class Net(nn.Module):
                def forward(self, x):
                    x = nn.Dropout(0.5)(x)  # NN412
                    x = nn.Dropout(p=0.2, inplace=False)(x.relu())  # NN412
                    x = F.dropout(x, 0.1, training=self.training)
                    return nn.AlphaDropout()(x)  # NN412
            """,
            fixed="""
            import torch.nn.functional as F
            from torch import nn
            class Net(nn.Module):
                def forward(self, x):
                    x = F.dropout(x, 0.5, training=self.training)
                    x = F.dropout(x.relu(), p=0.2, inplace=False, training=self.training)
                    x = F.dropout(x, 0.1, training=self.training)
                    return F.alpha_dropout(x, training=self.training)
            """,
        ),
        Example(
            """
            from torch import nn
            class Fresh(nn.Module):
                def forward(self, x):
                    x = nn.Linear(4, 4)(x)  # NN412
                    drop = nn.Dropout(0.1)  # NN412
                    norm = nn.LayerNorm(4).to(x.device)  # NN412
                    return self.head(drop(norm(x)))
                def head(self, x):
                    net = nn.Sequential(nn.Linear(4, 4), nn.ReLU())  # NN412
                    return net(x)
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            from elsewhere import Widget
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = None
                    self.drop = nn.Dropout(0.5)
                def forward(self, x, target):
                    if self.fc is None:
                        self.fc = nn.Linear(x.shape[-1], 4)
                    x = nn.ReLU()(self.fc(x))
                    x = nn.LayerNorm(4, elementwise_affine=False)(x)
                    x = nn.Softmax(dim=-1)(self.drop(x))
                    x = nn.Dropout(0)(x)
                    loss = nn.CrossEntropyLoss()(x, target)
                    return loss, Widget(4)(x)
            class Set(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.weight = nn.Parameter(torch.rand(4, 4))
                def forward(self, x):
                    layer = nn.Linear(4, 4, bias=False)
                    layer.weight = self.weight
                    if self.training:
                        x = nn.Dropout(0.5)(x)
                    return layer(x)
                def build(self):
                    return nn.Linear(4, 4)(torch.rand(4))
            class Early(nn.Module):
                def forward(self, x):
                    if not self.training:
                        return x
                    return nn.Dropout(0.5)(x)
            class Moded(nn.Module):
                def forward(self, x):
                    x = nn.Dropout(0.5).train(self.training)(x)
                    return nn.Dropout(0.5 if self.training else 0.0)(x)
            class Named(nn.Module):
                def forward(self, x):
                    drop = nn.Dropout(0.5)
                    drop.train(self.training)
                    rate = 0.5 if self.training else 0.0
                    return nn.Dropout(rate)(drop(x))
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class Told(nn.Module):
                def __init__(self, n, dim):
                    super().__init__()
                    self.table = nn.Parameter(torch.ones(n, dim))
                def forward(self, x, train=True):
                    x = nn.Embedding(*self.table.shape, _weight=self.table)(x)
                    if train:
                        x = nn.Dropout(0.5)(x)
                    return x
            class MonteCarlo(nn.Module):
                '''Monte-Carlo dropout: on in evaluation as well.'''
                def forward(self, x):
                    return nn.Dropout(0.5)(x)
            class RandomConvolution(nn.Module):
                def forward(self, x):
                    return nn.Conv2d(3, 3, 3, padding=1).to(x.device)(x)
            """
        ),
        Example(
            """
            import torch.nn.functional as F
            from torch import nn
            class Written(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.rate = 0.1
                def forward(self, x):
                    x = nn.Dropout((self.rate),)((x))  # NN412
                    return nn.Dropout(inplace=True, p=0.5)(x,)  # NN412
            """,
            fixed="""
            import torch.nn.functional as F
            from torch import nn
            class Written(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.rate = 0.1
                def forward(self, x):
                    x = F.dropout((x), (self.rate), training=self.training)
                    return F.dropout(x, inplace=True, p=0.5, training=self.training)
            """,
        ),
        Example(
            """
            import torch.nn.functional as F
            from torch import nn
            class Left(nn.Module):
                def forward(self, x):
                    x = nn.Dropout(0.5, True)(x)  # NN412
                    x = nn.Dropout(*[0.5])(x)  # NN412
                    return nn.Dropout(  # NN412
                        0.5,  # the rate
                    )(x)
            class Unbound(nn.Module):
                def forward(x):
                    return nn.Dropout(0.5)(x)  # NN412
            """
        ),
        Example(
            """
            from torch import nn
            class Block(nn.Module):
                def __init__(self, d):
                    super().__init__()
                    self.fc = nn.Linear(d, d, bias=False)
                def forward(self, x):
                    return self.fc(x)
            class Net(nn.Module):
                def __init__(self, d):
                    super().__init__()
                    self.d = d
                def forward(self, x):
                    x = Block(self.d)(x)  # NN412
                    block = Block(self.d)  # NN412
                    x = block(x).flatten(1)
                    self.fc = nn.Linear(x.shape[1], 10)  # NN412
                    return self.fc(x)
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class Blur(nn.Module):
                def __init__(self, d):
                    super().__init__()
                    self.conv = nn.Conv2d(d, d, 3)
                    nn.init.constant_(self.conv.weight, 1 / 9)
                def forward(self, x):
                    return self.conv(x)
            class Loaded(nn.Module):
                def __init__(self, path):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                    self.load_state_dict(torch.load(path))
                def forward(self, x):
                    return self.fc(x)
            class Net(nn.Module):
                def __init__(self, path):
                    super().__init__()
                    self.path = path
                    self.out = None
                def forward(self, x):
                    if self.out is None:
                        self.out = nn.Linear(4, 4)
                    x = Loaded(self.path)(Blur(4)(x))
                    self.act = nn.ReLU()
                    return self.act(self.out(x))
            class Once(nn.Module):
                def forward(self, x):
                    if hasattr(self, "fc"):
                        return self.fc(x)
                    self.fc = nn.Linear(4, 4)
                    return self.fc(x)
            class Given(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.table = nn.Parameter(torch.ones(4, 4))
                def forward(self, x):
                    self.proj = nn.Linear(4, 4)
                    self.proj.weight = self.table
                    return self.proj(x)
            """
        ),
    ),
)
