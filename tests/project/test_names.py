"""What names stand for: imports, aliases, star imports, packages, other files; torch is never imported."""

from __future__ import annotations

import pytest

from nn_lint.project.hierarchy import UNDEFINED, ExternalClass

from .projects import Project, said, single


@pytest.mark.parametrize(
    ("head", "base"),
    [
        ("import torch", "torch.nn.Module"),
        ("import torch as t", "t.nn.Module"),
        ("import torch.nn", "torch.nn.Module"),
        ("import torch.nn as nn", "nn.Module"),
        ("import torch.nn.modules as m", "m.Module"),
        ("from torch import nn", "nn.Module"),
        ("from torch import nn as n", "n.Module"),
        ("from torch.nn import Module", "Module"),
        ("from torch.nn import Module as M", "M"),
        ("from torch.nn.modules import Module", "Module"),
        ("from torch.nn.modules.module import Module", "Module"),
        ("from torch.nn import *", "Module"),
        ("from torch.nn.modules import *", "Module"),
        ("from torch import nn\nM = nn.Module", "M"),
        ("from torch import nn\nM = nn.Module\nN = M", "N"),
        ("from torch import nn\nn = nn", "n.Module"),
        ("from torch import nn\nBase: type = nn.Module", "Base"),
        ("from torch import nn", "nn.Module[int]"),
        ("try:\n    from torch import nn\nexcept ImportError:\n    raise", "nn.Module"),
        ("try:\n    import torch.nn as nn\nexcept ImportError:\n    nn = None", "nn.Module"),
        ("if True:\n    import torch.nn as nn\nelse:\n    import torch.nn as nn", "nn.Module"),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from torch import nn", "nn.Module"),
        ("from torch import (\n    nn,\n    Tensor,\n)", "nn.Module"),
        ("import pytorch_lightning as pl", "pl.LightningModule"),
        ("import lightning as L", "L.LightningModule"),
        ("from lightning.pytorch import LightningModule", "LightningModule"),
        ("from pytorch_lightning.core.module import LightningModule", "LightningModule"),
    ],
)
def test_spellings_of_module(head: str, base: str) -> None:
    found = single(f"{head}\nclass Net({base}):\n    pass\n")
    assert found.order("Net") == ["nn.Module"]
    assert found.kinship("Net") == "module"
    assert found.ancestry("Net").complete


@pytest.mark.parametrize(
    ("head", "base", "kinship"),
    [
        ("from flax import linen as nn", "nn.Module", "unknown"),
        ("import mlx.nn as nn", "nn.Module", "unknown"),
        ("from somewhere import Module", "Module", "unknown"),
        ("from torch.nn import *\nfrom flax.linen import Module", "Module", "unknown"),
        (
            "try:\n    from torch import nn\nexcept ImportError:\n    from flax import linen as nn",
            "nn.Module",
            "unknown",
        ),
        ("import torch", "torch.Module", "unknown"),
        ("from torch import nn\nnn = make()", "nn.Module", "unknown"),
        ("from torch import nn\nBase = choose(nn.Module)", "Base", "unknown"),
        ("from torch import nn", "make(nn.Module)", "unknown"),
        ("class Module:\n    pass", "Module", "none"),
        ("class Module(object):\n    pass", "Module", "none"),
        ("from torch.nn import *\nclass Module:\n    pass", "Module", "none"),
        ("class nn:\n    class Module:\n        pass", "nn.Module", "none"),
        ("", "nn.Module", "none"),
        ("from torch import nn", "nn.Parameter", "none"),
        ("from enum import Enum", "Enum", "none"),
        ("from typing import Generic, TypeVar\nT = TypeVar('T')", "Generic[T]", "none"),
        ("", "", "none"),
        ("", "Net", "none"),
    ],
)
def test_what_is_no_module_or_may_be_none(head: str, base: str, kinship: str) -> None:
    assert single(f"{head}\nclass Net({base}):\n    pass\n").kinship("Net") == kinship


@pytest.mark.parametrize(
    ("base", "order"),
    [
        ("nn.Sequential", ["nn.Sequential", "nn.Module"]),
        ("nn.Conv2d", ["nn.Conv2d", "nn.Module"]),
        ("nn.modules.conv.Conv2d", ["nn.Conv2d", "nn.Module"]),
        ("nn.modules.batchnorm._BatchNorm", ["nn._BatchNorm", "nn.Module"]),
        ("nn.parallel.DistributedDataParallel", ["nn.DistributedDataParallel", "nn.Module"]),
    ],
)
def test_layers_of_torch_are_modules(base: str, order: list[str]) -> None:
    assert single(f"from torch import nn\nclass Net({base}):\n    pass\n").order("Net") == order


