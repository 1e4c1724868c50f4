"""Indentation as CPython reads it: finds blocks whose tabs and spaces other parsers refuse, and re-indents them.

CPython counts columns, tabs to the next multiple of eight. libcst, and every editor with another tab width, compares
the white space itself: a body must begin with the very characters of its header. Only top-level statements that break
this are re-indented; rows are never added or removed, so a row map is all that is needed to go back.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from nn_lint.diagnostic import Edit, Position, Span
from nn_lint.source.lines import Lines

_TAB_INDENT = re.compile(r"(?:^|[\r\n])[ \f]*\t")
_SPACE_INDENT = re.compile(r"(?:^|[\r\n])\t*[ ]")
_FORM_FEED_INDENT = re.compile(r"\f[ \t]+[^\s#]")
_QUIET = frozenset({tokenize.NL, tokenize.COMMENT, tokenize.NEWLINE, tokenize.ENCODING})


@dataclass(frozen=True, slots=True)
class Block:
    """A top-level statement with mixed indentation: its rows, and the first row that other parsers refuse."""

    first_row: int
    last_row: int
    offending_row: int


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of the text: how deep it is, the block that it stands in, and how it was indented."""

    row: int
    depth: int
    header: int
    old: str
    offends: bool


class Reindented:
    """A text of which some blocks are indented anew; positions can be mapped back."""

    def __init__(self, lines: Lines, blocks: tuple[Block, ...], indents: dict[int, str]) -> None:
        self._lines = lines
        self.blocks = blocks
        self._indents = indents

    @cached_property
    def text(self) -> str:
        """The text with the new indentation."""
        parts = []
        for row in range(1, self._lines.count + 1):
            line = self._lines.rows(row, row)
            new = self._indents.get(row)
            parts.append(line if new is None else new + line[len(self._lines.indentation(row)) :])
        return "".join(parts)

    def edits(self, block: Block) -> Iterator[Edit]:
        """The edits that re-indent one block, in the coordinates of the original text."""
        for row in range(block.first_row, block.last_row + 1):
            old, new = self._lines.indentation(row), self._indents.get(row)
            if new is not None and new != old:
                yield Edit(Span(Position(row, 1), Position(row, len(old) + 1)), new)

    def original(self, span: Span) -> Span:
        """A span of the new text in the coordinates of the original."""
        return Span(self._back(span.start), self._back(span.end))

    def original_edit(self, edit: Edit) -> Edit:
        """An edit of the new text in the coordinates, and the indentation, of the original."""
        row = edit.span.start.row
        content = edit.content
        if row in self._indents:
            pattern = re.compile(rf"(\r\n|\r|\n){re.escape(self._indents[row])}")
            content = pattern.sub(lambda match: match[1] + self._lines.indentation(row), content)
        return Edit(self.original(edit.span), content)

    def _back(self, position: Position) -> Position:
        new = self._indents.get(position.row)
        if new is None:
            return position
        old = len(self._lines.indentation(position.row))
        inside = position.column - 1 - len(new)
        return Position(position.row, 1 + old + inside if inside >= 0 else min(position.column, old + 1))


def reindent(lines: Lines) -> Reindented | None:
    """Re-indent the blocks of a text that CPython parses and others refuse; `None` where there is nothing to do."""
    mixed = _TAB_INDENT.search(lines.text) and _SPACE_INDENT.search(lines.text)
    if not (mixed or _FORM_FEED_INDENT.search(lines.text)):
        return None
    rows, strings = _logical_rows(lines)
    blocks = tuple(_mixed_blocks(rows, lines.count))
    if not blocks:
        return None
    unit = _unit(rows)
    indents: dict[int, str] = {}
    for block in blocks:
        indents.update(_new_indents(lines, rows, block, unit, strings))
    result = Reindented(lines, blocks, indents)
    return result if ast.dump(ast.parse(result.text)) == ast.dump(ast.parse(lines.text)) else None


def rows_inside_strings(lines: Lines) -> frozenset[int]:
    """The rows that begin inside a string: their white space belongs to it."""
    return frozenset(_logical_rows(lines)[1])


def _logical_rows(lines: Lines) -> tuple[list[_Row], set[int]]:
    """The rows that begin a statement, and the rows that begin inside a string."""
    rows: list[_Row] = []
    strings: set[int] = set()
    stack = [""]
    header, fresh, opened = 1, True, 0
    for token in tokenize.generate_tokens(io.StringIO("\n".join(lines)).readline):
        kind, name = token.type, tokenize.tok_name[token.type]
        if kind == tokenize.STRING:
            strings.update(range(token.start[0] + 1, token.end[0] + 1))
        elif name == "FSTRING_START":
            opened = token.start[0]
        elif name == "FSTRING_END":
            strings.update(range(opened + 1, token.end[0] + 1))
        if kind == tokenize.INDENT:
            stack.append(_counted(token.string))
        elif kind == tokenize.DEDENT:
            stack.pop()
        elif kind == tokenize.NEWLINE:
            fresh = True
        elif fresh and kind not in _QUIET and kind != tokenize.ENDMARKER:
            row, depth = token.start[0], len(stack) - 1
            header = row if depth == 0 else header
            old = lines.indentation(row)
            white = _counted(old)
            offends = white != stack[-1] or (depth > 0 and not white.startswith(stack[-2]))
            rows.append(_Row(row, depth, header, old, offends))
            fresh = False
    return rows, strings


def _mixed_blocks(rows: list[_Row], count: int) -> Iterator[Block]:
    headers = sorted({row.header for row in rows})
    ends = [*(header - 1 for header in headers[1:]), count]
    for header, end in zip(headers, ends):
        inside = [row for row in rows if row.header == header]
        offending = next((row.row for row in inside if row.offends), None)
        if offending is not None:
            yield Block(header, end, offending)


def _unit(rows: list[_Row]) -> str:
    """One step of indentation: a tab where most indented rows use tabs alone, else four spaces."""
    indented = [row.old for row in rows if row.depth]
    tabs = sum(set(old) == {"\t"} for old in indented)
    return "\t" if 2 * tabs > len(indented) else "    "


def _new_indents(lines: Lines, rows: list[_Row], block: Block, unit: str, strings: set[int]) -> dict[int, str]:
    """The new white space of each row of a block; continuation lines and comments move with their statement."""
    depths = {row.row: row.depth for row in rows if block.first_row <= row.row <= block.last_row}
    columns: dict[int, int] = {}
    result: dict[int, str] = {}
    shift = 0
    for row in range(block.first_row, block.last_row + 1):
        old = lines.indentation(row)
        stripped = lines.row(row).strip(" \t\f")
        if row in depths:
            result[row] = unit * depths[row]
            columns[depths[row]] = _column(old)
            shift = _column(result[row]) - _column(old)
        elif row in strings or not stripped:
            continue
        elif stripped.startswith("#"):
            following = next((later for later in depths if later > row), None)
            near = columns | ({depths[following]: _column(lines.indentation(following))} if following else {})
            result[row] = unit * max((depth for depth, column in near.items() if column <= _column(old)), default=0)
        else:
            result[row] = " " * max(_column(old) + shift, 0)
    return result


def _counted(indent: str) -> str:
    """The white space that counts: what follows the last form feed."""
    return indent.rpartition("\f")[2]


def _column(indent: str) -> int:
    """The column that CPython gives to white space: tabs go to the next multiple of eight, a form feed starts anew."""
    column = 0
    for character in indent:
        column = 0 if character == "\f" else (column // 8 + 1) * 8 if character == "\t" else column + 1
    return column
