"""One file as text, and what CPython makes of it: its tree or its error, and its indentation."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from nn_lint.source.compilation import may_not_compile
from nn_lint.source.indentation import Reindented, reindent
from nn_lint.source.lines import Lines

_NEWER = re.compile(
    r"^\s*type\s+\w|^\s*(?:class|def|async\s+def)\s+\w+\s*\[|\b[fFtT][rR]?['\"]|\b[rR][fFtT]['\"]|^\s*except\b.*,",
    re.MULTILINE,
)
"""What Python has learned since 3.10 that libcst can read: type parameters, free f-strings, bare `except A, B`."""


@dataclass(frozen=True, slots=True)
class ParseFailure:
    """CPython's own message and the kind of error that it raises; row and column count from 1."""

    kind: str
    message: str
    row: int
    column: int
    end_column: int | None


class Text:
    """The decoded text of one file. Everything is computed on demand and once."""

    def __init__(self, content: str, filename: str = "<text>") -> None:
        self.content = content
        self.filename = filename

    def release(self) -> None:
        """Drop what can be computed again; a tree takes many times the memory of its text."""
        for name in ("_parsed", "class_nodes", "lines", "readable"):
            self.__dict__.pop(name, None)
        if self.__dict__.get("reindented") is not None:
            del self.reindented

    @cached_property
    def lines(self) -> Lines:
        """The rows of the text as it stands in the file."""
        return Lines(self.content)

    @cached_property
    def reindented(self) -> Reindented | None:
        """The text with its mixed indentation mended, where it has any."""
        return None if isinstance(self._parsed, ParseFailure) else reindent(self.lines)

    @cached_property
    def readable(self) -> Lines:
        """The text that every parser reads: the file's own, or the re-indented one. Rows are the same in both."""
        return self.lines if self.reindented is None else Lines(self.reindented.text)

    @cached_property
    def _parsed(self) -> ast.Module | ParseFailure:
        return parse(self.content)

    @property
    def tree(self) -> ast.Module | None:
        """CPython's tree of the text, `None` where it refuses it."""
        return None if isinstance(self._parsed, ParseFailure) else self._parsed

    @cached_property
    def class_nodes(self) -> Mapping[int, ast.ClassDef]:
        """CPython's nodes of the classes by the row of their `class` lines; empty where it refuses the text."""
        return {} if self.tree is None else {node.lineno: node for node in _classes(self.tree)}

    @property
    def is_readable(self) -> bool:
        """Whether CPython reads the text, or libcst does because it is of a later Python."""
        return self.tree is not None or self.is_newer_python

    @property
    def failure(self) -> ParseFailure | None:
        """Why CPython refuses the text, `None` where it reads it."""
        return self._parsed if isinstance(self._parsed, ParseFailure) else None

    @cached_property
    def refusal(self) -> ParseFailure | None:
        """Why CPython's compiler refuses a text that its parser reads: the file can be understood, but never runs."""
        if self.tree is None or not may_not_compile(self.tree):
            return None
        return _failure_of(lambda: compile(self.content, self.filename, "exec", dont_inherit=True))

    @cached_property
    def is_newer_python(self) -> bool:
        """Whether libcst reads a text that this CPython refuses, because it is written for a later one."""
        if self.tree is not None or not _NEWER.search(self.content):
            return False
        import libcst

        try:
            libcst.parse_module(self.content)
        except libcst.ParserSyntaxError:
            return False
        return True


def _classes(tree: ast.Module) -> Iterator[ast.ClassDef]:
    """The class statements, wherever they stand; only statements hold them."""
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.ClassDef):
            yield node
        for field in ("body", "handlers", "orelse", "finalbody", "cases"):
            inner = getattr(node, field, ())
            pending.extend(inner if isinstance(inner, list) else ())


def parse(content: str) -> ast.Module | ParseFailure:
    """Parse as the running CPython does."""
    found: list[ast.Module] = []
    return _failure_of(lambda: found.append(ast.parse(content))) or found[0]


def _failure_of(read: Callable[[], object]) -> ParseFailure | None:
    """Why CPython refuses something; its warnings about the text are not ours to print."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            read()
        except SyntaxError as error:
            end = error.end_offset if error.end_lineno == error.lineno else None
            return ParseFailure(type(error).__name__, error.msg, error.lineno or 1, max(error.offset or 1, 1), end)
        except ValueError as error:
            return ParseFailure("SyntaxError", str(error), 1, 1, None)
        except (RecursionError, MemoryError):
            return ParseFailure("SyntaxError", "too deeply nested for CPython's parser", 1, 1, None)
    return None
