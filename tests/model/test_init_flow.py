"""In which order a constructor calls its parent's and registers layers, on every path."""

from __future__ import annotations

from textwrap import indent

import pytest

from nn_lint.model.init_flow import Called, InitFlow

from .modules import model_of

NO, MAYBE, YES = Called.NO, Called.MAYBE, Called.YES
CALL = "super().__init__()"
FC = "self.fc = nn.Linear(2, 2)"


def flow_of(body: str, members: str = "") -> InitFlow:
    head = "import torch\nfrom torch import nn\nclass Block(nn.Module):\n    def __init__(self, deep):\n"
    text = f"{head}{indent(body, ' ' * 8)}\n"
    return model_of(text + indent(members, " " * 4)).construction.init_flow


@pytest.mark.parametrize(
    ("body", "registrations", "exits"),
    [
        (f"{CALL}\n{FC}", [YES], [YES]),
        (f"{FC}\n{CALL}", [NO], [YES]),
        (f"self.x = 1\n{CALL}\n{FC}", [YES], [YES]),
        (f"{CALL}; {FC}", [YES], [YES]),
        ("pass", [], [NO]),
        (f"if deep:\n    {CALL}\n{FC}", [MAYBE], [MAYBE]),
        (f"if deep:\n    {CALL}\nelse:\n    {CALL}\n{FC}", [YES], [YES]),
        (f"if deep:\n    {CALL}\nelif deep is None:\n    {CALL}\n{FC}", [MAYBE], [MAYBE]),
        (f"if deep:\n    {CALL}\n    {FC}\nelse:\n    {FC}", [YES, NO], [MAYBE]),
        (f"if deep:\n    raise ValueError\n{CALL}\n{FC}", [YES], [YES]),
        (f"if not deep:\n    return\n{CALL}\n{FC}", [YES], [NO, YES]),
        (f"{CALL}\nif not deep:\n    return\n{FC}", [YES], [YES, YES]),
        (f"{CALL}\nreturn\n{FC}", [], [YES]),
        (f"for base in bases:\n    {CALL}\n{FC}", [YES], [YES]),
        (f"while deep:\n    {FC}\n{CALL}", [NO], [YES]),
        (f"with scope():\n    {CALL}\n{FC}", [YES], [YES]),
        (f"try:\n    {CALL}\nexcept TypeError:\n    pass\n{FC}", [YES], [YES]),
        (f"try:\n    {FC}\nfinally:\n    {CALL}", [NO], [YES]),
        (f"try:\n    pass\nexcept TypeError:\n    {CALL}\n{FC}", [MAYBE], [MAYBE]),
        (f"try:\n    pass\nexcept TypeError:\n    raise\nelse:\n    {CALL}\n{FC}", [YES], [YES]),
        (f"def later():\n    {FC}\n{CALL}", [], [YES]),
        ("nn.Module.__init__(self)\n" + FC, [YES], [YES]),
        ("super(Block, self).__init__()\n" + FC, [YES], [YES]),
        (f"self._layers()\n{CALL}", [NO], [YES]),
        (f"self._setup()\n{FC}", [YES], [YES]),
        (f"self.scale = nn.Parameter(torch.ones(1))\n{CALL}", [NO], [YES]),
        (f"self.fc: nn.Module = nn.Linear(2, 2)\n{CALL}", [NO], [YES]),
        (f"self.register_buffer('mean', None)\n{CALL}", [NO], [YES]),
        (f"self.add_module('fc', nn.Linear(2, 2))\n{CALL}", [NO], [YES]),
        (f"self.a = self.b = nn.Linear(2, 2)\n{CALL}", [NO], [YES]),
        (f"self.fc = nn.Linear(2, 2) if deep else nn.Identity()\n{CALL}", [NO], [YES]),
        (f"self.fc = nn.Linear(2, 2) if deep else None\n{CALL}", [], [YES]),
        (f"fc = nn.Linear(2, 2)\n{CALL}", [], [YES]),
        (f"self.layers = [nn.Linear(2, 2)]\n{CALL}", [], [YES]),
        (f"self.act = nn.ReLU\n{CALL}", [], [YES]),
        (f"self.mean = torch.ones(1)\n{CALL}", [], [YES]),
    ],
)
def test_paths_through_a_constructor(body: str, registrations: list[Called], exits: list[Called]) -> None:
    found = flow_of(body, f"def _layers(self):\n    {FC}\ndef _setup(self):\n    {CALL}\n")
    assert [event.called for event in found.registrations] == registrations
    assert [event.called for event in found.exits] == exits


def test_guards_are_the_conditions_that_decide() -> None:
    assert len(flow_of(f"if deep:\n    {CALL}\n").guards) == 1
    assert not flow_of(f"if deep:\n    {CALL}\nelse:\n    {CALL}\n").guards
    assert not flow_of(f"{CALL}\nif deep:\n    {FC}\n").guards
