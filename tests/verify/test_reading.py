"""Inputs by what the text of a forward tells of them."""

from __future__ import annotations

from collections.abc import Callable

from nn_lint.verify.verdict import Run

MADE = """
    class Net(nn.Module):
        {doc}
        def __init__(self):
            super().__init__()
            self.lin = nn.Linear(24, 24)
        def forward(self, {names}):
{body}
"""


def made(names: str, body: str, doc: str = "") -> str:
    lines = "\n".join(" " * 12 + line for line in body.splitlines())
    return MADE.format(doc=doc, names=names, body=lines)


def test_the_axes_that_are_unpacked(run: Callable[..., Run]) -> None:
    done = run(
        made("x, state", "b, n, d = x.shape\nb, c = state.size()\nreturn self.lin(x) + self.lin(state)[:, None]")
    )
    assert done.runs and [len(shape) for shape in done.input_shapes] == [3, 2], done.line


def test_the_axes_of_a_permutation(run: Callable[..., Run]) -> None:
    done = run(made("x", "x = x.permute(0, 2, 3, 4, 1)\nassert x.dim() == 5\nreturn self.lin(x)"))
    assert done.runs and len(done.input_shapes[0]) == 5 and done.input_shapes[0][1] == 24, done.line


def test_the_axes_of_a_docstring(run: Callable[..., Run]) -> None:
    doc = '"""A head.\n\n        x (torch.Tensor, optional): tokens (B, T, C)\n        state: (B, C)\n        """'
    done = run(
        made("x, state", "assert x.ndim == 3 and state.ndim == 2\nreturn self.lin(x) + self.lin(state)[:, None]", doc)
    )
    assert done.runs and [len(shape) for shape in done.input_shapes] == [3, 2], done.line


def test_inputs_that_are_gone_through_are_lists(run: Callable[..., Run]) -> None:
    done = run(made("x, scale", "return sum(self.lin(each) * scale for each in x)"))
    assert done.runs and "[torch.randn" in done.inputs, done.line


def test_inputs_that_are_asked_for_keys_are_dictionaries(run: Callable[..., Run]) -> None:
    done = run(made("batch", "return self.lin(batch['image']) + self.lin(batch['noise'])"))
    assert done.runs and "'image': " in done.inputs and "'noise': " in done.inputs, done.line


def test_what_is_bound_anew_tells_nothing(run: Callable[..., Run]) -> None:
    done = run(made("x", "x = self.lin(x).unsqueeze(1)\nb, one, d = x.shape\nreturn x"))
    assert done.runs and len(done.input_shapes[0]) == 2, done.line


def test_a_loss_is_given_tensors_alike(run: Callable[..., Run]) -> None:
    done = run("""
        class Net(nn.Module):
            def forward(self, pred, target):
                assert pred.size() == target.size() and target.is_floating_point()
                return (pred - target).abs().mean()
        """)
    assert done.runs, done.line


def test_a_layer_that_was_built_with_a_list_does_not_end_the_search(run: Callable[..., Run]) -> None:
    done = run("""
        class Odd(nn.BatchNorm2d):
            def __init__(self):
                super().__init__(8)
                self.num_features = [8, 8]

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.odd = Odd()
            def forward(self, x):
                return self.odd(x)
        """)
    assert done.runs, done.line
