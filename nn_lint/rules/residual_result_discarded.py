"""
A shortcut that was prepared and got lost: `identity` saved and never added, a `shortcut` submodule that nothing
calls, a sum that goes nowhere.

## Why it hurts
The block runs and looks residual, but its output never receives its input. `out + identity` as a statement of its
own has no effect, nor has `+ identity` on a row of its own; `out == out + identity` compares, and `out =+ identity`
overwrites; a sum under another name, or behind the `return`, is thrown away. What was saved before a transformer's
attention may be forgotten while its feed-forward part has its shortcut. A `downsample` that is stored and never
applied, or whose result nothing takes, fails as soon as the shapes differ.

## What is not reported
Saved inputs that are used in any way (concatenated, gated, handed to a submodule), submodules and switches that a
subclass or anyone who may hold the block reads, blocks that add their input elsewhere, and blocks that say they are
plain. Where a submodule may add it, or the input is concatenated or multiplied, the finding is a warning.

## Fix safety
Verified: the sum is put where it was meant to be, and kept only if a run in torch shows that the input now reaches
the output. A `downsample` that is ignored or lost beside the bare input is mended only with `--unsafe-fixes`: the input
arrives before and after, so that a run would not tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from nn_lint.diagnostic import Applicability, Edit, Severity
from nn_lint.fixing.leftovers import (
    mend_attribute,
    mend_lost_projection,
    mend_lost_sum,
    mend_saved_input,
    mend_slip,
    mend_unused_copy,
)
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.residual.evidence import is_negated
from nn_lint.model.residual.leftovers import (
    DeadAttribute,
    SavedInput,
    Statement,
    dead_attributes,
    lost_sums,
    saved_inputs,
    unreachable_sums,
)
from nn_lint.model.residual.lost_projections import lost_projections
from nn_lint.model.residual.names import (
    COPY,
    RESIDUAL_FLAG,
    SAVED_INPUT,
    SHORTCUT_ATTRIBUTE,
    SHORTCUT_CONDITION,
    SWITCH,
)
from nn_lint.model.residual.self_sums import self_sums
from nn_lint.model.residual.slips import Slip, slips
from nn_lint.model.residual.unused_copies import unused_copies
from nn_lint.project.code_text import bare_code, has_code_after_return, method_code, unread_attributes, unread_names
from nn_lint.project.facts import ClassFacts
from nn_lint.project.premises.lost_sums import may_lose_sum
from nn_lint.rules.rule import Example, Finding, Repair, Rule


def check(cls: ModuleClass) -> Iterator[Finding]:
    """Report what is left of a forgotten shortcut; one finding a trace."""
    if not cls.is_module or not sieve(cls.facts, cls.text):
        return
    yield from _sums(cls)
    if is_negated(cls) or any(self_sums(cls)):
        return
    for lost in lost_projections(cls):
        message = f"nothing takes `{cls.syntax.text(lost.call)}`: {_bare(cls)}"
        yield _unproven(_finding(cls, lost.statement, message, "Add the result", mend_lost_projection(cls, lost)))
    found = False
    for saved in saved_inputs(cls):
        found = True
        message = f"`{saved.name}` holds the input of `{cls.name}` and is never added: {_consequence(cls, saved)}"
        finding = _finding(cls, saved.statement, message, "Add the saved input", mend_saved_input(cls, saved))
        yield finding if saved.is_named and saved.is_certain else replace(finding, severity=Severity.WARNING)
    for copy in unused_copies(cls) if not found else ():
        found = True
        message = f"`{copy.name}` holds the input of a branch and is never added: only other branches have a shortcut"
        yield _finding(cls, copy.statement, message, "Add the saved input", mend_unused_copy(cls, copy))
    for dead in dead_attributes(cls) if not found else ():
        finding = _finding(cls, dead.statement, _dead(cls, dead), "Use the shortcut", mend_attribute(cls, dead))
        finding = finding if dead.raw_sum is None else _unproven(finding)
        yield finding if dead.is_certain else replace(finding, severity=Severity.WARNING)


def _sums(cls: ModuleClass) -> Iterator[Finding]:
    for lost in lost_sums(cls):
        if lost.name is not None:
            message = f"`{lost.name}` is the sum of input and branch, and nothing reads it"
        elif lost.comparison:
            message = "`==` compares the sum of input and branch: `=` is meant"
        else:
            message = "the sum of input and branch is computed and thrown away"
        yield _finding(cls, lost.statement, message, "Keep the sum", mend_lost_sum(cls, lost))
    for slip in slips(cls):
        yield _finding(cls, slip.statement, _slip(cls, slip), "Add it", mend_slip(cls, slip))
    for statement in unreachable_sums(cls):
        yield Finding(cls.syntax.span(statement), "this addition stands behind `return` and never runs")


def _slip(cls: ModuleClass, slip: Slip) -> str:
    if slip.before is not None:
        return f"`{cls.syntax.text(slip.statement)}` is a statement of its own: it is added to nothing"
    return "`=+` assigns, and what the name held is lost: `+=` is meant"


def _consequence(cls: ModuleClass, saved: SavedInput) -> str:
    return "the block has no shortcut" if saved.is_certain else f"no sum in `{cls.name}` itself brings its input back"


def _dead(cls: ModuleClass, dead: DeadAttribute) -> str:
    if dead.is_flag:
        return f"`self.{dead.name}` is never read: `{cls.name}` has no shortcut, whatever it says"
    if dead.raw_sum is not None:
        return f"`self.{dead.name}` is never applied: {_bare(cls)}"
    if not dead.is_certain:
        return f"`self.{dead.name}` is never applied: no sum in `{cls.name}` itself brings its input back"
    return f"`self.{dead.name}` is never applied: the output of `{cls.name}` does not receive its input"


def _bare(cls: ModuleClass) -> str:
    return f"`{cls.name}` adds its bare input, which fails where shapes differ"


def _unproven(finding: Finding) -> Finding:
    """A finding whose repair no run can tell from what was there: the input arrives before and after."""
    if finding.repair is None:
        return finding
    return replace(finding, repair=replace(finding.repair, applicability=Applicability.UNSAFE))


def _finding(
    cls: ModuleClass, statement: Statement, message: str, mending: str, edits: tuple[Edit, ...] | str
) -> Finding:
    """A finding with its repair, or with the reason why there is none."""
    if isinstance(edits, str):
        return Finding(cls.syntax.span(statement), f"{message}; no fix: {edits}")
    return Finding(cls.syntax.span(statement), message, Repair(mending, edits))


_BARE_SUM = re.compile(
    r"^[ \t]*\(*(?!(?:return|yield|assert|if|elif|while|raise|for|del|with)\b)[\w.][^=\n]*\+(?!=)"
    r"|==[^\n]*\+|^[ \t]*[\w.]+\.add\(|^[ \t]*\+|[^=!<>]=[ \t]*\+",
    re.MULTILINE,
)
_ALIAS = re.compile(r"\b(\w+)[ \t]*=[ \t]*[^\W\d]\w*[ \t]*(?=[;\n#=]|$)")
_COPY = re.compile(rf"^[ \t]*({COPY.pattern})[ \t]*=[ \t]*\(*\w+", re.MULTILINE)
_PROJECTION = re.compile(r"^[ \t]*(?:(\w+)[ \t]*=[ \t]*)?[\s(]*\w+\.(?:downsample|shortcut)\s*\(", re.MULTILINE)
_NAMED_SUM = re.compile(r"^[ \t]*(\w+)[ \t]*(?::[^=\n]+)?=(?!=)[^\n]*(?:\+|\badd\b)", re.MULTILINE)


def sieve(facts: ClassFacts, source: str) -> bool:
    """A forward, and a saved input, a shortcut or a sum that nothing seems to use."""
    code = method_code(facts, source, "forward")
    if not code:
        return False
    unread = set(unread_names(code))
    if (
        any(SAVED_INPUT.fullmatch(name) for name in unread)
        or unread & set(_ALIAS.findall(code))
        or unread & set(_NAMED_SUM.findall(code))
    ):
        return True
    if any(not found[1] or found[1] in unread for found in _PROJECTION.finditer(code)):
        return True
    if any(_is_replaced(code, found) for found in _COPY.finditer(code)):
        return True
    if _BARE_SUM.search(code) or _ends_in_a_sum(code) or ("+" in code and has_code_after_return(code)):
        return True
    return _has_unread_shortcut(source)


def _is_replaced(code: str, copy: re.Match[str]) -> bool:
    """Whether the next row that mentions a name, if any, gives it another value and does not read it."""
    following = re.search(rf"^.*\b{copy[1]}\b.*$", code[copy.end() :], re.MULTILINE)
    if following is None:
        return True
    return re.match(rf"[ \t]*{copy[1]}[ \t]*=(?!=)(?!.*\b{copy[1]}\b)", following[0]) is not None


def _ends_in_a_sum(code: str) -> bool:
    """Whether a sum goes to a name that stands in no later row."""
    return any(
        re.search(rf"\b{found[1]}\b", code[_row_end(code, found.end()) :]) is None
        for found in _NAMED_SUM.finditer(code)
    )


def _row_end(code: str, place: int) -> int:
    end = code.find("\n", place)
    return len(code) if end < 0 else end


def premise(cls: ModuleClass) -> bool:
    """The same by CPython's tree, which knows where statements begin and end."""
    return cls.tree is None or may_lose_sum(cls.tree) or _has_unread_shortcut(cls.text)


