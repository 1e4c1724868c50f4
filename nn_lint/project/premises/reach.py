"""Which methods of a class its forward may reach, by the words of their text."""

from __future__ import annotations

import re
from collections.abc import Iterable

from nn_lint.project.code_text import method_code
from nn_lint.project.hierarchy import ProjectClass

_WORD = re.compile(r"\w+")


def reached_code(cls: ProjectClass, ancestors: Iterable[ProjectClass]) -> tuple[str, ...]:
    """The bare code of the methods of a class, `__init__` left out, that forward may call by way of others."""
    codes: dict[str, list[str]] = {}
    for owner in (cls, *ancestors):
        source = owner.file.text.readable.rows(owner.facts.first_row, owner.facts.end_row)
        for method in owner.facts.methods:
            codes.setdefault(method.name, []).append(method_code(owner.facts, source, method.name))
    pending, seen = ["forward"], {"__init__"}
    while pending:
        name = pending.pop()
        if name not in seen:
            seen.add(name)
            words = {word for code in codes.get(name, ()) for word in _WORD.findall(code)}
            pending.extend(words & codes.keys())
    return tuple(codes[method.name][0] for method in cls.facts.methods if method.name in seen - {"__init__"})
