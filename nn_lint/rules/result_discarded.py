"""
A result that nobody takes: `self.relu(x)`, `F.relu(out)`, `x.view(-1, 8)` or `x + self.pe` as a statement.

## Why it hurts
Layers, functions and tensor methods give a new tensor and leave their operand alone, unless they are told to work in
place: `x` is what it was before, so the activation, the reshape or the position is missing. Nothing is raised.

## What is not reported
In-place layers and functions (`inplace=True`, `relu_`, `out=`), `nn.Identity`, layers of a class that registers hooks,
submodules and methods that may do more than to give a result (store something, check or log it) or that cannot be
read, methods that other objects have in another sense (`to`, `float`) unless a layer or a sum tells that it is a
tensor, and what is tried in a `try`.
A lost sum of a residual block is NN302's, a result that is lost for want of `return` is NN205's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from nn_lint.model.discarded import CONVERSIONS, FUNCTIONS, is_thrown_away
from nn_lint.model.endings import endings, returns
from nn_lint.model.method import Method
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.residual.leftovers import lost_sums
from nn_lint.model.syntax import walk
from nn_lint.project.code_text import method_code
from nn_lint.project.facts import ClassFacts
from nn_lint.project.premises.discarded import may_drop_result
from nn_lint.rules.rule import Example, Finding, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report the expression statements of forward that change nothing."""
    forward = cls.method("forward")
    if not cls.is_module or forward is None or not sieve(cls.facts, cls.text):
        return
    statements = [node for node in walk(forward.node.body, cst.Expr, into_scopes=False) if isinstance(node, cst.Expr)]
    computing = [node for node in statements if isinstance(node.value, (cst.Call, cst.BinaryOperation))]
    flow = cls.flow if computing else None
    if flow is None:
        return
    if _MEASURES.search(cls.syntax.text(forward.node)):
        return
    tried = {node for item in _guards(cls, forward) for node in walk(item)}
    last = set() if returns(forward) else {ending.statement for ending in endings(forward)}
    found = [node for node in computing if node not in tried and node not in last and is_thrown_away(cls, flow, node)]
    sums = {lost.statement for lost in lost_sums(cls)} if found else set()
    for node in found:
        if node not in sums:
            written = cls.syntax.text(node.value)
            message = f"the result of `{written}` is thrown away: `forward` goes on with what it had before"
            yield Finding(cls.syntax.span(node), message)


_MEASURES = re.compile(r"perf_counter|time\.time\(|monotonic\(|process_time|Event\(|synchronize\(|Timer|benchmark")
_EXPECTS = re.compile(r"suppress|raises|Raises|ignor|catch|swallow")


def _guards(cls: ModuleClass, forward: Method) -> Iterator[cst.CSTNode]:
    """The statements inside which an expression may be tried for the error that it raises."""
    for node in walk(forward.node.body, cst.Try, cst.With):
        if not isinstance(node, cst.With) or any(_EXPECTS.search(cls.syntax.text(item.item)) for item in node.items):
            yield node


_STATEMENT = re.compile(
    r"^[ \t]*(?:\w+[ \t]*[-+*/@][^=\n]|(?!return\b|yield\b|assert\b|raise\b|if\b|elif\b|while\b|for\b|with\b|del\b)"
    r"[\w.\[\]]+(?:[ \t]*[-+*/@]{1,2}(?!=)|\())|;",
    re.MULTILINE,
)


def sieve(facts: ClassFacts, source: str) -> bool:
    """A row of forward that begins like a call or an operation and not like an assignment."""
    return _STATEMENT.search(method_code(facts, source, "forward").partition(":")[2]) is not None


