"""The pieces of which files are made: faulty classes with their fixes marked, and pieces that stay as they are."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from textwrap import dedent


@dataclass(frozen=True)
class Block:
    """A piece of a file. `codes` are the rules whose findings its marks take away.

    Inside a function a name that the class does not bind may be the function's own: some faults are not certain there.
    """

    text: str
    codes: frozenset[str] = frozenset()
    holds_in_functions: bool = True


def _block(text: str, *codes: str, holds_in_functions: bool = True) -> Block:
    return Block(dedent(text).strip("\n"), frozenset(codes), holds_in_functions)


FAULTY = (
    _block(
        """
        class Net_N_(nn.Module):
            def __init__(self):
                {+super().__init__()¶+}self.fc = nn.Linear(2, 2)

            def forward(self, x):
                return self.fc(x)
        """,
        "NN101",
    ),
    _block(
        '''
        class Documented_N_(nn.Module):
            """A class."""

            def __init__(self, width):
                """Says nothing."""
                # plain attributes only
                {+super().__init__()¶+}self.width = width; self.depth = 3
            def forward(self, x):
                return x
        ''',
        "NN101",
    ),
    _block(
        '''
        class DocumentedAlone_N_(nn.Module):
            def forward(self, x): return x
            def __init__(self):
                """Nothing to do."""{+¶super().__init__()+}
        ''',
        "NN101",
    ),
    _block(
        """
        class Empty_N_(nn.Module):
            def __init__(self):
                {-pass-}{+super().__init__()+}  # later
            forward = None
        class OneLine_N_(nn.Module):
            def forward(self, x): return x
            def __init__(self): {+super().__init__(); +}self.fc = nn.Linear(2, 2)
        """,
        "NN101",
    ),
    _block(
        """
        @register
        @registry.add(name="x",
            value=3)
        class Decorated_N_(nn.Module):
            marks = {"a": 1,
            "b": 2}
            def __init__(
                self,
                width=(1,
                    2),
            ):
                {+super().__init__()¶+}self.fc = nn.Linear(2,
                    2)
            def forward(self, x): return x
        """,
        "NN101",
    ),
    _block(
        """
        class Outside_N_(nn.Module):
            class Inside_N_(nn.Module):
                def __init__(self):
                    {+super().__init__()¶+}self.fc = nn.Linear(2, 2)
                def forward({+self, +}x):
                    return self.fc(x)
            def __init__(self):
                {+super().__init__()¶+}self.inside = self.Inside_N_()
            def forward(self, x):
                return self.inside(x)
        """,
        "NN101",
        "NN201",
    ),
    _block(
        """
        class Late_N_(nn.Module):
            def __init__(self, width):
                self.width = width
                {+super().__init__()  # of the parent¶+}self.fc = nn.Linear(2, 2)
                # between
        -        super().__init__()  # of the parent
                self.act = nn.ReLU()

            def forward(self, x):
                return self.act(self.fc(x))
        """,
        "NN102",
    ),
    _block(
        """
        class LateAndLast_N_(nn.Module):
            def forward(self, x): return self.fc(x)
            def __init__(self):
                {+super(LateAndLast_N_, self).__init__()¶+}self.fc = nn.Linear(2, 2)
        -        super(LateAndLast_N_, self).__init__()
        """,
        "NN102",
    ),
    _block(
        """
        class NotCalled_N_(nn.Module):
            def __init__(self):
                super().__init__{+()+}
                self.fc = nn.Linear(2, 2)
            def forward(self, x): return self.fc(x)
        """,
        "NN103",
    ),
    _block(
        """
        class Misspelled_N_(nn.Module):
            def {-__int__-}{+__init__+}(self):
                super().{-__int__-}{+__init__+}()
                self.fc = nn.Linear(2, 2)
            def forward(self, x): return self.fc(x)
        """,
        "NN105",
    ),
    _block(
        """
        class BadCall_N_(nn.Module):
            def __init__(self):
                {-super(self)-}{+super()+}.__init__()
                self.fc = nn.Linear(2, 2)
            def forward(self, x): return self.fc(x)
        """,
        "NN107",
    ),
    _block(
        """
        class NoSelf_N_(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(2, 2)

            def forward(
                {+self, +}x,
                mask=None,
            ):
                return self.fc(x)
        """,
        "NN201",
    ),
    _block(
        """
        class Static_N_(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(2, 2)
        -    @staticmethod
            def forward(self, x):
                return self.fc(x)
        """,
        "NN201",
    ),
    _block(
        """
        class Slip_N_(nn.Module):
            def __init__({-slef-}{+self+}):
                super().__init__()
                self.fc = nn.Linear(2, 2)
            def forward({+self, +}x{-, self-}):
                return self.fc(x)
        """,
        "NN202",
        holds_in_functions=False,
    ),
    _block(
        """
        class Forward_N_(nn.Module):
            def {-foward-}{+forward+}(self, x):
                return x
        """,
        "NN203",
    ),
    _block(
        """
        class Head_N_(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(2, 2)
            def forward(self, x):
                x = self.fc(torch.flatten(x, 1))
                return F.softmax(x{+, dim=1+})
        """,
        "NN501",
    ),
    _block(
        """
        class Saved_N_(nn.Module):
            def __init__(self, ch):
                super().__init__()
                self.conv1 = nn.Conv2d(ch, ch, 3, padding=1)
                self.conv2 = nn.Conv2d(ch, ch, 3, padding=1)
            def forward(self, x):
                identity = x
                out = F.relu(self.conv1(x))
                out = self.conv2(out){+¶out = out + identity+}
                return F.relu(out)
        """,
        "NN302",
    ),
)

CORRECT = (
    _block(
        '''
        class Correct_N_(nn.Module):
            """Says `super().__init__` and def forward(x): in words.
        |   \t class Quoted(nn.Module):\x20\x20
        |\t\tdef __init__(self): \x0c
        |
        |        self.fc = nn.Linear(2, 2)
        |    """

            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(2, 2)

            def forward(self, x):
                return self.fc(x) + 1
        '''
    ),
    _block(
        """
        TEXT_N_ = '''
        |class Quoted(nn.Module):
        |  def __init__(self):
        |      self.fc = nn.Linear(2, 2)  # noqa
        |
        |'''
        text_N_ = "\\r\\n \x0c class \x0b Net(nn.Module):" 'def forward(x): # nn-lint: ignore-file'
        """
    ),
    _block(
        """
        def plain_N_(self, x):
            total = x + \\
                1
            if total: return {"self": lambda x: (x,
              "deep")}

            return f"{total}" rb''
        """.replace(" rb''", "")
    ),
    _block(
        """
        class Module:
            def __init__(self): self.x = 1
            def forward(x): return x
        class Plain_N_(object):
            def __init__(self):
                self.fc = nn.Linear(2, 2)
        """
    ),
    _block("value_N_ = [1,\n        2,\n  3]; other = 3 ;"),
    _block("async def run_N_(self):\n    async with a as b, c as d: pass\n    return [x async for x in b]"),
    _block("class Twice_N_: pass\nclass Twice_N_(nn.Module):\n    def forward(self, x, *, y): return x"),
)

BLOCKS = (*FAULTY, *FAULTY, *CORRECT)

HEADERS: tuple[tuple[bytes, str, tuple[str, ...]], ...] = (
    (b"", "utf-8", ()),
    (b"", "utf-8", ('"""A file."""',)),
    (b"", "utf-8", ("#!/usr/bin/env python", "# comment")),
    (codecs.BOM_UTF8, "utf-8", ()),
    (codecs.BOM_UTF8, "utf-8", ("# -*- coding: utf-8 -*-",)),
    (b"", "latin-1", ("# -*- coding: latin-1 -*-", "name = 'Zo\xeb \x85 \xa0'")),
    (b"", "cp1251", ("#!/usr/bin/python", "# vim: set fileencoding=cp1251 :", "# слой")),
    (b"", "gbk", ("# coding=gbk", "# 残差")),
)
"""Byte order mark, encoding and the first rows of a file."""

ODD_TEXTS = (
    "a comment",
    "класс",
    "残差 ，：",
    "\u2028 line separator \x85 \x1c \x0b",
    "tab\tand form feed \x0c behind",
    "self.fc = nn.Linear(2, 2)",
    "'''",
    "\U0001f525",
    "{} \\",
)
"""What comments say."""
