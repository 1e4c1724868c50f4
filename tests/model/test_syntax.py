"""Classes behind form feeds, and positions in the coordinates of the file."""

from __future__ import annotations

from tests.rules.harness import check, fix


def test_a_form_feed_before_a_class_or_method_moves_no_position() -> None:
    text = "from torch import nn\n\fclass Net(nn.Module):\n"
        "    \f    def __init__(self):\n        self.fc = nn.Linear(2, 2)\n"
    (found,) = check(text)
    assert (found.code, found.span.start.row, found.span.start.column) == ("NN101", 3, 14)
    assert fix(text).content == text.replace("        self.fc", "        super().__init__()\n        self.fc")


def test_a_base_whose_init_is_misspelled_is_mended_before_its_heirs_are_judged() -> None:
    text = """
from torch import nn
class Base(nn.Module):
    def __int__(self, width):
        super().__init__()
        self.fc = nn.Linear(width, width)
class Heir(Base):
    def __init__(self, width):
        super().__init__(width)
"""
    assert [item.code for item in check(text)] == ["NN105"]
    assert fix(text).content == text.replace("__int__", "__init__")
