"""Which files say a word: the index of class names and the search for other words agree on what a word is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from nn_lint.project.mentions import Mentions, words

TEXTS = {
    "a.py": "class Net: pass\nNet2 = Net",
    "b.py": "x = Net2()",
    "c.py": '"a “Net” of quotes"',
    "d.py": "Nét = Net\x0bclass Größe: ...",
    "e.py": "MyNet = my_Net = Net_",
    "f.py": "Größe()",
}


@pytest.mark.parametrize("name", ["Net", "Net2", "MyNet", "my_Net", "Größe", "x", "quotes"])
def test_a_word_is_what_stands_between_what_is_no_word(name: str) -> None:
    mentions = Mentions(map(Path, TEXTS), lambda path: TEXTS[str(path)])
    expected = [Path(path) for path, text in TEXTS.items() if re.search(rf"\b{name}\b", text)]
    assert list(mentions.paths(name)) == expected
    assert [Path(path) for path, text in TEXTS.items() if words(text, {name, "other"})] == expected
