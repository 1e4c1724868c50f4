"""Modules on demand: registries that are classes, and packages that import when they are first asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from nn_lint.verify.verdict import Run, Subject
from nn_lint.verify.verifier import Verifier
from nn_lint.verify.worker.statements import rows_of

REGISTRY = """
    class Kinds:
        known = {}

        @classmethod
        def register(cls, name):
            note(name)
            def enter(function):
                cls.known[name] = function
                return function
            return enter

    def note(name):
        LOG.append(name)

    LOG = []

    @Kinds.register(missing_name)
    def strange(x):
        return x

    @Kinds.register("double")
    def double(x):
        return 2 * x

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.lin = nn.Linear(8, 8)
        def forward(self, x):
            return Kinds.known["double"](self.lin(x))
"""


def test_a_class_is_a_registry_too_and_one_entry_that_fails_is_left_out(run: Callable[..., Run]) -> None:
    done = run(REGISTRY)
    assert done.runs, done.line


def test_what_a_package_imports_for_types_only_is_found_by_others(
    verifier: Verifier, subject: Callable[..., Subject], tmp_path: Path
) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "__init__.py").write_text(
        'from typing import TYPE_CHECKING\n\n__version__ = "1"\nif TYPE_CHECKING:\n    from .mixing import Mixing\n'
    )
    (tmp_path / "parts" / "mixing.py").write_text("class Mixing:\n    pass\n")
    done = verifier.run(
        subject("""
        from parts import Mixing, __version__

        class Net(Mixing, nn.Module):
            def __init__(self):
                super().__init__()
                self.lin = nn.Linear(8, int(__version__))
            def forward(self, x):
                return self.lin(x)
        """)
    )
    assert done.runs, done.line


def test_a_name_that_the_file_itself_imports_for_types_only_stays_unknown(
    run: Callable[..., Run], tmp_path: Path
) -> None:
    (tmp_path / "helper.py").write_text("def scale(x):\n    return x\n")
    done = run("""
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            from helper import scale

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.lin = nn.Linear(8, 8)
            def forward(self, x):
                return scale(self.lin(x))
        """)
    assert not done.runs


def test_the_keys_that_are_read_from_options_are_given(run: Callable[..., Run]) -> None:
    done = run("""
        class Net(nn.Module):
            def __init__(self, options):
                super().__init__()
                self.lin = nn.Linear(options["hidden_dim"], options["num_classes"])
            def forward(self, x):
                return self.lin(x)
        """)
    assert done.runs and "'num_classes': 10" in done.arguments, done.line


def test_what_lacks_an_attribute_is_exchanged_for_something_that_has_it(run: Callable[..., Run]) -> None:
    done = run("""
        def where(place):
            return place.device, place.shape[0]

        class Net(nn.Module):
            def __init__(self, places):
                super().__init__()
                device, count = where(places)
                self.lin = nn.Linear(count, 8, device=device)
            def forward(self, x):
                return self.lin(x)
        """)
    assert done.runs and "torch.randn" in done.arguments, done.line


def test_rows_end_where_they_do_for_python() -> None:
    assert rows_of("a\f b\u2028c\r\nd\re") == ["a\f b\u2028c\n", "d\n", "e"]
