"""Where arguments come from beyond the class itself: registries, hints, other classes of the project, parents."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nn_lint.verify.verdict import Run, Subject
from nn_lint.verify.verifier import Verifier

CASES = {
    "a registry that the module fills": """
        LAYERS = {}

        def noted(registry):
            def enter(cls):
                registry[cls.__name__] = cls
                return cls
            return enter

        class Registry(dict):
            def register(self, name):
                return lambda made: self.setdefault(name, made)

        KINDS = Registry()
        KINDS.update(plain=nn.Identity)

        @KINDS.register("wide")
        def wide():
            return nn.Linear(6, 12)

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.a, self.b = KINDS["wide"](), KINDS["plain"]()
            def forward(self, x):
                return self.b(self.a(x))
    """,
    "a configuration that a hint names": """
        from dataclasses import dataclass
        from enum import Enum

        class Kind(Enum):
            MEAN = "mean"
            SUM = "sum"

        @dataclass
        class Settings:
            wide: int
            kind: Kind

        class Net(nn.Module):
            def __init__(self, settings: Settings):
                super().__init__()
                assert isinstance(settings.kind, Kind)
                self.a = nn.Linear(settings.wide, 3)
            def forward(self, x):
                return self.a(x)
    """,
    "a literal": """
        from typing import Literal

        class Net(nn.Module):
            def __init__(self, flavour: Literal["odd", "even"]):
                super().__init__()
                self.a = {"odd": nn.Linear(3, 3), "even": nn.Linear(4, 4)}[flavour]
            def forward(self, x):
                return self.a(x)
    """,
    "another module by the attributes that are read": """
        class Trunk(nn.Module):
            def __init__(self, dim):
                super().__init__()
                self.out_width = dim * 2
                self.a = nn.Linear(dim, dim * 2)
            def forward(self, x):
                return self.a(x)

        class Net(nn.Module):
            def __init__(self, trunk):
                super().__init__()
                self.trunk = trunk
                self.head = nn.Linear(trunk.out_width, 5)
            def forward(self, x):
                return self.head(self.trunk(x))
    """,
    "what a parent demands through **options": """
        class Parent(nn.Module):
            def __init__(self, dim, depth, plain=True):
                super().__init__()
                self.body = nn.Sequential(*(nn.Linear(dim, dim) for _ in range(depth)))
            def forward(self, x):
                return self.body(x)

        class Net(Parent):
            def __init__(self, **options):
                super().__init__(plain=False, **options)
    """,
    "what torch demands through *values": """
        class Net(nn.Module):
            def __init__(self, *values, **options):
                super().__init__()
                self.a = nn.Linear(*values, **options)
            def forward(self, x):
                return self.a(x)
    """,
    "a width that the block's own factor gives back": """
        class Net(nn.Module):
            def __init__(self, inplanes, planes, downsample=None):
                super().__init__()
                self.a = nn.Conv2d(inplanes, planes, 1)
                self.b = nn.Conv2d(planes, planes * 4, 1)
                self.downsample = downsample
            def forward(self, x):
                identity = x if self.downsample is None else self.downsample(x)
                return self.b(self.a(x)) + identity
    """,
    "a default that its own constructor refuses": """
        class Net(nn.Module):
            def __init__(self, widths=None):
                super().__init__()
                assert isinstance(widths, list), "widths should be a list"
                self.a = nn.Linear(widths[0], widths[1])
            def forward(self, x):
                return self.a(x)
    """,
}


@pytest.mark.parametrize("name", CASES)
def test_arguments_are_found(run: Callable[..., Run], name: str) -> None:
    done = run(CASES[name])
    assert done.runs, done.line


def test_sizes_that_are_rounded_to_the_same_features_prove_nothing(run: Callable[..., Run]) -> None:
    done = run("""
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.c1, self.c2, self.c3 = nn.Conv2d(3, 28, 3), nn.Conv2d(28, 48, 3), nn.Conv2d(48, 64, 2)
                self.pool = nn.MaxPool2d(3, 2, ceil_mode=True)
                self.fc = nn.Linear(576, 128)
            def forward(self, x):
                x = self.c3(self.pool(self.c2(self.pool(self.c1(x)))))
                return self.fc(x.permute(0, 3, 2, 1).contiguous().view(x.shape[0], -1))
    """)
    assert done.error is None or done.error.ours, done.line


def test_a_slow_trial_is_given_up_and_the_search_goes_on(run: Callable[..., Run]) -> None:
    done = run("""
        import time
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.a = nn.Linear(4, 4)
            def forward(self, x):
                if x.dim() == 2:
                    time.sleep(600)
                return self.a(x)
    """)
    assert done.runs and done.seconds < 25, done.line


def test_a_missing_package_ends_the_search(run: Callable[..., Run]) -> None:
    done = run("""
        import absent_package
        class Net(nn.Module):
            def __init__(self, dim):
                super().__init__()
                self.a = absent_package.Layer(dim)
            def forward(self, x):
                return self.a(x)
    """)
    assert done.error is not None and done.error.ours
    assert done.error.kind == "MissingPackage" and "No module named 'absent_package'" in done.error.message


def test_what_is_imported_once_stays_warm_and_memory_is_told(
    verifier: Verifier, subject: Callable[..., Subject]
) -> None:
    text = """
        import sympy
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.a = nn.Linear(int(sympy.Integer(4)), 4)
            def forward(self, x):
                return self.a(x)
    """
    first, second = (verifier.run(subject(text)) for _ in range(2))
    assert first.runs and second.runs
    assert first.memory is None or first.memory > 50


def test_a_name_whose_import_is_left_out_is_no_fault(run: Callable[..., Run]) -> None:
    done = run("""
        import os
        if os.environ.get("NEVER_SET_ANYWHERE"):
            from absent_package import fused
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.a = nn.Linear(4, 4)
            def forward(self, x):
                return fused(self.a(x))
    """)
    assert done.error is not None and done.error.ours and done.error.kind == "MissingPackage"


LAYER = """
    {head}

    def other(fc):
        proj = fc
        return proj

    class Net(nn.Module):
        def __init__(self, wide):
            super().__init__()
            self.proj = nn.Linear(wide, 4)
        def forward(self, x):
            return proj(x)
"""


def test_a_name_that_only_other_functions_bind_is_a_fault(run: Callable[..., Run]) -> None:
    done = run(LAYER.format(head=""))
    assert done.error is not None and not done.error.ours and "name 'proj' is not defined" in done.error.message


@pytest.mark.parametrize("head", ["globals()['proj'] = None", "for proj in []:\n        pass"])
def test_a_name_that_the_module_may_bind_is_none(run: Callable[..., Run], head: str) -> None:
    done = run(LAYER.format(head=head))
    assert done.error is not None and done.error.ours
