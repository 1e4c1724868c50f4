"""The user's word: comments above a class, the table of the configuration, and an example that the model carries."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from nn_lint.config import ConfigError, VerifySettings, load_settings
from nn_lint.runner.subjects import subjects_of
from nn_lint.source.lines import Lines
from nn_lint.verify.asking import asked_above, read_request
from nn_lint.verify.verdict import Asked, Run, Stage, Subject
from nn_lint.verify.verifier import Verifier

FIXTURE = Path(__file__).parents[2] / "fixtures" / "resnet32.py"
BLOCK = """
class Net(nn.Module):
    def __init__(self, dim, out_dim, stride):
        super().__init__()
        self.conv = nn.Conv2d(dim, out_dim, 3, stride, 1)
    def forward(self, x):
        return self.conv(x)
"""


@pytest.mark.parametrize(
    ("text", "arguments", "inputs"),
    [
        (" Block(64, 128, stride=2) input=(2, 64, 56, 56)", "64, 128, stride=2", "(2, 64, 56, 56)"),
        (" input=(8, 3, 32, 32)", None, "(8, 3, 32, 32)"),
        (" Block(64, input=3)", "64, input=3", None),
        (" Net() inputs = [(2, 8), (2, 4)]", "", "[(2, 8), (2, 4)]"),
        (" Net", "Net", None),
    ],
)
def test_requests(text: str, arguments: str | None, inputs: str | None) -> None:
    assert read_request(text, "here") == Asked(arguments, inputs, "here")


def test_comments_directly_above_a_class() -> None:
    lines = Lines("# nn-lint: verify A(1)\f\n\n# nn-lint: verify A(2)\n# why\u2028\n# nn-lint: verify A(3)\nclass A:")
    assert [each.arguments for each in asked_above(lines, 6)] == ["2", "3"]


@pytest.fixture
def ask(verifier: Verifier, subject: Callable[..., Subject]) -> Callable[..., Run]:
    """Run a class as the user asked."""

    def asked(text: str, *requests: str) -> Run:
        asked = tuple(read_request(request, "comment in row 1") for request in requests)
        return verifier.run(replace(subject(text), asked=asked))

    return asked


def test_arguments_and_inputs_as_asked(ask: Callable[..., Run]) -> None:
    run = ask(BLOCK, "Net(5, 6, stride=2) input=(3, 5, 10, 10)")
    assert (run.arguments, run.input_shapes, run.output_shapes) == (
        "5, 6, stride=2",
        ((3, 5, 10, 10),),
        ((3, 6, 5, 5),),
    )


def test_an_asked_input_is_never_bent(ask: Callable[..., Run]) -> None:
    run = ask(BLOCK, "Net(5, 6, stride=2) input=(3, 4, 10, 10)")
    assert run.error is not None and not run.error.ours
    assert run.error.stage is Stage.FORWARD and run.error.row == 11
    assert run.error.message.startswith("`conv` (Conv2d) takes 5 channels, but was given 4 (a tensor of shape")


def test_every_request_counts(ask: Callable[..., Run]) -> None:
    assert ask(BLOCK, "Net(5, 6, 1)", "Net(5, 6, 2)").runs
    run = ask(BLOCK, "Net(5, 6, 1)", "Net(5)")
    assert run.error is not None and not run.error.ours


def test_what_cannot_be_read(ask: Callable[..., Run]) -> None:
    run = ask(BLOCK, "Net(5, 6, 1) input=(unknown,)")
    assert (
        run.error is not None and "the input `(unknown,)` (comment in row 1) cannot be evaluated" in run.error.message
    )


def test_shapes_of_indices(ask: Callable[..., Run]) -> None:
    text = """
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.table = nn.Embedding(7, 3)
        def forward(self, x):
            return self.table(x)
    """
    assert ask(text, "input=(4, 9)").output_shapes == ((4, 9, 3),)


def test_the_fixture_tells_which_size_its_linear_needs(tmp_path: Path) -> None:
    path = tmp_path / "resnet32.py"
    asking = "# nn-lint: verify input=(8, 3, 32, 32)\nclass ResNet32"
    path.write_text(FIXTURE.read_text().replace("class ResNet32", asking))
    ((_, subjects),) = subjects_of([path], load_settings(tmp_path, isolated=True))
    with Verifier(Path(sys.executable), VerifySettings(timeout=120.0)) as verifier:
        run = verifier.run(next(each for each in subjects if each.class_name == "ResNet32"))
    assert run.error is not None and not run.error.ours
    assert "`avgpool` (AvgPool2d(kernel_size=2, stride=2, padding=0)) was given a tensor of shape" in run.error.message
    assert "`classifier` (Linear(4608, 2)) is given 512 x 3 x 3 = 4608 features" in run.error.message


def test_an_example_that_the_model_carries(run: Callable[..., Run]) -> None:
    done = run("""
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.example_input_array = torch.randn(3, 5, 7)
            def forward(self, x):
                return x.mean(1)
    """)
    assert (done.input_shapes, done.output_shapes) == (((3, 5, 7),), ((3, 7),))


def test_the_table_of_the_configuration(tmp_path: Path) -> None:
    config = tmp_path / "pyproject.toml"
    config.write_text('[tool.nn-lint.verify.modules]\nNet = { arguments = "5", input = "(2, 5)" }\n')
    path = tmp_path / "net.py"
    path.write_text("import torch.nn as nn\nclass Net(nn.Module):\n def forward(self, x): return x\n")
    ((_, subjects),) = subjects_of([path], load_settings(tmp_path))
    assert [each.asked for each in subjects] == [(Asked("5", "(2, 5)", "configuration"),)]
    config.write_text('[tool.nn-lint.verify.modules]\nNet = { shape = "(2, 5)" }\n')
    with pytest.raises(ConfigError, match="Net must be a table with `arguments`, `input` or both"):
        load_settings(tmp_path)