def test_a_star_import_binds_public_names_alone() -> None:
    found = single(
        "from torch.nn import *\nclass A(Linear): pass\nclass B(Tensor): pass\nclass C(functional.X): pass\n"
    )
    assert [found.kinship(name) for name in "ABC"] == ["module", "none", "unknown"]


def test_a_star_import_of_something_unseen_may_bring_anything() -> None:
    found = single("from elsewhere import *\nclass A(Base): pass\nclass B(nn.Module): pass\n")
    assert found.kinship("A") == found.kinship("B") == "unknown"


def test_star_imports_reach_through_files() -> None:
    found = Project(
        {
            "net.py": "from a import *\nclass Net(Block, nn.Linear): pass\n",
            "a.py": "from b import *\n",
            "b.py": "from torch import nn\nclass Block(nn.Module): pass\n",
        }
    )
    assert found.order("Net") == ["Block", "nn.Linear", "nn.Module"]


PACKAGE = {
    "pkg/__init__.py": "from .blocks import Block\nfrom . import layers\nfrom .deep import *\n",
    "pkg/blocks.py": "import torch.nn as nn\nclass Block(nn.Module): pass\n",
    "pkg/layers.py": "from .blocks import Block as Layer\nfrom torch import nn\nclass Wide(Layer): pass\n",
    "pkg/deep/__init__.py": "from .inner import Inner\nfrom ..blocks import Block as Upper\n",
    "pkg/deep/inner.py": "from ...pkg.blocks import Block\nfrom .. import Block as Same\nclass Inner(Block): pass\n",
}


@pytest.mark.parametrize(
    ("head", "base", "order"),
    [
        ("from pkg import Block", "Block", ["Block", "nn.Module"]),
        ("import pkg", "pkg.Block", ["Block", "nn.Module"]),
        ("import pkg.blocks", "pkg.blocks.Block", ["Block", "nn.Module"]),
        ("import pkg.blocks as b", "b.Block", ["Block", "nn.Module"]),
        ("from pkg import layers", "layers.Wide", ["Wide", "Block", "nn.Module"]),
        ("from pkg import layers", "layers.Layer", ["Block", "nn.Module"]),
        ("from pkg import layers", "layers.nn.Linear", ["nn.Linear", "nn.Module"]),
        ("from pkg import Inner", "Inner", ["Inner", "Block", "nn.Module"]),
        ("from pkg.deep import Upper", "Upper", ["Block", "nn.Module"]),
        ("from pkg.deep.inner import Same", "Same", ["Block", "nn.Module"]),
        ("from pkg import *", "Upper", ["Block", "nn.Module"]),
        ("from pkg.deep import inner as i", "i.Inner", ["Inner", "Block", "nn.Module"]),
    ],
)
def test_packages_hand_names_on(head: str, base: str, order: list[str]) -> None:
    assert Project({"net.py": f"{head}\nclass Net({base}): pass\n", **PACKAGE}).order("Net") == order


@pytest.mark.parametrize(
    "head",
    [
        "from pkg import Missing as Block",
        "from pkg.missing import Block",
        "from missing.blocks import Block",
        "from pkg.blocks.Block import Block",
        "from .....far.away import Block",
        "from . import Block",
        "from .net import Block",
        "from net import Block",
        "import pkg as Block",
    ],
)
def test_names_that_lead_nowhere_may_be_anything(head: str) -> None:
    assert Project({"net.py": f"{head}\nclass Net(Block): pass\n", **PACKAGE}).kinship("Net") in ("unknown", "none")


def test_a_relative_import_goes_no_further_than_it_says() -> None:
    found = Project(
        {
            "app/net.py": "from .blocks import Block\nfrom ..blocks import Block as Upper\n"
            "class A(Block): pass\nclass B(Upper): pass\n",
            "app/blocks.py": "from torch import nn\nclass Block(nn.Linear): pass\n",
            "blocks.py": "from torch import nn\nclass Block(nn.Conv2d): pass\n",
        }
    )
    assert found.order("A")[1] == "nn.Linear"
    assert found.order("B")[1] == "nn.Conv2d"


def test_names_are_looked_for_in_the_source_roots() -> None:
    files = {
        "app/net.py": "from lib.blocks import Block\nclass Net(Block): pass\n",
        "src/lib/blocks.py": "from torch import nn\nclass Block(nn.Module): pass\n",
    }
    assert Project(files).kinship("Net") == "unknown"
    assert Project(files, roots=["src"]).kinship("Net") == "module"