def _has_unread_shortcut(source: str) -> bool:
    code = bare_code(source)
    unread = tuple(unread_attributes(code))
    if any(
        SHORTCUT_ATTRIBUTE.fullmatch(name) or RESIDUAL_FLAG.fullmatch(name) or SHORTCUT_CONDITION.fullmatch(name)
        for name in unread
    ):
        return True
    return bool(unread) and _JOINED_SWITCH.search(code) is not None


_JOINED_SWITCH = re.compile(rf"\b{SWITCH.pattern}\b[\s)]*(?:and|or)\b|\b(?:and|or)\b[^=\n]*{SWITCH.pattern}")


RULE = Rule(
    code="NN302",
    name="residual-result-discarded",
    doc=__doc__,
    fix=Applicability.VERIFIED,
    check=check,
    sieve=sieve,
    premise=premise,
    examples=(
        Example(
            """
            import torch.nn.functional as F
            from torch import nn
            class Saved(nn.Module):
                def __init__(self, ch):
                    super().__init__()
                    self.conv1 = nn.Conv2d(ch, ch, 3, padding=1)
                    self.conv2 = nn.Conv2d(ch, ch, 3, padding=1)
                def forward(self, x):
                    identity = x  # NN302
                    out = F.relu(self.conv1(x))
                    out = self.conv2(out)
                    return F.relu(out)
            class Projected(nn.Module):
                def __init__(self, cin, cout):
                    super().__init__()
                    self.conv = nn.Conv2d(cin, cout, 3, padding=1)
                    self.shortcut = nn.Conv2d(cin, cout, 1)
                def forward(self, x):
                    residual = self.shortcut(x)  # NN302
                    out = self.conv(x)
                    return out.relu()
            class Bare(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    identity = x
                    out = self.fc(x)
                    out + identity  # NN302
                    return out
            class Compared(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    out = self.fc(x)
                    out == out + x  # NN302
                    return out
            class Renamed(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    out = self.fc(x)
                    y = out + x  # NN302
                    return out
            """,
            fixed="""
            import torch.nn.functional as F
            from torch import nn
            class Saved(nn.Module):
                def __init__(self, ch):
                    super().__init__()
                    self.conv1 = nn.Conv2d(ch, ch, 3, padding=1)
                    self.conv2 = nn.Conv2d(ch, ch, 3, padding=1)
                def forward(self, x):
                    identity = x
                    out = F.relu(self.conv1(x))
                    out = self.conv2(out)
                    out = out + identity
                    return F.relu(out)
            class Projected(nn.Module):
                def __init__(self, cin, cout):
                    super().__init__()
                    self.conv = nn.Conv2d(cin, cout, 3, padding=1)
                    self.shortcut = nn.Conv2d(cin, cout, 1)
                def forward(self, x):
                    residual = self.shortcut(x)
                    out = self.conv(x)
                    out = out + residual
                    return out.relu()
            class Bare(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    identity = x
                    out = self.fc(x)
                    out = out + identity
                    return out
            class Compared(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    out = self.fc(x)
                    out = out + x
                    return out
            class Renamed(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    out = self.fc(x)
                    y = out + x
                    return y
            """,
        ),
        Example(
            """
            import torch.nn.functional as F
            from torch import nn
            class Wrong(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    out = self.fc(x)
                    x = x + out  # NN302
                    return F.relu(out)
            class Broken(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    identity = x
                    out = self.fc(x)
                    return F.relu(out)
                    + identity  # NN302
            class Plus(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    out = self.fc(x)
                    out =+ x  # NN302
                    return F.relu(out)
            """,
            fixed="""
            import torch.nn.functional as F
            from torch import nn
            class Wrong(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    out = self.fc(x)
                    out = x + out
                    return F.relu(out)
            class Broken(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    identity = x
                    out = self.fc(x)
                    return F.relu(out) + identity
            class Plus(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    out = self.fc(x)
                    out += x
                    return F.relu(out)
            """,
        ),
        Example(
            """
            import torch
            from torch import nn
            class Stages(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                    self.norm = nn.LayerNorm(dim)
                    self.seen = []
                def forward(self, x, scale=1):
                    scale = +scale
                    out = self.fc(x)
                    x = x + out
                    return self.norm(x), out
            class Kept(nn.Module):
                def __init__(self, dim, depth):
                    super().__init__()
                    self.layers = nn.ModuleList(nn.Linear(dim, dim) for _ in range(depth))
                def forward(self, x):
                    outs = []
                    for layer in self.layers:
                        out = layer(x)
                        outs.append(out)
                        x = x + out
                    return torch.cat(outs, -1)
            class Joined(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    out = (self.fc(x)
                           + x)
                    return out
            class Cached(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x, cache):
                    out = self.fc(x)
                    x = x + out
                    cache.append(x)
                    return out
            """
        ),
        Example(
            """
            import torch
            import torch.nn.functional as F
            from torch import nn
            class Annotated(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    identity: torch.Tensor = x  # NN302
                    out = self.fc(x)
                    return F.relu(out)
            class Paired(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    identity, out = x, self.fc(x)  # NN302
                    return F.relu(out)
            """,
            fixed="""
            import torch
            import torch.nn.functional as F
            from torch import nn
            class Annotated(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    identity: torch.Tensor = x
                    out = self.fc(x)
                    out = out + identity
                    return F.relu(out)
            class Paired(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    identity, out = x, self.fc(x)
                    out = out + identity
                    return F.relu(out)
            """,
        ),
        Example(
            """
            from torch import nn
            class Walrus(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    out = self.fc(identity := x)  # NN302
                    return out.relu()
            class Switched(nn.Module):
                def __init__(self, ch, shortcut=True):
                    super().__init__()
                    self.conv = nn.Conv2d(ch, ch, 3, padding=1)
                    self.shortcut = shortcut  # NN302
                def forward(self, x):
                    return self.conv(x).relu()
            class Condition(nn.Module):
                def __init__(self, c1, c2, shortcut=True):
                    super().__init__()
                    self.conv = nn.Conv2d(c1, c2, 3, padding=1)
                    self.add = shortcut and c1 == c2  # NN302
                def forward(self, x):
                    return self.conv(x).relu()
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class Decoder(nn.Module):
                def __init__(self, ch, skip=True):
                    super().__init__()
                    self.skip = skip
                    self.conv = nn.Conv2d(2 * ch, ch, 3, padding=1)
                def forward(self, x, other):
                    return self.conv(torch.cat([x, other], 1))
            class Skippable(nn.Module):
                def __init__(self, ch, skip=False, residual="none"):
                    super().__init__()
                    self.skip = skip
                    self.residual = residual
                    self.conv = nn.Conv2d(ch, ch, 3, padding=1)
                def forward(self, x):
                    return self.conv(x)
            class Chosen(nn.Module):
                def __init__(self, ch, shortcut=True, bias=True):
                    super().__init__()
                    self.bias = shortcut and bias
                    self.conv = nn.Conv2d(ch, ch, 3, padding=1)
                    self.way = nn.Identity() if shortcut else None
                def forward(self, x):
                    return self.conv(x) if self.way is None else self.conv(x) + self.way(x)
            class Sized(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    skip, width = x.shape
                    first, out = x, self.fc(x)
                    return out.view(-1, width)
            """
        ),
        Example(
            """
            from torch import nn
            class Ignored(nn.Module):
                def __init__(self, cin, cout, downsample=None):
                    super().__init__()
                    self.conv = nn.Conv2d(cin, cout, 3, padding=1)
                    self.downsample = downsample  # NN302
                def forward(self, x):
                    out = self.conv(x)
                    out += x
                    return out.relu()
            class Forgotten(nn.Module):
                def __init__(self, cin, cout):
                    super().__init__()
                    self.conv = nn.Conv2d(cin, cout, 3, padding=1)
                    self.shortcut = nn.Conv2d(cin, cout, 1)  # NN302
                def forward(self, x):
                    x = self.conv(x)
                    return x.relu()
            class Optional(nn.Module):
                def __init__(self, cin, cout, shortcut=None):
                    super().__init__()
                    self.conv = nn.Conv2d(cin, cout, 3, padding=1)
                    self.shortcut = shortcut  # NN302
                def forward(self, x):
                    return self.conv(x)
            """,
            fixed="""
            from torch import nn
            class Ignored(nn.Module):
                def __init__(self, cin, cout, downsample=None):
                    super().__init__()
                    self.conv = nn.Conv2d(cin, cout, 3, padding=1)
                    self.downsample = downsample
                def forward(self, x):
                    out = self.conv(x)
                    out += x if self.downsample is None else self.downsample(x)
                    return out.relu()
            class Forgotten(nn.Module):
                def __init__(self, cin, cout):
                    super().__init__()
                    self.conv = nn.Conv2d(cin, cout, 3, padding=1)
                    self.shortcut = nn.Conv2d(cin, cout, 1)
                def forward(self, x):
                    x = self.conv(x) + self.shortcut(x)
                    return x.relu()
            class Optional(nn.Module):
                def __init__(self, cin, cout, shortcut=None):
                    super().__init__()
                    self.conv = nn.Conv2d(cin, cout, 3, padding=1)
                    self.shortcut = shortcut
                def forward(self, x):
                    identity = x if self.shortcut is None else self.shortcut(x)
                    return self.conv(x) + identity
            """,
        ),
        Example(
            """
            from torch import nn
            class Lost(nn.Module):
                def __init__(self, cin, cout, downsample=None):
                    super().__init__()
                    self.conv = nn.Conv2d(cin, cout, 3, padding=1)
                    self.downsample = downsample
                def forward(self, x):
                    identity = x
                    out = self.conv(x)
                    if self.downsample is not None:
                        self.downsample(x)  # NN302
                    out += identity
                    return out.relu()
            class Named(nn.Module):
                def __init__(self, cin, cout, downsample=None):
                    super().__init__()
                    self.conv = nn.Conv2d(cin, cout, 3, padding=1)
                    self.downsample = downsample
                def forward(self, x):
                    residual = x
                    out = self.conv(x)
                    if self.downsample is not None:
                        identity = self.downsample(x)  # NN302
                    out += residual
                    return out.relu()
            class Kept(nn.Module):
                def __init__(self, cin, cout, downsample=None):
                    super().__init__()
                    self.conv = nn.Conv2d(cin, cout, 3, padding=1)
                    self.downsample = downsample
                def forward(self, x):
                    residual = x if self.downsample is None else self.downsample(x)
                    out = self.conv(x) + residual
                    return out.relu()
            class Beside(nn.Module):
                def __init__(self, ch):
                    super().__init__()
                    self.conv = nn.Conv2d(ch, ch, 3, padding=1)
                    self.downsample = nn.MaxPool2d(2)
                def forward(self, x):
                    out = self.conv(x) + x
                    small = self.downsample(x)
                    return out, small
            """,
            fixed="""
            from torch import nn
            class Lost(nn.Module):
                def __init__(self, cin, cout, downsample=None):
                    super().__init__()
                    self.conv = nn.Conv2d(cin, cout, 3, padding=1)
                    self.downsample = downsample
                def forward(self, x):
                    identity = x
                    out = self.conv(x)
                    if self.downsample is not None:
                        identity = self.downsample(x)
                    out += identity
                    return out.relu()
            class Named(nn.Module):
                def __init__(self, cin, cout, downsample=None):
                    super().__init__()
                    self.conv = nn.Conv2d(cin, cout, 3, padding=1)
                    self.downsample = downsample
                def forward(self, x):
                    residual = x
                    out = self.conv(x)
                    if self.downsample is not None:
                        residual = self.downsample(x)
                    out += residual
                    return out.relu()
            class Kept(nn.Module):
                def __init__(self, cin, cout, downsample=None):
                    super().__init__()
                    self.conv = nn.Conv2d(cin, cout, 3, padding=1)
                    self.downsample = downsample
                def forward(self, x):
                    residual = x if self.downsample is None else self.downsample(x)
                    out = self.conv(x) + residual
                    return out.relu()
            class Beside(nn.Module):
                def __init__(self, ch):
                    super().__init__()
                    self.conv = nn.Conv2d(ch, ch, 3, padding=1)
                    self.downsample = nn.MaxPool2d(2)
                def forward(self, x):
                    out = self.conv(x) + x
                    small = self.downsample(x)
                    return out, small
            """,
        ),
        Example(
            """
            from torch import nn
            class Swin(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.norm1 = nn.LayerNorm(dim)
                    self.attn = nn.MultiheadAttention(dim, 1)
                    self.norm2 = nn.LayerNorm(dim)
                    self.mlp = nn.Linear(dim, dim)
                def forward(self, x):
                    shortcut = x  # NN302
                    x = self.norm1(x)
                    x, _ = self.attn(x, x, x)
                    x = x + self.mlp(self.norm2(x))
                    return x
            class Second(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.norm1 = nn.LayerNorm(dim)
                    self.attn = nn.MultiheadAttention(dim, 1)
                    self.norm2 = nn.LayerNorm(dim)
                    self.mlp = nn.Linear(dim, dim)
                def forward(self, x):
                    shortcut = x
                    x = self.norm1(x)
                    x, _ = self.attn(x, x, x)
                    x = x + shortcut
                    shortcut = x  # NN302
                    x = self.norm2(x)
                    x = self.mlp(x)
                    return x
            """,
            fixed="""
            from torch import nn
            class Swin(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.norm1 = nn.LayerNorm(dim)
                    self.attn = nn.MultiheadAttention(dim, 1)
                    self.norm2 = nn.LayerNorm(dim)
                    self.mlp = nn.Linear(dim, dim)
                def forward(self, x):
                    shortcut = x
                    x = self.norm1(x)
                    x, _ = self.attn(x, x, x)
                    x = x + shortcut
                    x = x + self.mlp(self.norm2(x))
                    return x
            class Second(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.norm1 = nn.LayerNorm(dim)
                    self.attn = nn.MultiheadAttention(dim, 1)
                    self.norm2 = nn.LayerNorm(dim)
                    self.mlp = nn.Linear(dim, dim)
                def forward(self, x):
                    shortcut = x
                    x = self.norm1(x)
                    x, _ = self.attn(x, x, x)
                    x = x + shortcut
                    shortcut = x
                    x = self.norm2(x)
                    x = self.mlp(x)
                    x = x + shortcut
                    return x
            """,
        ),
        Example(
            """
            from torch import nn
            from somewhere import Attention
            class Post(nn.Module):
                # what is added is the result of the norm, as in a post-norm block
                def __init__(self, dim):
                    super().__init__()
                    self.norm1 = nn.LayerNorm(dim)
                    self.attn = nn.MultiheadAttention(dim, 1)
                    self.norm2 = nn.LayerNorm(dim)
                    self.mlp = nn.Linear(dim, dim)
                def forward(self, x):
                    residual = x
                    x = self.norm1(x)
                    residual = x
                    x, _ = self.attn(x, x, x)
                    x = x + residual
                    residual = x
                    return x + self.mlp(self.norm2(x))
            class Foreign(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.norm1 = nn.LayerNorm(dim)
                    self.attn = Attention(dim)
                    self.norm2 = nn.LayerNorm(dim)
                    self.mlp = nn.Linear(dim, dim)
                def forward(self, x):
                    residual = x
                    x = self.attn(self.norm1(x))
                    return x + self.mlp(self.norm2(x))
            class Stem(nn.Module):
                def __init__(self, cin, cout):
                    super().__init__()
                    self.stem = nn.Conv2d(cin, cout, 3, padding=1)
                    self.conv = nn.Conv2d(cout, cout, 3, padding=1)
                def forward(self, x):
                    identity = x
                    x = self.stem(x)
                    return x + self.conv(x)
            class Within(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.norm = nn.LayerNorm(dim)
                    self.attn = Inner(dim)
                    self.mlp = nn.Linear(dim, dim)
                def forward(self, x):
                    shortcut = x
                    x = self.attn(self.norm(x))
                    return x + self.mlp(self.norm(x))
            class Inner(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    return x + self.fc(x)
            """
        ),
        Example(
            """
            from torch import nn
            class Flag(nn.Module):
                def __init__(self, ch, use_residual=True):
                    super().__init__()
                    self.conv = nn.Conv2d(ch, ch, 3, padding=1)
                    self.use_residual = use_residual  # NN302
                def forward(self, x):
                    return self.conv(x).relu()
            class Overwritten(nn.Module):
                def __init__(self, ch, downsample=None):
                    super().__init__()
                    self.conv = nn.Conv2d(ch, ch, 3, padding=1)
                    self.downsample = downsample
                def forward(self, x):
                    residual = x  # NN302
                    out = self.conv(x)
                    if self.downsample is not None:
                        residual = self.downsample(x)
                    return out.relu()
            class Behind(nn.Module):
                def __init__(self, ch):
                    super().__init__()
                    self.conv = nn.Conv2d(ch, ch, 3, padding=1)
                def forward(self, x):
                    identity = x
                    out = self.conv(x)
                    return out
                    out += identity  # NN302
            """,
        ),
        Example(
            """
            import torch
            from torch import nn
            def conv1x1(cin, cout):
                return nn.Conv2d(cin, cout, 1)
            class Skipped(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.norm = nn.LayerNorm(dim)
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x, skip_layer=False):
                    if skip_layer:
                        return x
                    residual = x  # NN302
                    return self.fc(self.norm(x))
            class Gated(nn.Module):
                def __init__(self, ch):
                    super().__init__()
                    self.conv = nn.Conv2d(ch, ch, 3, padding=1)
                def forward(self, x):
                    shortcut = x  # NN302
                    return x * self.conv(x).sigmoid()
            class Made(nn.Module):
                def __init__(self, cin, cout):
                    super().__init__()
                    self.conv = nn.Conv2d(cin, cout, 3, padding=1)
                    self.shortcut = None
                    if cin != cout:
                        self.shortcut = conv1x1(cin, cout)  # NN302
                def forward(self, x):
                    return self.conv(x).relu()
            class Attention(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.qkv = nn.Linear(dim, 3 * dim)
                    self.out = nn.Linear(dim, dim)
                    self.rescale = nn.Linear(dim, dim)
                def forward(self, x):
                    residual = x
                    q, k, v = self.qkv(x).chunk(3, -1)
                    x = (q @ k.mT).softmax(-1) @ v
                    x = x + self.rescale(x)
                    return self.out(x)
            """,
        ),
        Example(
            """
            import torch
            from torch import nn
            class Joined(nn.Module):
                def __init__(self, ch):
                    super().__init__()
                    self.conv = nn.Conv2d(ch, ch, 3, padding=1)
                def forward(self, x):
                    identity = x
                    return torch.cat([identity, self.conv(x)], dim=1)
            class Direct(nn.Module):
                def __init__(self, ch):
                    super().__init__()
                    self.conv = nn.Conv2d(ch, ch, 3, padding=1)
                def forward(self, x):
                    residual = x
                    return x + self.conv(x)
            class Scaled(nn.Module):
                def __init__(self, ch, downsample=False, residual=True, use_residual=True, skip=0.5):
                    super().__init__()
                    self.downsample = downsample
                    self.residual = residual
                    self.use_residual = use_residual
                    self.skip = skip
                    self.conv = nn.Conv2d(ch, ch, 3, stride=2 if downsample else 1)
                    self.body = Residual(self.conv) if use_residual else self.conv
                def forward(self, x):
                    return self.body(x)
            class Residual(nn.Module):
                def __init__(self, fn):
                    super().__init__()
                    self.fn = fn
                def forward(self, x):
                    return x + self.fn(x)
            class Passing(nn.Module):
                def forward(self, x):
                    identity = x
                    return x
            class PlainBlock(nn.Module):
                def __init__(self, ch):
                    super().__init__()
                    self.conv = nn.Conv2d(ch, ch, 3, padding=1)
                def forward(self, x):
                    identity = x
                    return self.conv(x)
            class Base(nn.Module):
                def __init__(self, ch, downsample=None):
                    super().__init__()
                    self.conv = nn.Conv2d(ch, ch, 3, padding=1)
                    self.downsample = downsample
                def forward(self, x):
                    return self.conv(x)
            class Heir(Base):
                def forward(self, x):
                    return self.conv(x) + self.downsample(x)
            class Kept(nn.Module):
                def __init__(self, ch):
                    super().__init__()
                    self.identity = nn.Identity()
                    self.conv = nn.Conv2d(ch, ch, 3, padding=1)
                def forward(self, x):
                    out = self.conv(x)
                    out.add_(x)
                    return out
            """
        ),
        Example(
            """
            import torch
            from torch import nn
            class Unpacked(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, pair):
                    x, residual = pair
                    return self.fc(x)
            class Unet(nn.Module):
                def __init__(self, ch, downsample=None):
                    super().__init__()
                    self.down = nn.Conv2d(ch, ch, 3, padding=1)
                    self.downsample = downsample
                def forward(self, x):
                    return torch.cat([x, self.down(x)], 1)
            """,
        ),
        Example(
            """
            import torch
            from torch import nn
            class Block(nn.Module):
                def __init__(self, dim):
                    super().__init__()
                    self.fc = nn.Linear(dim, dim)
                def forward(self, x):
                    out = self.fc(x)
                    torch.add(x, out, out=out)
                    return out
            """
        ),
    ),
)
