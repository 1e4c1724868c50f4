"""Near misses of the names that Python and PyTorch look for."""

from __future__ import annotations

import re
from functools import lru_cache

_INIT_SHAPE = re.compile(r"_{0,3}[a-z]{2,6}_{0,3}")
_SELF_MISSES = frozenset({"slef", "sefl", "selff", "sself", "slf", "seld", "selfe", "sel", "elf", "selg", "sekf"})
_REQUIRES_GRAD = re.compile(r"(?:requires?|required)_?grad(?:ient)?s?_?")


def is_misspelled_init(name: str) -> bool:
    """`__int__`, `_init_`, `__init`, `__inti__`, `__Init__`...: one slip away from `__init__`, and no name of its own.

    `init` and `_init` are names that people give on purpose, so they do not count.
    """
    if name.lower() == "__init__" != name:
        return True
    if name == "__init__" or not _INIT_SHAPE.fullmatch(name):
        return False
    lead = len(name) - len(name.lstrip("_"))
    trail = len(name) - len(name.rstrip("_"))
    core = name.strip("_")
    if core == "init":
        return (lead, trail) not in ((0, 0), (1, 0), (0, 1))
    return lead >= 2 and trail >= 2 and slips("init", core) == 1


@lru_cache(maxsize=4096)
def is_misspelled_forward(name: str) -> bool:
    """`foward`, `forword`, `Forward`, `froward`...: at most two slips away from `forward`, of about its length.

    `__forward__` is one too: only Python itself gives names of that form.
    """
    if name == "__forward__":
        return True
    if name == "forward" or not name.isalpha() or not (name[1:].islower() or name.isupper()):
        return False
    lowered = name.lower()
    if lowered == "forward":
        return True
    distance = slips("forward", lowered)
    alike = lowered[0] == "f" and lowered[-1] == "d" and abs(len(name) - len("forward")) <= 1
    return distance == 1 and lowered != "forwards" or distance == 2 and alike


def is_misspelled_self(name: str) -> bool:
    """`slef`, `sefl`...: nobody's name for anything else."""
    return name in _SELF_MISSES or name.lower() == "self" != name


def is_misspelled_super(name: str) -> bool:
    """`Super`, `supper`, `suepr`...: one slip away from `super`."""
    return name != "super" and (name.lower() == "super" or (len(name) > 3 and slips("super", name) == 1))


def is_misspelled_requires_grad(name: str) -> bool:
    """`require_grad`, `requires_gard`, `requires_gradient`...; also the method, which is no attribute to set.

    A name that begins with an underscore is a mark of one's own.
    """
    lowered = name.lower()
    if name == "requires_grad" or name.startswith("_") or not 10 <= len(name) <= 18:
        return False
    return _REQUIRES_GRAD.fullmatch(lowered) is not None or slips("requires_grad", lowered) <= 2


def slips(wanted: str, written: str) -> int:
    """Insertions, deletions, substitutions and swaps of neighbours between two words (optimal string alignment)."""
    rows = [list(range(len(written) + 1))]
    for i, a in enumerate(wanted, 1):
        row = [i]
        for j, b in enumerate(written, 1):
            best = min(rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + (a != b))
            if i > 1 and j > 1 and a == written[j - 2] and b == wanted[i - 2]:
                best = min(best, rows[i - 2][j - 2] + 1)
            row.append(best)
        rows.append(row)
    return rows[-1][-1]
