"""
A block that is indented with tabs here and spaces there, so that only CPython can tell what belongs to what.

## Why it hurts
CPython counts a tab as the way to the next multiple of eight. Editors show it as two, four or eight columns, and other
parsers compare the white space itself and refuse the file. A body that looks aligned may be somewhere else.

## What is not reported
Files that use tabs in one block and spaces in another, and spaces after tabs that only align.

## Fix safety
Safe: the block is re-indented as CPython reads it. The fix is offered only where the syntax tree stays the same.
"""

from __future__ import annotations

from collections.abc import Iterator

from nn_lint.diagnostic import Applicability, Position, Span
from nn_lint.rules.rule import Example, Finding, Repair, Rule
from nn_lint.source.text import Text


def check(text: Text) -> Iterator[Finding]:
    """Report each top-level block once, at the first row that other parsers refuse."""
    mended = text.reindented
    for block in mended.blocks if mended is not None else ():
        row = block.offending_row
        indent = text.lines.indentation(row)
        span = Span(Position(row, 1), Position(row, len(indent) + 1))
        tabs, spaces = indent.count("\t"), indent.count(" ")
        shown = " and ".join(
            f"{count} {name}{'s' * (count != 1)}" for count, name in ((tabs, "tab"), (spaces, "space")) if count
        )
        message = (
            f"indented by {shown or 'nothing'}, unlike the rows around it: tabs and spaces are mixed in this block"
        )
        edits = tuple(mended.edits(block)) if mended is not None else ()
        yield Finding(span, message, Repair("Re-indent the block", edits))


RULE = Rule(
    code="NN002",
    name="mixed-indentation",
    doc=__doc__,
    fix=Applicability.SAFE,
    check_text=check,
    examples=(
        Example(
            "class Net:\n"
            "\tdef __init__(self):\n"
            "         self.x = 1  # NN002\n"
            "         # a comment\n"
            "\tdef forward(self, x):\n"
            "          return call(x,\n"
            "                      x)\n",
            fixed="class Net:\n"
            "    def __init__(self):\n"
            "        self.x = 1\n"
            "        # a comment\n"
            "    def forward(self, x):\n"
            "        return call(x,\n"
            "                    x)\n",
        ),
        Example("class A:\n\tdef f(self):\n\t\treturn 1\n\n\nclass B:\n    def f(self):\n        return 2\n"),
        Example("class A:\n\tdef f(self):\n\t\treturn call(1,\n\t\t            2)\n\n\tx = '''\n  a\n'''\n"),
        Example("class A:\n    def f(self):\n        return '''\n\ta\n'''\n"),
    ),
)