RULE = Rule(
    code="NN213",
    name="result-discarded",
    doc=__doc__,
    check=check,
    sieve=sieve,
    premise=lambda cls: cls.tree is None or may_drop_result(cls.tree, "forward", FUNCTIONS | CONVERSIONS),
    examples=(
        Example(
            """
            import torch
            import torch.nn.functional as F
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                    self.relu = nn.ReLU()
                    self.drop = nn.Dropout(0.5)
                    self.net = nn.Sequential(nn.Linear(4, 4), nn.Tanh())
                def forward(self, x):
                    out = self.fc(x)
                    self.relu(out)  # NN213
                    F.relu(out)  # NN213
                    self.drop(out)  # NN213
                    self.net(out)  # NN213
                    torch.sigmoid(out)  # NN213
                    out.view(-1, 2)  # NN213
                    x.unsqueeze(0)  # NN213
                    if self.training:
                        F.dropout(out, 0.1)  # NN213
                    return out
            class AddPos(nn.Module):
                def __init__(self, length, dim):
                    super().__init__()
                    self.register_buffer("pe", torch.ones(1, length, dim))
                def forward(self, x):
                    x + self.pe[:, : x.size(1)]  # NN213
                    x * 2  # NN213
                    return x
            """
        ),
        Example(
            """
            import torch
            import torch.nn.functional as F
            from torch import nn
            from elsewhere import Backbone, log, check
            class Net(nn.Module):
                def __init__(self, hook, flag):
                    super().__init__()
                    self.relu = nn.ReLU(inplace=True)
                    self.act = nn.ReLU(flag)
                    self.probe = nn.Identity()
                    self.backbone = Backbone()
                    self.hook = hook
                    self.features = []
                def forward(self, x, out, names, model, y):
                    x = x * 2
                    self.relu(x)
                    self.act(x)
                    self.probe(x)
                    self.backbone(x)
                    self.hook(x)
                    F.relu(x, inplace=True)
                    F.relu(x, True)
                    torch.add(x, 1, out=out)
                    x.add_(1)
                    x.relu_()
                    torch._assert(x.dim() == 2, "rows")
                    self.features.append(x)
                    names.add(x)
                    model.to(x.device)
                    model.float()
                    log(x)
                    check(x, y)
                    try:
                        x + y
                    except RuntimeError:
                        x = x.sum()
                    return x
            class Residual(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                def forward(self, x):
                    \"\"\"Return fc(x) + x.\"\"\"
                    return (
                        self.fc(x)
                        + x
                    )
            """
        ),
        Example(
            """
            from torch import nn
            class Features(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                    self.seen = {}
                    self.fc.register_forward_hook(self.keep)
                def keep(self, layer, inputs, output):
                    self.seen["fc"] = output
                def forward(self, x):
                    self.fc(x)
                    return self.seen["fc"]
            """
        ),
        Example(
            """
            import contextlib
            import time
            import torch
            from torch import nn
            class Statistics(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.bn = nn.BatchNorm1d(4)
                    self.other = nn.BatchNorm1d(4)
                def forward(self, x, extra=None):
                    if extra is not None:
                        self.other(extra)
                    self.bn(x)
                    return self.other((x - self.bn.running_mean) / self.bn.running_var.sqrt())
            class Cloud(nn.Module):
                def forward(self, points, graph: "Graph", x):
                    points.flatten()
                    graph + x
                    return points.features
            class Tried(nn.Module):
                def forward(self, x):
                    with contextlib.suppress(RuntimeError):
                        x.view(-1, 4)
                        x = x.view(-1, 4)
                    return x
            class Timed(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                def forward(self, x):
                    start = time.perf_counter()
                    self.fc(x)
                    return time.perf_counter() - start
            """
        ),
        Example(
            """
            from torch import nn
            class Probed(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.aux = nn.Linear(4, 4)
                def forward(self, x):
                    self.aux(x)
                    return x
            def probe(net, found):
                net.aux.register_forward_hook(lambda module, given, output: found.append(output))
            """
        ),
        Example(
            """
            from torch import nn
            class Writing(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.relu = nn.ReLU()
                    self.relu.inplace = True
                    self.fc = nn.Linear(4, 4)
                def forward(self, x):
                    x = self.fc(x)
                    self.relu(x)
                    return x
            """
        ),
        Example(
            """
            import time
            from torch import nn
            class Normed(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.bn = nn.BatchNorm1d(4)
                    self.created = time.time()
                def forward(self, x: "torch.Tensor"):
                    self.bn(x)  # NN213
                    x.flatten()  # NN213
                    return x.view(x.shape)
            """
        ),
        Example(
            """
            import torch
            import torch.nn.functional as F
            from torch import nn
            class Attention(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.qkv = nn.Linear(dim, 3 * dim)
                    self.out = nn.Linear(dim, dim)
                def forward(self, x):
                    q, k, v = self.qkv(x).chunk(3, dim=-1)
                    weights = F.softmax(q @ k.transpose(-2, -1), dim=-1)
                    return self.out(weights @ v)
            class Block(nn.Module):
                def __init__(self, dim, use_norm):
                    super().__init__()
                    self.attn = Attention(dim)
                    self.multi = nn.MultiheadAttention(dim, 1)
                    self.norm = nn.BatchNorm1d(dim) if use_norm else None
                    self.layers = nn.ModuleList([nn.Linear(dim, dim) for _ in range(3)])
                    self.fc = nn.Linear(dim, dim)
                def _scaled(self, x):
                    return x / x.norm(dim=-1, keepdim=True)
                def forward(self, x, mask):
                    x.float()  # NN213
                    mask.to(x.device)
                    self.attn(x)  # NN213
                    self.multi(x, x, x)  # NN213
                    if self.norm is not None:
                        self.norm(x)  # NN213
                    for layer in self.layers:
                        layer(x)  # NN213
                    self.layers[1](x)  # NN213
                    x = self.fc(x)
                    self._scaled(x)  # NN213
                    return x
            """
        ),
        Example(
            """
            from torch import nn
            from elsewhere import Unknown, log
            class Storing(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                def forward(self, x):
                    self.seen = self.fc(x)
                    return self.seen * 2
            class Checking(nn.Module):
                def forward(self, x):
                    if x.dim() != 2:
                        raise ValueError(x.shape)
                    return x * 2
            class Tapped(nn.Module):
                def forward(self, x):
                    return x
            class Logging(nn.Module):
                def forward(self, x):
                    log(x)
                    return x * 2
            class Growing(nn.Module):
                def forward(self, x, memory):
                    memory.append(x)
                    return x * 2
            class Writing(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.act = nn.ReLU(inplace=True)
                def forward(self, x):
                    return self.act(x)
            class Adding(nn.Module):
                def forward(self, x):
                    x += 1
                    return x * 2
            class Replaced(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(4, 4)
                    self.parts = nn.ModuleList([Storing(), Unknown()])
                    self.swapped = nn.ModuleList([nn.Linear(4, 4)])
                    self.swapped[0] = Unknown()
                    self.kept = Storing()
                    self.checked = Checking()
                    self.tap = Tapped()
                    self.logged = Logging()
                    self.grown = Growing()
                    self.written = Writing()
                    self.added = Adding()
                    self.chosen = nn.ReLU() if self.fc is None else nn.ReLU(inplace=True)
                    self.seen = []
                def _watch(self, x):
                    return x * 2
                def _keep(self, x):
                    self.seen.append(x)
                    return x * 2
                def _check(self, x):
                    assert x.dim() == 2
                    return x * 2
                def _written(self, x):
                    return x.mul_(2)
                def forward(self, x, net, memory):
                    net.to(x.device)
                    net.half()
                    for part in self.parts:
                        part(x)
                    for part in self.swapped:
                        part(x)
                    self.kept(x)
                    self.checked(x)
                    self.tap(x)
                    self.logged(x)
                    self.grown(x, memory)
                    self.written(x)
                    self.added(x)
                    self.chosen(x)
                    self._watch(x)
                    self._keep(x)
                    self._check(x)
                    self._written(x)
                    return self.fc(x)
            class Heir(Replaced):
                def _watch(self, x):
                    log(x)
                    return x
            """
        ),
    ),
)
