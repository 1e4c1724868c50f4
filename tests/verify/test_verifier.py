"""Runs and verdicts: what is constructed and run from a file alone, what is called a fault, and what is not."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nn_lint.config import VerifySettings
from nn_lint.verify.verdict import Level, Run, Stage, Subject
from nn_lint.verify.verifier import Verifier

RESNET = Path(__file__).parent / "data" / "resnet32.txt"
SHORTCUT = (
    "        self.shortcut = nn.Identity() if stride == 1 and dim == out_dim else "
    "nn.Sequential(nn.Conv2d(dim, out_dim, 1, stride, bias=False), nn.BatchNorm2d(out_dim))\n"
)


def resnet(class_name: str, text: str | None = None) -> Subject:
    """A class of the ResNet fixture, or of another text in its place."""
    return Subject(RESNET.with_suffix(".py"), RESNET.read_text() if text is None else text, class_name)


def repaired(result: str = "x + identity") -> str:
    """The fixture with a shortcut in its block."""
    text = RESNET.read_text()
    text = text.replace("        self.relu2 = nn.ReLU()\n", "        self.relu2 = nn.ReLU()\n" + SHORTCUT)
    text = text.replace(
        "        x = self.conv1(x)\n", "        identity = self.shortcut(x)\n        x = self.conv1(x)\n", 1
    )
    return text.replace("        x = self.relu2(x)\n", f"        x = {result}\n        x = self.relu2(x)\n")


def test_resnet_as_a_whole(verifier: Verifier) -> None:
    run = verifier.run(resnet("ResNet32"))
    assert run.line == "ResNet32: constructs, forward (8, 3, 224, 224) -> (8, 2)"
    assert run.parameters is not None and run.parameters > 20_000_000


def test_repaired_block(verifier: Verifier) -> None:
    verdict = verifier.compare(resnet("Block"), resnet("Block", repaired()), residual=True)
    assert verdict.line == (
        "Block: constructs, forward (2, 64, 56, 56) -> (2, 64, 56, 56), input reaches the output (stride 1, stride 2)"
    )
    assert verdict.level is Level.SAME_SHAPES


@pytest.mark.parametrize("result", ["x + x", "x + identity.detach()"])
def test_faked_repair(verifier: Verifier, result: str) -> None:
    verdict = verifier.compare(resnet("Block"), resnet("Block", repaired(result)), residual=True)
    assert verdict.residual is not None and not verdict.residual.holds


SMALL = "class Net(nn.Module):\n def __init__(self):\n  super().__init__()\n  self.a = nn.Linear(4, 4)\n"

RUNS = {
    "linear": (
        "class Net(nn.Module):\n def __init__(self):\n  super().__init__()\n  self.a = nn.Linear(10, 5)\n"
        " def forward(self, x): return self.a(x)\n",
        ((2, 10),),
        ((2, 5),),
    ),
    "embedding": (
        "class Net(nn.Module):\n def __init__(self, vocab_size, dim):\n  super().__init__()\n"
        "  self.a = nn.Embedding(vocab_size, dim)\n def forward(self, tokens): return self.a(tokens)\n",
        ((2, 16),),
        ((2, 16, 64),),
    ),
    "flatten": (
        "class Net(nn.Module):\n def __init__(self):\n  super().__init__()\n  self.c = nn.Conv2d(1, 4, 3)\n"
        "  self.f = nn.Linear(4 * 26 * 26, 10)\n def forward(self, x): return self.f(self.c(x).flatten(1))\n",
        ((2, 1, 28, 28),),
        ((2, 10),),
    ),
    "recurrent": (
        "class Net(nn.Module):\n def __init__(self, input_size=7):\n  super().__init__()\n"
        "  self.r = nn.LSTM(input_size, 9, batch_first=True)\n def forward(self, x): return self.r(x)[0][:, -1]\n",
        ((2, 16, 7),),
        ((2, 9),),
    ),
    "two inputs": (
        "class Net(nn.Module):\n def __init__(self, a_dim, b_dim):\n  super().__init__()\n"
        "  self.a, self.b = nn.Linear(a_dim, 4), nn.Linear(b_dim + 1, 4)\n"
        " def forward(self, a, b): return self.a(a) + self.b(b)\n",
        ((2, 64), (2, 65)),
        ((2, 4),),
    ),
    "configuration": (
        "class Net(nn.Module):\n def __init__(self, config):\n  super().__init__()\n"
        "  self.a = nn.Linear(config.hidden_size, config.num_labels)\n def forward(self, x): return self.a(x)\n",
        ((2, 64),),
        ((2, 10),),
    ),
    "nested": (
        "class Outer:\n class Net(nn.Module):\n  def __init__(self):\n   super().__init__()\n"
        "   self.a = nn.Linear(3, 3)\n"
        "  def forward(self, x): return self.a(x)\n",
        ((2, 3),),
        ((2, 3),),
    ),
}


@pytest.mark.parametrize("name", RUNS)
def test_runs_from_the_file_alone(run: Callable[..., Run], name: str) -> None:
    text, given, got = RUNS[name]
    done = run(text, "Outer.Net" if name == "nested" else "Net")
    assert done.error is None
    assert (done.input_shapes, done.output_shapes) == (given, got)


def test_call_sites_and_inputs_of_the_main_part(run: Callable[..., Run]) -> None:
    done = run("""
        class Net(nn.Module):
            def __init__(self, wide, deep):
                super().__init__()
                self.body = nn.Sequential(*(nn.Linear(wide, wide) for _ in range(deep)))
            def forward(self, x):
                return self.body(x)

        if __name__ == "__main__":
            wide = 12
            net = Net(wide, deep=3).to("cuda")
            batch = torch.rand(5, 12).to("cuda")
            print(net(batch).shape)
    """)
    assert (done.arguments, done.inputs) == ("12, deep=3", "torch.randn(5, 12)")
    assert done.output_shapes == ((5, 12),)


FAULTS = {
    "no call of the parent": (
        """
        class Net(nn.Module):
            def __init__(self, dim):
                self.a = nn.Linear(dim, dim)
            def forward(self, x):
                return self.a(x)
     """,
        Stage.CONSTRUCT,
        8,
        "cannot assign module before Module.__init__() call",
    ),
    "undefined name": (
        """
        class Net(nn.Module):
            def __init__(self, dim):
                super().__init__()
                self.a = nn.Linear(dim, dimm)
            def forward(self, x):
                return self.a(x)
     """,
        Stage.CONSTRUCT,
        9,
        "dimm",
    ),
    "undefined attribute": (
        """
        class Net(nn.Module):
            def __init__(self, dim):
                super().__init__()
                self.a = nn.Linear(dim, dim)
            def forward(self, x):
                return self.b(x)
     """,
        Stage.FORWARD,
        11,
        "has no attribute 'b'",
    ),
    "no forward": (
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.a = nn.Linear(3, 3)
     """,
        Stage.FORWARD,
        None,
        'missing the required "forward" function',
    ),
    "no self": (
        """
        class Net(nn.Module):
            def forward(x):
                return x
     """,
        Stage.FORWARD,
        None,
        "takes 1 positional argument but 2 were given",
    ),
    "no return": (
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.a = nn.Linear(3, 3)
            def forward(self, x):
                x = self.a(x)
     """,
        Stage.FORWARD,
        10,
        "forward returns None",
    ),
    "widths that do not meet": (
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.a = nn.Linear(10, 64)
                self.b = nn.Linear(32, 5)
            def forward(self, x):
                return self.b(self.a(x))
     """,
        Stage.FORWARD,
        12,
        "mat1 and mat2 shapes cannot be multiplied (2x64 and 32x5)",
    ),
    "widths that do not meet the input of the file": (
        """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.a = nn.Conv2d(4, 8, 3)
            def forward(self, x):
                return self.a(x)
        Net()(torch.randn(1, 3, 32, 32))
     """,
        Stage.FORWARD,
        11,
        "expected input[1, 3, 32, 32] to have 4 channels, but got 3 channels instead",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults_are_claimed_at_the_users_row(run: Callable[..., Run], name: str) -> None:
    text, stage, row, message = FAULTS[name]
    error = run(text).error
    assert error is not None
    assert (error.stage, error.row, error.ours) == (stage, row, False)
    assert message in error.message


UNPROVEN = {
    "arguments nobody can guess": """
        class Net(nn.Module):
            def __init__(self, oracle):
                super().__init__()
                assert oracle.speaks("yes") == 42
            def forward(self, x):
                return x
    """,
    "missing package": """
        import no_such_package_at_all
        class Net(nn.Module):
            def forward(self, x):
                return no_such_package_at_all.work(x)
    """,
    "abstract": """
        class Net(nn.Module):
            def forward(self, x):
                raise NotImplementedError
    """,
    "made in a function": """
        def make():
            class Net(nn.Module):
                def forward(self, x):
                    return x
            return Net()
    """,
}


@pytest.mark.parametrize("name", UNPROVEN)
def test_no_fault_is_claimed_without_proof(run: Callable[..., Run], name: str) -> None:
    done = run(UNPROVEN[name])
    assert done.error is not None and done.error.ours
    assert done.line.startswith("Net: unverified, ")


def test_levels_of_a_comparison(verifier: Verifier, subject: Callable[..., Subject]) -> None:
    good = SMALL + " def forward(self, x): return {}\n"
    plain = subject(good.format("self.a(x)"))
    assert verifier.compare(plain, subject(good.format("self.a.forward(x)")), residual=False).level is Level.EQUIVALENT
    assert verifier.compare(plain, subject(good.format("self.a(x) * 2")), residual=False).level is Level.SAME_SHAPES
    assert verifier.compare(plain, subject(good.format("self.b(x)")), residual=False).level is Level.REGRESSED
    broken = subject(good.format("self.b(x)"))
    assert verifier.compare(broken, plain, residual=False).level is Level.RUNS
    assert verifier.compare(broken, broken, residual=False).level is Level.FAILS


def test_same_weights_after_new_ones_were_added(verifier: Verifier, subject: Callable[..., Subject]) -> None:
    text = SMALL + "{} def forward(self, x): return self.a(x)\n"
    verdict = verifier.compare(
        subject(text.format("")), subject(text.format("  self.unused = nn.Linear(9, 9)\n")), residual=False
    )
    assert verdict.level is Level.EQUIVALENT


def test_only_what_the_class_needs_is_executed(verifier: Verifier, tmp_path: Path) -> None:
    package = tmp_path / "project"
    package.mkdir()
    (package / "__init__.py").write_text("from .train import main\nmain()\n")
    (package / "train.py").write_text("raise SystemExit('training ran')\n")
    (package / "layers.py").write_text(
        "import absent\nfrom torch import nn\nWIDTH = 6\ndef make(): return nn.Linear(WIDTH, 2)\nabsent.log()\n"
    )
    text = (
        "from . import layers\nfrom .layers import *\nfrom torch import nn\n"
        "for _ in range(3): open('written', 'w')\n"
        "class Net(nn.Module):\n def __init__(self):\n  super().__init__()\n"
        "  self.a, self.b = layers.make(), make()\n def forward(self, x): return self.a(x) + self.b(x)\n"
    )
    done = verifier.run(Subject(package / "net.py", text, "Net"))
    assert done.line == "Net: constructs, forward (2, 6) -> (2, 2)"
    assert not list(tmp_path.rglob("written"))


@pytest.mark.parametrize(
    ("body", "stage"),
    [
        ("import os; os._exit(0)", Stage.LIMIT),
        ("while True: pass", Stage.LIMIT),
        ("import numpy; self.x = numpy.ones(1 << 42)", Stage.LIMIT),
        ("raise SystemExit(0)", Stage.CONSTRUCT),
        ("open(__file__ + '.made', 'w')", Stage.LIMIT),
        ("import os; os.system('true')", Stage.LIMIT),
        ("import socket; socket.create_connection(('127.0.0.1', 9))", Stage.LIMIT),
    ],
)
def test_hostile_constructors(subject: Callable[..., Subject], tmp_path: Path, body: str, stage: Stage) -> None:
    hostile = subject(
        f"class Net(nn.Module):\n def __init__(self):\n  super().__init__()\n  {body}\n"
        " def forward(self, x): return x\n"
    )
    with Verifier(Path(sys.executable), VerifySettings(timeout=4.0)) as verifier:
        done = verifier.run(hostile)
        assert done.error is not None and done.error.stage is stage
        assert not done.runs
        assert verifier.run(subject("class Net(nn.Module):\n def forward(self, x): return x\n")).runs
    assert not list(tmp_path.iterdir())


def test_what_does_not_fit_into_memory_is_run_for_its_shapes_alone(run: Callable[..., Run]) -> None:
    done = run("""
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.x = torch.zeros(1 << 42)
            def forward(self, x):
                return x
    """)
    assert done.runs
    assert done.shapes_only


def test_printing_and_reading_disturbs_nothing(run: Callable[..., Run]) -> None:
    done = run("""
        import os, sys
        print("loading")
        class Net(nn.Module):
            def forward(self, x):
                print('{"nonce": "guess", "runs": false}')
                os.write(1, b"noise")
                sys.stderr.write("noise")
                assert sys.stdin.read() == ""
                return x
    """)
    assert done.runs


def test_worker_that_is_killed_is_replaced(subject: Callable[..., Subject]) -> None:
    with Verifier(Path(sys.executable), VerifySettings(timeout=10.0)) as verifier:
        killer = subject(
            "import ctypes, os\nclass Net(nn.Module):\n def forward(self, x): ctypes.CDLL(None).kill(os.getppid(), 9)\n"
        )
        assert not verifier.run(killer).runs
        assert verifier.run(subject("class Net(nn.Module):\n def forward(self, x): return x\n")).runs
