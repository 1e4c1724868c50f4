"""Where a class is used, and what becomes of its instances."""

from __future__ import annotations

from textwrap import indent

import pytest

from nn_lint.project.outcomes import SiteKind
from nn_lint.project.sites import Site, find_sites, stands_alone

from .projects import Project

BLOCK = "from torch import nn\nclass Block(nn.Module):\n    pass\n"


def sites(code: str, others: dict[str, str] | None = None) -> list[Site]:
    """The sites of `Block` in code below it."""
    found = Project({"net.py": f"{BLOCK}{code}", **(others or {})})
    return list(find_sites(found.cls("Block"), found.hierarchy))


def kinds(code: str) -> list[SiteKind]:
    return [site.kind for site in sites(code)]


def in_init(code: str) -> str:
    return "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n" + indent(code, " " * 8) + "\n"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("self.layers = nn.Sequential(Block(), nn.ReLU())", SiteKind.STACKED),
        ("self.layers = nn.Sequential(*[Block() for _ in range(3)])", SiteKind.STACKED),
        ("self.layers = nn.ModuleList([Block() for _ in range(3)])", SiteKind.STACKED),
        ("self.layers = nn.ModuleList(Block() for _ in range(3))", SiteKind.STACKED),
        ("layers = [Block()]", SiteKind.STACKED),
        ("layers.append(Block())", SiteKind.STACKED),
        ("layers += [Block()]", SiteKind.STACKED),
        ("self.add_module('block', Block())", SiteKind.STACKED),
        ("layers = (Block(), 1)", SiteKind.STACKED),
        ("self.block = Block()", SiteKind.ATTRIBUTE),
        ("self.block = Block() if deep else None", SiteKind.ATTRIBUTE),
        ("self.layers = self._make_layer(Block, 64)", SiteKind.PASSED),
        ("self.layers = make_layer(Block, 64)", SiteKind.PASSED),
        ("self.layers = build(block=Block)", SiteKind.PASSED),
        ("layers['first'] = Block()", SiteKind.STACKED),
        ("self.block = partial(Block, width=8)", SiteKind.ALIASED),
        ("block = Block", SiteKind.ALIASED),
        ("blocks = {'basic': Block}", SiteKind.ALIASED),
        ("blocks = [Block, Block2]", SiteKind.ALIASED),
        ("isinstance(m, Block)", SiteKind.NEUTRAL),
        ("isinstance(m, (nn.Linear, Block))", SiteKind.NEUTRAL),
        ("block: Block = other", SiteKind.NEUTRAL),
        ("if type(m) is Block: pass", SiteKind.NEUTRAL),
        ("print(Block.__name__)", SiteKind.NEUTRAL),
        ("return Block()", SiteKind.HIDDEN),
        ("block = Block()\nself.layers.append(block)", SiteKind.STACKED),
        ("block = Block()\nself.block = block", SiteKind.ATTRIBUTE),
        ("block = Block()\nreturn block", SiteKind.HIDDEN),
        ("block = Block()\nblock = block if deep else other\nself.block = block", SiteKind.HIDDEN),
        ("block = Block()\nother = block\nblock = other", SiteKind.HIDDEN),
        ("block = Block()\nblock = wrap(block)\nself.block = block", SiteKind.HIDDEN),
        ("super(Net, self).__init__(Block, 3)", SiteKind.PASSED),
        ("return Block", SiteKind.HIDDEN),
        ("yield Block()", SiteKind.HIDDEN),
        ("self.block = Residual(Block())", SiteKind.HIDDEN),
        ("self.block = wrap(Block)", SiteKind.HIDDEN),
        ("block = Block()", SiteKind.HIDDEN),
        ("make = lambda: Block()", SiteKind.HIDDEN),
        ("y = Block()(x)", SiteKind.HIDDEN),
        ("Block().forward(x)", SiteKind.HIDDEN),
        ("Block()", SiteKind.HIDDEN),
    ],
)
def test_sites_in_constructors(code: str, kind: SiteKind) -> None:
    (site,) = sites(in_init(code))
    assert site.kind is kind
    assert site.holder is not None
    assert site.holder.facts.name == "Net"
    assert site.row == 7


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("class Heir(Block): pass", SiteKind.SUBCLASSED),
        ("class Heir(nn.Sequential, Block): pass", SiteKind.SUBCLASSED),
        ("Alias = Block", SiteKind.ALIASED),
        ("TABLE = {'block': Block}", SiteKind.ALIASED),
        ("def make(block=Block): pass", SiteKind.ALIASED),
        ("def make(block: Block): pass", SiteKind.NEUTRAL),
        ("def make() -> Block: pass", SiteKind.NEUTRAL),
        ("net = Block()", SiteKind.NEUTRAL),
        ("print(Block()(x))", SiteKind.NEUTRAL),
        ("net = nn.Sequential(Block())", SiteKind.STACKED),
        ("def make(): return Block()", SiteKind.HIDDEN),
        ("if __name__ == '__main__':\n    Block()(x)", SiteKind.NEUTRAL),
    ],
)
def test_sites_outside_of_classes(code: str, kind: SiteKind) -> None:
    assert kinds(code + "\n") == [kind]


