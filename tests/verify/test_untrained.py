"""NN604: which parameters are said to get no gradient, why, and which look alike and are not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from nn_lint.verify.verdict import Note, Run, Subject
from nn_lint.verify.verifier import Verifier
from tests.verify.making import LINEAR, net

TOLD = {
    "nothing uses it": (
        net(f"{LINEAR}\nself.b = nn.Linear(4, 4)", "return self.a(x)"),
        Note("NN604", "`b` (Linear) gets no gradient: nothing uses it", 9, True),
    ),
    "a parameter of its own": (
        net(f"{LINEAR}\nself.b = nn.Parameter(torch.zeros(4))", "return self.a(x)"),
        Note("NN604", "`b` (Parameter of shape (4,)) gets no gradient: nothing uses it", 9, True),
    ),
    "its result is overwritten": (
        net(f"{LINEAR}\nself.b = nn.Linear(4, 4)", "y = self.b(x)\ny = self.a(x)\nreturn y"),
        Note("NN604", "`b` (Linear) gets no gradient: what it gives in line 11 reaches no output", 9, True),
    ),
    "stored under a name that nobody reads": (
        net(f"{LINEAR}\nself.b = nn.Linear(4, 4)", "dead = self.b(x)\nif x is None:\n return x\nreturn self.a(x)"),
        Note("NN604", "`b` (Linear) gets no gradient: what it gives in line 11 reaches no output", 9, True),
    ),
    "nothing else is trained": (
        net("self.b = nn.Linear(4, 4)", "dead = self.b(x)\nreturn x * 2"),
        Note("NN604", "`b` (Linear) gets no gradient: what it gives in line 10 reaches no output", 8, True),
    ),
    "evaluated alone": (
        net(f"{LINEAR}\nself.b = nn.Linear(4, 4)", "self.b(x)\nif x is None:\n return x\nreturn self.a(x)"),
        Note("NN604", "`b` (Linear) gets no gradient: what it gives in line 11 reaches no output", 9, True),
    ),
    "the loop keeps the last one alone": (
        net(
            "self.all = nn.ModuleList(nn.Linear(4, 4) for _ in range(3))",
            "for layer in self.all:\n y = layer(x)\nreturn y",
        ),
        Note("NN604", "`all` (ModuleList) gets no gradient: what it gives in line 11 reaches no output", 8, True),
    ),
    "detached": (
        net(f"{LINEAR}\nself.b = nn.Linear(4, 4)", "return self.a(x) + self.b(x).detach()"),
        Note("NN604", "`b` (Linear) gets no gradient: `detach` cuts it off in line 11", 9, False),
    ),
    "its data": (
        net(f"{LINEAR}\nself.b = nn.Parameter(torch.randn(4))", "w = self.b\nreturn self.a(x) * w.data"),
        Note("NN604", "`b` (Parameter of shape (4,)) gets no gradient: `.data` cuts it off in line 12", 9, False),
    ),
    "without gradients": (
        net(f"{LINEAR}\nself.b = nn.Linear(4, 4)", "with torch.no_grad():\n y = self.b(x)\nreturn self.a(y)"),
        Note("NN604", "`b` (Linear) gets no gradient: it is used without gradients (`no_grad`) in line 12", 9, False),
    ),
    "the place of the largest": (
        net(f"{LINEAR}\nself.b = nn.Linear(4, 4)", "return self.a(x) * self.b(x).argmax(1, keepdim=True)"),
        Note("NN604", "`b` (Linear) gets no gradient: no gradient passes through `argmax` in line 11", 9, False),
    ),
    "as integers": (
        net(f"{LINEAR}\nself.b = nn.Linear(4, 4)", "return self.a(x) * self.b(x).long()"),
        Note("NN604", "`b` (Linear) gets no gradient: no gradient passes through `long` in line 11", 9, False),
    ),
    "everything detached": (
        net(LINEAR, "return self.a(x).detach()"),
        Note("NN604", "no parameter gets a gradient: `detach` in line 10 cuts off what the module gives", 10, False),
    ),
    "a value is overwritten that backward needs": (
        net(LINEAR, "y = torch.sigmoid(self.a(x))\nz = y * 2\ny += 1\nreturn z"),
        Note(
            "NN604",
            "the backward pass fails: a value that it needs is overwritten in place after it was used",
            None,
            True,
        ),
    ),
    "layers in a plain list": (
        net(
            f"{LINEAR}\nself.all = [nn.Linear(4, 4) for _ in range(3)]",
            "for m in self.all:\n x = m(x)\nreturn self.a(x)",
        ),
        Note(
            "NN604",
            "`all` is a plain list of 3 layers: `parameters()` does not name them, so no optimizer trains them and "
            "`to()` does not move them; nn.ModuleList and its like do",
            9,
            True,
        ),
    ),
}


@pytest.mark.parametrize("name", TOLD)
def test_what_gets_no_gradient_and_why(run: Callable[..., Run], name: str) -> None:
    text, told = TOLD[name]
    done = run(text)
    assert done.runs and done.notes == (told,)


B = f"{LINEAR}\nself.b = nn.Linear(4, 4)"
SILENT = {
    "another method uses it": net(B, "return self.a(x)", "def head(self, x):\n return self.b(x)"),
    "a branch that is not taken uses it": net(
        f"{B}\nself.deep = False", "x = self.a(x)\nif self.deep:\n x = self.b(x)\nreturn x"
    ),
    "used in training alone": net(B, "x = self.a(x)\nif self.training:\n x = self.b(x)\nreturn x"),
    "used in evaluation alone": net(B, "x = self.a(x)\nif not self.training:\n x = self.b(x)\nreturn x"),
    "an optional input uses it": net(B, "return self.a(x) if y is None else self.b(y)").replace(
        "(self, x)", "(self, x, y=None)"
    ),
    "stochastic depth": net(
        B, "x = self.a(x)\nif not self.training or torch.rand(()) < 0.5:\n x = self.b(x)\nreturn x"
    ),
    "an heir uses it": net(B, "return self.a(x)") + "class Heir(Net):\n def forward(self, x): return self.b(x)\n",
    "a holder uses it": net(B, "return self.a(x)") + "def head(model, x): return model.b(x)\n",
    "found by its name": net(B, "return getattr(self, 'a')(x)"),
    "all children in a row": net(B, "for layer in self.children():\n x = layer(x)\n break\nreturn x"),
    "dropped on request": net(
        f"{B}\nself.both = False", "y = self.b(x)\nx = self.a(x)\nif self.both:\n return x, y\nreturn x"
    ),
    "stored, and read on request": net(
        f"{B}\nself.both = False", "y = self.b(x)\nx = self.a(x)\nreturn (x, y) if self.both else x"
    ),
    "an underscore": net(B, "_ = self.b(x)\nreturn self.a(x)"),
    "handed to a list of the caller": net(f"{B}\nself.seen = []", "self.seen.append(self.b(x))\nreturn self.a(x)"),
    "dropped by an underscore": net(f"{LINEAR}\nself.b = Two()", "x, _ = self.b(x)\nreturn self.a(x)")
    + net("self.c = nn.Linear(4, 4)\nself.d = nn.Linear(4, 4)", "return self.c(x), self.d(x)").replace("Net", "Two"),
    "the last of a row of blocks": net(
        "self.all = nn.ModuleList(Pair() for _ in range(2))",
        "y = x\nfor layer in self.all:\n x, y = layer(x, y)\nreturn x",
    )
    + net("self.c = nn.Linear(4, 4)\nself.d = nn.Linear(4, 4)", "return self.c(x + y), self.d(y)")
    .replace("Net", "Pair")
    .replace("(self, x)", "(self, x, y)"),
    "turned off": net(f"{LINEAR}\nself.b = nn.Linear(4, 4).requires_grad_(False)", "return self.a(x)"),
    "a teacher": net(
        f"{LINEAR}\nself.teacher = nn.Linear(4, 4)", "with torch.no_grad():\n y = self.teacher(x)\nreturn self.a(x) - y"
    ),
    "moved by hand": net(
        f"{LINEAR}\nself.b = nn.Parameter(torch.zeros(4))", "self.b.data.add_(1)\nreturn self.a(x) + self.b.detach()"
    ),
    "detached on request": net(
        f"{B}\nself.cut = True", "y = self.b(x)\nif self.cut:\n y = y.detach()\nreturn self.a(x) + y"
    ),
    "trained in another way through": net(
        B, "z = self.a(x) + self.b(x).detach()\nif y is not None:\n z = z + self.b(y)\nreturn z"
    ).replace("(self, x)", "(self, x, y=None)"),
    "gradients on request": net(
        f"{B}\nself.deep = False", "with torch.set_grad_enabled(self.deep):\n y = self.b(x)\nreturn self.a(x) + y"
    ),
    "straight through": net(
        f"{LINEAR}\nself.b = nn.Parameter(torch.zeros(4))",
        "y = self.a(x) + self.b\nreturn y + (y.round() - y).detach()",
    ),
    "zero is a gradient": net(f"{LINEAR}\nself.norm = nn.BatchNorm1d(4)", "return self.norm(self.a(x))"),
    "rows of a table that are not looked up": net("self.a = nn.Embedding(99, 4)", "return self.a(x)").replace(
        "x)", "tokens)"
    ),
    "kept as a loss of its own": net(B, "self.loss = self.b(x).mean()\nreturn self.a(x)"),
    "deep in the output": net(B, "return {'a': [self.a(x)], 'b': Out(hidden=(self.b(x),))}")
    + "import dataclasses\n@dataclasses.dataclass\nclass Out:\n hidden: tuple\n",
    "in an object that cannot be looked into": net(B, "y = self.b(x)\nreturn self.a(x), lambda: y"),
    "trained by a checkpoint": net(
        B, "from torch.utils.checkpoint import checkpoint\nreturn checkpoint(self.b, self.a(x), use_reentrant=True)"
    ),
    "a decision alone": net(LINEAR, "return self.a(x).argmax(1)"),
    "without gradients as a whole": net(LINEAR, "with torch.no_grad():\n return self.a(x)"),
    "one layer hidden on purpose": net(
        f"{LINEAR}\nself.teacher = [nn.Linear(4, 4)]", "return self.a(x) + self.teacher[0](x)"
    ),
    "a list of layers that are registered": net(
        f"{B}\nself.all = [self.a, self.b]", "for m in self.all:\n x = m(x)\nreturn x"
    ),
    "a list that an optimizer is given by hand": net(
        f"{LINEAR}\nself.all = [nn.Linear(4, 4) for _ in range(3)]",
        "for m in self.all:\n x = m(x)\nreturn self.a(x)",
        "def groups(self):\n return [p for m in self.all for p in m.parameters()]",
    ),
    "a list that is never run": net(f"{LINEAR}\nself.all = [nn.Linear(4, 4) for _ in range(3)]", "return self.a(x)"),
}


@pytest.mark.parametrize("name", SILENT)
def test_what_is_normal_is_not_told(run: Callable[..., Run], name: str) -> None:
    done = run(SILENT[name])
    assert done.runs, done.line
    assert [note for note in done.notes if note.code == "NN604"] == []


def test_another_file_of_the_project_uses_it(
    verifier: Verifier, subject: Callable[..., Subject], tmp_path: Path
) -> None:
    text = subject(net(B, "return self.a(x)"))
    assert verifier.run(text).notes
    (tmp_path / "train.py").write_text("def loss(model, x):\n    return model.b(x).mean()\n")
    assert not verifier.run(text).notes


def test_an_heir_in_another_file_uses_it(verifier: Verifier, subject: Callable[..., Subject], tmp_path: Path) -> None:
    heir = tmp_path / "heir.py"
    heir.write_text("from net import Net\nclass Other(Net):\n    def forward(self, x):\n        return self.b(x)\n")
    text = subject(net(B, "return self.a(x)"))
    assert not verifier.run(replace(text, callers=(heir,))).notes
    assert not verifier.run(text).notes


def test_a_block_is_told_of_by_its_own_name(run: Callable[..., Run]) -> None:
    text = net(B, "return self.a(x)").replace("Net", "Block") + net("self.body = Block()", "return self.body(x)")
    (note,) = run(text).notes
    assert note == Note("NN604", "`b` (Linear) of Block gets no gradient: nothing uses it", 9, True)
