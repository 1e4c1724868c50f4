"""Sieves are sound: whatever a rule finds without its sieve, it finds with it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import pytest

import nn_lint.engine
from nn_lint.diagnostic import Diagnostic
from nn_lint.engine import Engine
from nn_lint.project.files import ProjectFiles
from nn_lint.project.hierarchy import Hierarchy
from nn_lint.rules import all_rules, load_rule
from nn_lint.rules.rule import Example
from nn_lint.source.text import Text

from .rules.harness import ALL_CODES, FOLDER, unmarked

FIXTURES = Path(__file__).parents[1] / "fixtures"
EXAMPLES = [example for rule in all_rules() for example in rule.examples]
TORCH_FILES = (
    "nn/modules/batchnorm.py",
    "nn/modules/linear.py",
    "nn/modules/transformer.py",
    "ao/nn/quantizable/modules/rnn.py",
    "testing/_internal/common_pruning.py",
)

_Mutation = Callable[[str], str]


def _substitution(pattern: str, replacement: str) -> _Mutation:
    return lambda text: re.sub(pattern, replacement, text, flags=re.MULTILINE)


MUTATIONS: dict[str, _Mutation] = {
    "no call of the parent": _substitution(r"^( *)(super\([^()]*\)|nn\.Module)\.__init__\([^()]*\)$", r"\1pass"),
    "call spelled otherwise": _substitution(r"super\(\)\.__init__\(", "super(Net, self).__init__("),
    "call of the type": _substitution(r"super\(\)\.__init__\(", "super.__init__("),
    "call of the instance": _substitution(r"super\(\)\.__init__\(", "super(self).__init__("),
    "call with self": _substitution(r"super\(\)\.__init__\(", "super().__init__(self, "),
    "call without parentheses": _substitution(r"super\(\)\.__init__\([^()]*\)", "super().__init__"),
    "call misspelled": _substitution(r"\.__init__\(", ".__int__("),
    "init misspelled": _substitution(r"def __init__\(", "def _init_("),
    "call under a condition": _substitution(r"^( *)(super\(\)\.__init__\(.*\))$", r"\1if len(str(1)): \2"),
    "call at the end": _substitution(r"^( *)(super\(\)\.__init__\(\))\n((?:\1\S.*\n)+)", r"\3\1\2\n"),
    "no self": _substitution(r"def (\w+)\(self, ", r"def \1("),
    "self misspelled": _substitution(r"\(self, (\w+)", r"(slef, \1"),
    "uses of self misspelled": _substitution(r"= self\.", "= slef."),
    "self last": _substitution(r"def forward\(self, (\w+)\)", r"def forward(\1, self)"),
    "forward misspelled": _substitution(r"def forward\(", "def foward("),
    "static forward": _substitution(r"^( *)def forward\(", r"\1@staticmethod\n\1def forward("),
    "dataclass": _substitution(r"^( *)class ", r"\1@dataclasses.dataclass\n\1class "),
    "no additions": _substitution(r"^( *)(\w+) (?:= \w+ \+|\+=) (\S.*)$", r"\1\2 = \3"),
    "additions of itself": _substitution(r"\b(\w+) = (\w+) \+ (\w+)\b", r"\1 = \2 + \2"),
    "additions discarded": _substitution(r"^( *)\w+ = (\w+ \+ )", r"\1\2"),
    "saved input": _substitution(r"^( *)(def forward\(self, (\w+).*:)$", r"\1\2\n\1    identity = \3"),
    "named residual": _substitution(r"\bclass (?=\w+\()", "class ResidualBlock"),
    "softmax without dim": _substitution(r"(oftmax\([^()=,]*), *(?:dim=)?[-\w]+\)", r"\1)"),
}


@lru_cache(maxsize=1)
def torch_folder() -> Path:
    """Where torch's sources lie; torch itself is not imported."""
    spec = find_spec("torch")
    if spec is None or spec.origin is None:
        pytest.skip("torch is not installed")
    return Path(spec.origin).parent


def findings(text: str, others: tuple[tuple[str, str], ...] = ()) -> tuple[Diagnostic, ...]:
    """What the rules find in a text of a project."""
    files = ProjectFiles((), {FOLDER / path: content for path, content in others})
    return Engine(Hierarchy(files), ALL_CODES).check(files.add(FOLDER / "example.py", Text(text, "example.py")))


def findings_without_sieves(text: str, others: tuple[tuple[str, str], ...] = ()) -> tuple[Diagnostic, ...]:
    """What the same rules find in every class that may be a module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nn_lint.engine, "load_rule", lambda listed: replace(load_rule(listed), sieve=None, premise=None))
        return findings(text, others)


def assert_sieves_hide_nothing(text: str, others: tuple[tuple[str, str], ...] = ()) -> None:
    """With and without sieves the findings are the same."""
    every, found = findings_without_sieves(text, others), findings(text, others)
    missed = [f"{item.code} {item.class_name}:{item.span.start.row}" for item in every if item not in found]
    assert not missed, missed
    assert found == every


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.text.split("\n")[-2].strip()[:30])
def test_examples(example: Example) -> None:
    assert_sieves_hide_nothing(unmarked(example.text), example.others)


@pytest.mark.parametrize("path", sorted(FIXTURES.rglob("*.py")), ids=lambda path: path.name)
def test_fixtures(path: Path) -> None:
    assert_sieves_hide_nothing(path.read_text("utf-8"))


@pytest.mark.parametrize("name", TORCH_FILES)
def test_sources_of_torch(name: str) -> None:
    assert_sieves_hide_nothing((torch_folder() / name).read_text("utf-8"))


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_sources_with_faults(mutation: str) -> None:
    mutate = MUTATIONS[mutation]
    changed = [(mutate(text), item.others) for item in EXAMPLES if mutate(text := unmarked(item.text)) != text]
    assert changed
    for text, others in changed[::3]:
        if Text(text).tree is not None:
            assert_sieves_hide_nothing(text, others)


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_sources_of_torch_with_faults(mutation: str) -> None:
    before = (torch_folder() / "testing/_internal/common_pruning.py").read_text("utf-8")
    text = MUTATIONS[mutation](before)
    if text != before and Text(text).tree is not None:
        assert_sieves_hide_nothing(text)
