"""Classes behind form feeds, and what is judged only after a base is mended."""

from __future__ import annotations

from tests.rules.harness import check, fix

BEHIND_FORM_FEEDS = """from torch import nn
\fclass Net(nn.Module):
    \f    def __init__(self):
        self.fc = nn.Linear(2, 2)
"""

MISSPELLED_BASE = """
from torch import nn
class Base(nn.Module):
    def __int__(self, width):
        super().__init__()
        self.fc = nn.Linear(width, width)
class Heir(Base):
    def __init__(self, width):
        super().__init__(width)
"""


def test_a_form_feed_before_a_class_or_method_moves_no_position() -> None:
    (found,) = check(BEHIND_FORM_FEEDS)
    assert (found.code, found.span.start.row, found.span.start.column) == ("NN101", 3, 14)
    fixed = BEHIND_FORM_FEEDS.replace("        self.fc", "        super().__init__()\n        self.fc")
    assert fix(BEHIND_FORM_FEEDS).content == fixed


def test_a_base_whose_init_is_misspelled_is_mended_before_its_heirs_are_judged() -> None:
    assert [item.code for item in check(MISSPELLED_BASE)] == ["NN105"]
    assert fix(MISSPELLED_BASE).content == MISSPELLED_BASE.replace("__int__", "__init__")
