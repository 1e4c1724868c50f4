"""Which rules there are, told by the text of their files: a run that needs few of them, or none, imports no more."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_RULE = re.compile(r"^RULE = Rule\(\n(.*?)^(?:    examples=|\))", re.MULTILINE | re.DOTALL)
_PART = re.compile(r"^    (\w+)=(.*?),?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ListedRule:
    """A rule that is not imported yet. `parts` are the arguments that its file gives to `Rule` beside the examples."""

    module: str
    code: str
    name: str
    default: bool
    about_plain_classes: bool
    parts: frozenset[str]


@lru_cache(maxsize=1)
def listed_rules() -> tuple[ListedRule, ...]:
    """Every rule, in the order of their codes."""
    folder = os.path.dirname(__file__)
    names = (entry.name for entry in os.scandir(folder) if entry.name.endswith(".py"))
    found = (rule for name in names for rule in _listed(os.path.join(folder, name), name.removesuffix(".py")))
    return tuple(sorted(found, key=lambda rule: rule.code))


def _listed(path: str, module: str) -> Iterator[ListedRule]:
    with open(path, encoding="utf-8") as file:
        found = _RULE.search(file.read())
    if found is not None:
        parts = dict(_PART.findall(found[1]))
        code, name = (parts[word].strip("\"'") for word in ("code", "name"))
        default = parts.get("default") != "False"
        yield ListedRule(module, code, name, default, parts.get("about_plain_classes") == "True", frozenset(parts))
