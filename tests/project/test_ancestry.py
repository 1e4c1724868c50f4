"""The order of bases, and what a base that cannot be seen leaves open."""

from __future__ import annotations

import pytest

from .projects import Project, single


def test_orders_are_those_of_python() -> None:
    text = """
        class O: pass
        class A(O): pass
        class B(O): pass
        class C(O): pass
        class D(O): pass
        class E(O): pass
        class K1(A, B, C): pass
        class K2(D, B, E): pass
        class K3(D, A): pass
        class Z(K1, K2, K3): pass
        """
    assert single(text).order("Z") == ["K1", "K2", "K3", "D", "A", "B", "C", "E", "O"]


def test_a_diamond_over_module() -> None:
    found = single(
        """
        from torch import nn
        class Left(nn.Module): pass
        class Right(nn.Module): pass
        class Net(Left, Right): pass
        class Wide(Left, nn.Linear): pass
        """
    )
    assert found.order("Net") == ["Left", "Right", "nn.Module"]
    assert found.order("Wide") == ["Left", "nn.Linear", "nn.Module"]
    assert not found.ancestry("Net").directly_torch_module
    assert found.ancestry("Left").directly_torch_module


def test_an_impossible_order_still_comes_to_an_end() -> None:
    found = single("from torch import nn\nclass A(nn.Module): pass\nclass B(A): pass\nclass C(A, B): pass\n")
    assert sorted(found.order("C")) == ["A", "B", "nn.Module"]


def test_a_base_that_is_named_twice() -> None:
    assert single("from torch import nn\nclass A(nn.Module, nn.Module): pass\n").order("A") == ["nn.Module"]


@pytest.mark.parametrize("depth", [10, 60])
def test_long_chains_in_one_file(depth: int) -> None:
    rows = ["from torch import nn", "class Net0(nn.Module): pass"]
    rows += [f"class Net{number}(Net{number - 1}): pass" for number in range(1, depth + 1)]
    found = single("\n".join(rows))
    assert len(found.order(f"Net{depth}")) == depth + 1
    assert found.kinship(f"Net{depth}") == "module"


def test_a_long_chain_over_files() -> None:
    files = {
        f"net{number}.py": f"from net{number - 1} import Net{number - 1}\nclass Net{number}(Net{number - 1}): pass\n"
        for number in range(60, 0, -1)
    }
    files["net0.py"] = "from torch import nn\nclass Net0(nn.Module): pass\n"
    found = Project(files)
    assert len(found.order("Net60")) == 61
    assert found.kinship("Net60") == "module"


def test_a_long_chain_of_names_ends() -> None:
    files = {f"net{number}.py": f"from net{number - 1} import Base\n" for number in range(60, 0, -1)}
    files["net0.py"] = "from torch.nn import Module as Base\n"
    found = Project({"net.py": "from net60 import Base\nclass Net(Base): pass\n", **files})
    assert found.kinship("Net") in ("module", "unknown")


@pytest.mark.parametrize(
    ("bases", "kinship", "complete"),
    [
        ("nn.Module", "module", True),
        ("nn.Module, object", "module", True),
        ("abc.ABC, nn.Module", "module", True),
        ("nn.Module, Generic[T]", "module", True),
        ("nn.Module, Protocol", "module", True),
        ("nn.Module, metaclass=abc.ABCMeta", "module", True),
        ("nn.Module, metaclass=Meta", "module", False),
        ("nn.Module, Unseen", "module", False),
        ("Unseen, nn.Module", "module", False),
        ("nn.Module, make()", "module", False),
        ("*bases", "unknown", False),
        ("WithMeta", "module", False),
        ("WithNew", "module", False),
        ("WithHook", "module", False),
        ("Optional, nn.Module", "module", True),
        ("nn.Module, Enum", "module", False),
        ("Unseen", "unknown", False),
        ("Plain", "none", True),
    ],
)
def test_what_bases_leave_open(bases: str, kinship: str, complete: bool) -> None:
    found = single(
        f"""
        import abc
        from enum import Enum
        from typing import Generic, Protocol, TypeVar
        from torch import nn
        from unseen import Unseen, Meta
        T = TypeVar("T")
        try:
            from abc import ABC as Optional
        except ImportError:
            Optional = object
        class WithMeta(nn.Module, metaclass=Meta): pass
        class WithNew(nn.Module):
            def __new__(cls): return super().__new__(cls)
        class WithHook(nn.Module):
            def __init_subclass__(cls): pass
        class Plain: pass
        class Net({bases}): pass
        """
    )
    ancestry = found.ancestry("Net")
    assert (ancestry.kinship.value, ancestry.complete) == (kinship, complete)


def test_inherited_methods_come_from_the_first_in_order() -> None:
    found = single(
        """
        from torch import nn
        class Base(nn.Module):
            def forward(self, x): pass
            def other(self): pass
        class Mixin:
            def forward(self, x, y): pass
        class Net(Mixin, Base):
            def other(self): pass
        """
    )
    forward = found.hierarchy.inherited(found.cls("Net"), "forward")
    other = found.hierarchy.inherited(found.cls("Net"), "other")
    assert forward is not None and other is not None
    assert (forward[0].facts.name, forward[1].parameters) == ("Mixin", ("self", "x", "y"))
    assert other[0].facts.name == "Base"
    assert found.hierarchy.inherited(found.cls("Net"), "missing") is None
