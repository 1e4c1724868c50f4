"""The text of a class without comments and strings: what sieves search, at the speed of regular expressions.

Taking text away can only hide a use, never invent one: a name that seems unused here may be used, and not the reverse.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from nn_lint.project.facts import ClassFacts

_NOISE = re.compile(r'"""[\s\S]*?"""|\'\'\'[\s\S]*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|#[^\r\n]*')
_PROSE = re.compile(r"#|(?:\"\"\"|''')[^{]*\Z")
_STORE = re.compile(r"^[ \t]*(\w+)[ \t]*(?::[^=\n]+)?=(?!=)", re.MULTILINE)
_OTHER_STORES = re.compile(r"^[ \t]*\(?((?:\w+[ \t]*,[ \t]*)+\w*)[ \t]*\)?[ \t]*=(?!=)|\b(\w+)[ \t]*:=", re.MULTILINE)
_ATTRIBUTE_STORE = re.compile(r"\.\s*(\w+)\s*(?::[^=\n]+)?=(?!=)")
_BARE_NAME = re.compile(r"(?<![.\w])[^\W\d]\w*")
_ATTRIBUTE = re.compile(r"\.(\w+)")
_ALIAS = re.compile(r"\b(\w+)[ \t]*=[ \t]*[^\W\d]\w*[ \t]*(?=[;\n#=]|$)")
_RETURN_ROW = re.compile(r"([ \t]+)return\b")

_BRACKET = re.compile(r"[()\[\]{}]")
_LOOP = re.compile(r"(?:(?:async[ \t]+)?for|while)\b")
_RETURN = re.compile(r"\breturn\b")


@lru_cache(maxsize=64)
def bare_code(source: str) -> str:
    """A text without its comments and strings, newlines as `\\n`."""
    return _NOISE.sub("", source.replace("\r\n", "\n").replace("\r", "\n"))


def speaking_code(source: str) -> str:
    """A text without comments and long strings: all that may use a name, short strings and f-strings too."""
    return _NOISE.sub(lambda found: "" if _PROSE.match(found[0]) else found[0], source)


def prose(source: str) -> Iterator[str]:
    """The comments and strings of a text, docstrings among them."""
    yield from _NOISE.findall(source.replace("\r\n", "\n").replace("\r", "\n"))


def method_code(facts: ClassFacts, source: str, name: str) -> str:
    """The bare code of a method, empty where the class has none of that name."""
    method = facts.method(name)
    if method is None:
        return ""
    return _code_of_rows(source, method.row - facts.first_row, method.end_row - facts.first_row + 1)


@lru_cache(maxsize=64)
def _code_of_rows(source: str, first: int, end: int) -> str:
    return bare_code("\n".join(_rows(source)[first:end]))


@lru_cache(maxsize=8)
def _rows(source: str) -> list[str]:
    return source.replace("\r\n", "\n").replace("\r", "\n").split("\n")


@lru_cache(maxsize=8)
def stored_attributes(source: str) -> frozenset[str]:
    """The names behind a dot that something is assigned to, whatever the dot stands behind."""
    return frozenset(_ATTRIBUTE_STORE.findall(source))


def calls_text(source: str, start: re.Pattern[str]) -> Iterator[str]:
    """The text of each call that begins as a pattern says, its opening parenthesis included, to the closing one."""
    code = bare_code(source)
    for found in start.finditer(code):
        yield code[found.start() : _closing(code, found.end())]


def _closing(code: str, start: int) -> int:
    """Where the bracket ends that was opened before a place."""
    depth = 1
    for bracket in _BRACKET.finditer(code, start):
        depth += 1 if bracket[0] in "([{" else -1
        if depth == 0:
            return bracket.end()
    return len(code)


def unread_names(code: str) -> Iterator[str]:
    """The names that a method assigns and, as far as the text tells, never reads."""
    stores, uses = Counter(_STORE.findall(code)), Counter(_BARE_NAME.findall(code))
    for parts, name in _OTHER_STORES.findall(code):
        stores.update(_BARE_NAME.findall(parts) if parts else (name,))
    yield from (name for name, count in stores.items() if uses[name] == count)


def unread_attributes(code: str) -> Iterator[str]:
    """The attributes that a class assigns and, as far as the text tells, never reads."""
    stores, uses = Counter(_ATTRIBUTE_STORE.findall(code)), Counter(_ATTRIBUTE.findall(code))
    yield from (name for name, count in stores.items() if uses[name] == count)


def aliases(code: str) -> Iterator[str]:
    """The names to which a bare name is assigned."""
    yield from _ALIAS.findall(code)


def has_code_after_return(code: str) -> bool:
    """Whether a statement may follow a `return` in its own block."""
    indentation: str | None = None
    for row in code.split("\n"):
        text = row.lstrip(" \t")
        margin = row[: len(row) - len(text)]
        if not text or (indentation is not None and len(margin) > len(indentation) and margin.startswith(indentation)):
            continue
        if margin == indentation:
            return True
        found = _RETURN_ROW.match(row)
        indentation = None if found is None else found[1]
    return False


def has_return_in_loop(code: str) -> bool:
    """Whether a `return` stands in a row that is indented more than a `for` or `while` above it."""
    loops: list[int] = []
    for row in code.split("\n"):
        text = row.lstrip(" \t")
        if not text:
            continue
        indent = len(row) - len(text)
        loops = [loop for loop in loops if loop < indent]
        is_loop = _LOOP.match(text) is not None
        if (loops or is_loop) and _RETURN.search(text):
            return True
        if is_loop:
            loops.append(indent)
    return False
