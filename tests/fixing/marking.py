"""Texts that carry their own fixes as marks, rendered with any newlines and any indentation.

`{+new+}` is text that a fix inserts, `{-old-}` text that it deletes. `¶` inside an insertion stands for the newline of
the file with the indentation of the row; a row that begins with `-` goes as a whole, one that begins with `|` is the
inside of a string and is never indented anew.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum

from hypothesis import strategies as st

from .blocks import BLOCKS, HEADERS, ODD_TEXTS, Block

_MARK = re.compile(r"\{\+(?P<new>.*?)\+\}|\{-(?P<old>.*?)-\}")
UNITS = ("    ", "\t", "  ", "   ", "\t\t", "\t    ")
NEWLINES = ("\n", "\r\n", "\r")


class RowKind(Enum):
    """What a fix does to a row as a whole."""

    CODE = "stays, marks apart"
    DELETED = "goes"
    RAW = "the inside of a string"


@dataclass(frozen=True)
class Row:
    """One row of a marked text, its indentation apart."""

    indent: str
    marked: str
    kind: RowKind = RowKind.CODE

    def before(self) -> str:
        """The row as the user has it."""
        return self.indent + _MARK.sub(lambda match: match["old"] or "", self.marked)

    def after(self, newline: str) -> str:
        """The row as the fixes leave it."""
        grown = _MARK.sub(lambda match: (match["new"] or "").replace("¶", newline + self.indent), self.marked)
        return self.indent + grown

    def trailed(self, white: str) -> Row:
        """The row with white space at its end, which an insertion at the end of the row comes after."""
        if self.marked.endswith("+}") and "{+¶" in self.marked:
            at = self.marked.rindex("{+")
            return Row(self.indent, self.marked[:at] + white + self.marked[at:], self.kind)
        return Row(self.indent, self.marked + white, self.kind)


@dataclass(frozen=True)
class MarkedFile:
    """A file in its two forms, and the codes whose findings the fixes take away."""

    rows: tuple[Row, ...]
    newlines: tuple[str, ...]
    ends_with_newline: bool
    encoding: str
    bom: bytes
    codes: frozenset[str] = field(default=frozenset())

    @property
    def _ends(self) -> tuple[str, ...]:
        return self.newlines if self.ends_with_newline else (*self.newlines[:-1], "")

    def before(self) -> bytes:
        """What the user has on the disk."""
        text = "".join(row.before() + end for row, end in zip(self.rows, self._ends))
        return self.bom + text.encode(self.encoding)

    def after(self) -> bytes:
        """What the fixes must leave there."""
        first = self._ends[0] or "\n"
        kept = (item for item in zip(self.rows, self._ends) if item[0].kind is not RowKind.DELETED)
        text = "".join(row.after(first) + end for row, end in kept)
        return self.bom + text.encode(self.encoding)


def rows_of(block: Block, number: int, unit: str, outer: str = "") -> list[Row]:
    """The rows of a block in one indentation."""
    return [_row(line.replace("_N_", str(number)), unit, outer) for line in block.text.split("\n")]


def _row(line: str, unit: str, outer: str) -> Row:
    if line.startswith("|"):
        return Row("", line[1:], RowKind.RAW)
    kind = RowKind.DELETED if line.startswith("-") else RowKind.CODE
    line = line.removeprefix("-")
    bare = line.lstrip(" ")
    depth, alignment = divmod(len(line) - len(bare), 4)
    return Row(outer + unit * depth + " " * alignment if bare else "", bare, kind)


@st.composite
def marked_files(draw: st.DrawFn, blocks: tuple[Block, ...] = BLOCKS) -> MarkedFile:
    """Files of some blocks, each in its own indentation, with noise between and inside of them."""
    bom, encoding, cookie = draw(st.sampled_from(HEADERS))
    texts = [text for text in ODD_TEXTS if _fits(text, encoding)]
    rows = [
        Row("", line) for line in (*cookie, "import torch", "import torch.nn.functional as F", "from torch import nn")
    ]
    codes: set[str] = set()
    for number in range(draw(st.integers(1, 5))):
        block = draw(st.sampled_from(blocks))
        codes |= block.codes
        unit = draw(st.sampled_from(UNITS))
        made = _wrapped(draw, block, number, unit)
        rows += _noisy(draw, made, texts)
    newlines = draw(_newlines(len(rows)))
    return MarkedFile(tuple(rows), newlines, draw(st.booleans()), encoding, bom, frozenset(codes))


def _fits(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _newlines(count: int) -> st.SearchStrategy[tuple[str, ...]]:
    uniform = st.sampled_from(NEWLINES).map(lambda newline: (newline,) * count)
    mixed = st.lists(st.sampled_from(NEWLINES), min_size=count, max_size=count).map(tuple)
    return st.one_of(uniform, mixed)


def _wrapped(draw: st.DrawFn, block: Block, number: int, unit: str) -> list[Row]:
    """A block at the top, or in a function, a class or a condition."""
    headers: tuple[str, ...] = draw(
        st.sampled_from(
            (
                (),
                (),
                (),
                (f"def make_{number}(width=2):",),
                (f"class Outer_{number}:",),
                (f"class Network_{number}(nn.Module):",),
                ("if torch is not None:",),
                ("try:",),
                (f"def outer_{number}():", "@torch.no_grad()", f"def inner_{number}():"),
            )
        )
    )
    if not headers or not (block.holds_in_functions or "def" not in headers[0]):
        return rows_of(block, number, unit)
    depths = range(len(headers)) if len(headers) < 3 else (0, 1, 1)
    found = [Row(unit * depth, header) for depth, header in zip(depths, headers)]
    inside = unit * (depths[-1] + 1)
    found += rows_of(block, number, unit, inside)
    found.append(Row(inside, "pass"))
    if headers == ("try:",):
        found += [Row("", "finally:"), Row(unit, "pass")]
    return found


def _noisy(draw: st.DrawFn, rows: list[Row], texts: list[str]) -> list[Row]:
    """Rows with trailing white space, blank rows, form feeds and comments where Python allows them."""
    found: list[Row] = [Row("", "\f")] if draw(st.integers(0, 5)) == 0 else []
    opened = 0
    for index, row in enumerate(rows):
        after = rows[index + 1] if index + 1 < len(rows) else Row("", "")
        noise = draw(st.integers(0, 11))
        opened += row.before().count("(") - row.before().count(")")
        free = row.kind is RowKind.CODE and after.kind is RowKind.CODE and not row.marked.endswith(("\\", '"""', "'''"))
        trails = noise == 1 and free and row.marked
        found.append(row.trailed(draw(st.sampled_from((" ", "  \t", "\t", " \f ")))) if trails else row)
        if not free or '"""' in row.marked or opened:
            continue
        if noise == 2:
            found.append(Row("", draw(st.sampled_from(("", " ", "\t ", "     ", "\f", " \f")))))
        elif noise in (3, 4):
            indent = draw(st.sampled_from(("", row.indent, after.indent)))
            found.append(Row(indent, "# " + draw(st.sampled_from(texts))))
    return found