def test_the_constructor_of_a_network_becomes_the_holder() -> None:
    code = (
        "class ResNet(nn.Module):\n    def __init__(self, block): pass\ndef resnet18(): return ResNet(Block, [2, 2])\n"
    )
    (site,) = sites(code)
    assert site.kind is SiteKind.PASSED
    assert site.holder is not None
    assert site.holder.facts.name == "ResNet"


def test_annotations_and_the_class_itself_are_no_instances() -> None:
    code = in_init("self.block = Block()") + "    def forward(self, x: 'Block') -> Block: return super(Block, self)\n"
    assert sorted(kind.name for kind in kinds(code)) == ["ATTRIBUTE", "NEUTRAL", "NEUTRAL"]


def test_only_the_same_class_counts() -> None:
    others = {
        "user.py": "from net import Block\nfrom torch import nn\nlayers = nn.Sequential(Block())\n",
        "renamed.py": "from net import Block as B\nlayers = [B()]\nBlock = 1\n",
        "module.py": "import net\nlayers = [net.Block()]\n",
        "namesake.py": "class Block: pass\nlayers = [Block()]\n",
        "text.py": "# Block\nx = 'Block()'\n",
        "star.py": "from net import *\nlayers = [Block()]\n",
    }
    assert len(sites("", others)) == 3


def test_words_in_strings_and_attributes_are_no_sites() -> None:
    assert kinds("x = 'Block'\n# Block\ny = other.Block\nz = BlockList()\nBlock.count = 3\n") == [SiteKind.NEUTRAL]


STAGE = "def stage(block, depth):\n    return nn.Sequential(*[block() for _ in range(depth)])\n"
RESNET = "class ResNet(nn.Module):\n    def __init__(self, block):\n        super().__init__()\n"


@pytest.mark.parametrize(
    ("code", "kind", "holder"),
    [
        (f"{STAGE}{in_init('self.layer1 = stage(Block, 3)')}", SiteKind.STACKED, "Net"),
        (f"{RESNET}def _resnet(block):\n    return ResNet(block)\nnet = _resnet(Block)\n", SiteKind.PASSED, "ResNet"),
        ("def wrap(block):\n    return [block() + 1]\nnet = wrap(other, Block)\n", SiteKind.HIDDEN, None),
        ("def wrap(block):\n    return block()\nnet = wrap(Block)\n", SiteKind.HIDDEN, None),
    ],
)
def test_functions_of_the_file_are_looked_into(code: str, kind: SiteKind, holder: str | None) -> None:
    (site,) = sites(code)
    assert site.kind is kind
    assert (site.holder.facts.name if site.holder else None) == holder


@pytest.mark.parametrize(
    ("text", "others", "alone"),
    [
        ("import torch\nnet.foward(x)\n", {}, True),
        ("import torch\nimport net\n", {}, False),
        ("def run():\n    from net import Block\n", {}, False),
        ("from . import net\n", {}, False),
        ("class Trainer: pass\n", {"main.py": "from script import Trainer\n"}, False),
        ("class Trainer: pass\n", {"__init__.py": ""}, False),
    ],
)
def test_scripts_that_stand_alone(text: str, others: dict[str, str], alone: bool) -> None:
    project = Project({"script.py": text, "net.py": BLOCK, **others})
    assert stands_alone(project.file(), project.hierarchy) is alone
