"""What is kept between classes, and what parents are spared, must not change what is found."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

import nn_lint.verify
from nn_lint.verify.verdict import Run, Subject
from nn_lint.verify.verifier import Verifier

HELPER = "from torch import nn\n\nWIDTH = {width}\n\n\ndef head():\n    return nn.Linear(WIDTH, 2)\n"
NET = """
    from helper import head

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.head = head()
        def forward(self, x):
            return self.head(x)
"""


@pytest.fixture
def worker() -> Callable[[str], ModuleType]:
    """A module of the worker's folder, imported into this process."""
    folder = Path(nn_lint.verify.__file__).parent / "worker"
    name = "_nn_lint_worker_tested"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            name, folder / "__init__.py", submodule_search_locations=[str(folder)]
        )
        assert spec is not None and spec.loader is not None
        package = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(package)
    return lambda part: importlib.import_module(f"{name}.{part}")


def test_a_file_that_changes_between_two_classes_is_read_anew(
    verifier: Verifier, subject: Callable[..., Subject], tmp_path: Path
) -> None:
    for width in (8, 8, 12):
        (tmp_path / "helper.py").write_text(HELPER.format(width=width))
        done = verifier.run(subject(NET))
        assert done.runs and done.input_shapes[0][-1] == width, done.line


def test_both_texts_of_a_comparison_run_the_statements_of_other_files(
    verifier: Verifier, subject: Callable[..., Subject], tmp_path: Path
) -> None:
    (tmp_path / "helper.py").write_text(HELPER.format(width=8))
    verifier.run(subject(NET))
    verdict = verifier.compare(subject(NET), subject(NET.replace("self.head(x)", "1 * self.head(x)")), residual=False)
    assert verdict.level.value == "equivalent", verdict


def test_a_table_knows_names_in_every_kind_of_statement(worker: Callable[[str], ModuleType]) -> None:
    text = (
        "import a.b, c as d\nfrom e import f as g\nif a:\n    h = 1\nelse:\n    def i(): j = 1\n"
        "try:\n    k: int = [l for l in d]\nexcept E as m:\n    pass\nwith n() as (o, p): pass\nq[0] = (r := 1)\n"
        "def s():\n    global t\n    t = 1\nclass U:\n    v = 1\nw = lambda x: (y := x)\n"
    )
    table = worker("tables").read_table(text, "net.py")
    assert set(table.binding) == set("adghikmopqrsUw")
    assert table.stored == frozenset("adghikmoprstUw")
    assert [node.name for node in table.functions] == ["i", "s"]
    assert not table.is_open and worker("tables").read_table("def f():\n    globals()['x'] = 1\n", "net.py").is_open


def test_kept_tables_are_bounded_and_follow_the_text(worker: Callable[[str], ModuleType]) -> None:
    tables = worker("tables")
    kept = tables.Kept()
    kept.keep("a = 1\n", "a.py")
    assert kept.table("a = 1\n", "a.py") is kept.tables["a.py"] and not kept.missed
    assert kept.table("a = 2\n", "a.py") is not kept.tables["a.py"] and kept.missed == ["a.py"]
    kept.keep("#" * tables.MOST_KEPT + "\n", "b.py")
    assert list(kept.tables) == ["b.py"]


def test_weights_are_drawn_again_after_a_weightless_construction(worker: Callable[[str], ModuleType]) -> None:
    torch = pytest.importorskip("torch")
    with worker("weightless").weightless():
        assert not torch.nn.Linear(4, 4).weight.any()
    assert torch.nn.Linear(4, 4).weight.all()


def test_a_class_that_a_parent_passes_arguments_to_has_weights_of_its_own(run: Callable[..., Run]) -> None:
    done = run(
        """
        class Block(nn.Module):
            def __init__(self, wide):
                super().__init__()
                self.lin = nn.Linear(wide, wide)
                assert self.lin.weight.any()
            def forward(self, x):
                return self.lin(x)

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.plain = nn.Linear(24, 24)
                self.block = Block(self.plain.out_features)
            def forward(self, x):
                return self.block(self.plain(x))
        """,
        "Block",
    )
    assert done.runs, done.line