@pytest.mark.parametrize(
    "files",
    [
        {"net.py": "from other import Block\nclass Net(Block): pass\n", "other.py": "from net import Block\n"},
        {"net.py": "from other import *\nclass Net(Block): pass\n", "other.py": "from net import *\n"},
        {"net.py": "from net import *\nclass Net(Block): pass\n"},
        {"net.py": "Block = Other\nOther = Block\nclass Net(Block): pass\n"},
        {"net.py": "Block = Block\nclass Net(Block): pass\n"},
        {
            "net.py": "from other import Base\nclass Net(Base): pass\n",
            "other.py": "from net import Net\nclass Base(Net): pass\n",
        },
        {"net.py": "class Net(Other): pass\nclass Other(Net): pass\n"},
    ],
)
def test_circles_come_to_an_end(files: dict[str, str]) -> None:
    assert Project(files).kinship("Net") in ("unknown", "none")


def test_a_circle_of_imports_does_not_hide_a_module() -> None:
    found = Project(
        {
            "net.py": "from torch import nn\nfrom other import Head\n"
            "class Base(nn.Module): pass\nclass Net(Head): pass\n",
            "other.py": "from net import Base\nclass Head(Base): pass\n",
        }
    )
    assert found.order("Net") == ["Head", "Base", "nn.Module"]


def test_configured_bases_are_modules() -> None:
    text = "import mmengine.model as m\nfrom zoo import Base\nclass A(m.BaseModule): pass\n"
    text += "class B(Base): pass\nclass C(Other): pass\n"
    found = Project({"net.py": text}, module_bases=["mmengine.model.BaseModule", "zoo.Base", "Other"])
    assert [found.kinship(name) for name in "ABC"] == ["module", "module", "module"]
    assert found.ancestry("A").directly_torch_module


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("F.relu", "?torch.nn.functional.relu"),
        ("nn.functional.relu", "?torch.nn.functional.relu"),
        ("softmax", "?torch.nn.functional.softmax"),
        ("nn.ReLU", "nn.ReLU"),
        ("Net", "Net"),
        ("Net.Inner", "Net.Inner"),
        ("Net.Missing", "?:Net"),
        ("missing", "??undefined"),
        ("os.path", "?os.path"),
    ],
)
def test_dotted_names(name: str, expected: str) -> None:
    found = single(
        """
        import os
        import torch.nn.functional as F
        from torch import nn
        from torch.nn.functional import softmax
        class Net(nn.Module):
            class Inner(nn.Module): pass
        """
    )
    assert said(found.hierarchy.resolve(name, found.file())) == expected


def test_names_inside_functions_and_classes() -> None:
    found = single(
        """
        from flax import linen as nn
        def make():
            from torch import nn
            class Inner(nn.Module):
                class Deep(nn.Linear): pass
            class Heir(Inner): pass
            def deeper():
                class Lowest(Heir): pass
            return Inner
        def other():
            class Elsewhere(nn.Module): pass
        class Holder:
            import torch.nn as nn
            class Part(nn.Module): pass
            class Piece(Part): pass
        """
    )
    assert found.order("make.Inner") == ["nn.Module"]
    assert found.order("make.Inner.Deep") == ["nn.Linear", "nn.Module"]
    assert found.order("make.Heir") == ["make.Inner", "nn.Module"]
    assert found.order("make.deeper.Lowest") == ["make.Heir", "make.Inner", "nn.Module"]
    assert found.kinship("other.Elsewhere") == "unknown"
    assert found.order("Holder.Piece")[0] == "Holder.Part"


def test_a_name_of_two_classes_is_the_last_one_for_who_comes_after() -> None:
    found = single(
        """
        from torch import nn
        class Block(nn.Linear): pass
        class Block(nn.Conv2d): pass
        class Net(Block): pass
        """
    )
    assert found.order("Net") == ["Block", "nn.Conv2d", "nn.Module"]


def test_a_class_may_inherit_from_its_own_name() -> None:
    found = single("from torch import nn\nclass Net(nn.Module): pass\nclass Net(Net): pass\n")
    assert found.kinship("Net") in ("module", "none")


@pytest.mark.parametrize(
    "head",
    [
        "M, other = make()",
        "[other, *M] = make()",
        "for M in make():\n    pass",
        "with make() as M:\n    pass",
        "try:\n    make()\nexcept ValueError as M:\n    pass",
        "match make():\n    case [M, *rest]:\n        pass",
        "match make():\n    case [other, *M]:\n        pass",
        "match make():\n    case {'a': other, **M}:\n        pass",
        "if (M := make()):\n    pass",
        "def fill():\n    global M\n    M = 1",
        "import builtins\nbuiltins.M = make()",
        "from math import *",
    ],
)
@pytest.mark.parametrize("later", ["", "type Later[T] = list[T]\n"])
def test_names_that_are_bound_without_an_origin_are_not_undefined(head: str, later: str) -> None:
    found = single(f"from torch import nn\n{later}{head}\nclass Net(nn.Module):\n    pass\n")
    file = found.file()
    assert found.hierarchy.resolve("M", file) != ExternalClass(UNDEFINED)
    assert found.hierarchy.resolve("Unbound", file) in (ExternalClass(UNDEFINED), ExternalClass("math.Unbound"))
