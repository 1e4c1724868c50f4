"""What the repair of fixtures/resnet32.py is worth: `python benchmarks/gradients.py [--seeds 5] [--epochs 15]`.

It prints the gradient that reaches the first layer of the fixture before and after its repair, trains the fixture's
blocks on scikit-learn's digits with and without the repair, and draws docs/gradients.svg. Everything but the shortcut
is the same on both sides: seed, weights, batches and their order. Needs the extra `benchmarks`.
"""

from __future__ import annotations

import argparse
import importlib.machinery
import importlib.util
import os
import platform
import statistics
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

import sklearn
import torch
from curves import Curve, draw
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.nn import functional

ROOT = Path(__file__).resolve().parent.parent
FILES = {"without the shortcut": "resnet32.py", "with the shortcut": "resnet32.py.fixed"}
COLOURS = ("#bc4c00", "#0969da")
INPUT = (8, 3, 224, 224)
STAGES = ((16, 3, 1), (32, 4, 2), (64, 6, 2), (128, 3, 2))
"""Width, blocks and first stride: the layout of the fixture at a quarter of its width."""
BATCH = 64
RATE, MOMENTUM = 0.05, 0.9


def load(name: str) -> ModuleType:
    """A fixture as a module, whatever its file is called."""
    loader = importlib.machinery.SourceFileLoader(name.replace(".", "_"), str(ROOT / "fixtures" / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


class Digits(nn.Module):
    """The fixture's blocks in the fixture's layout, for images of 8x8 pixels."""

    def __init__(self, block: type[nn.Module]) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(1, STAGES[0][0], 3, padding=1), nn.BatchNorm2d(STAGES[0][0]), nn.ReLU()]
        width = STAGES[0][0]
        for out, count, stride in STAGES:
            layers += [block(width if index == 0 else out, out, stride if index == 0 else 1) for index in range(count)]
            width = out
        self.body = nn.Sequential(*layers)
        self.classifier = nn.Linear(width, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The scores of the ten digits."""
        return self.classifier(self.body(x).mean((2, 3)))


def pair(models: list[nn.Module]) -> list[nn.Module]:
    """Models of which the later ones get the weights of the first, as far as it has theirs."""
    first, *others = models
    for other in others:
        other.load_state_dict({**other.state_dict(), **first.state_dict()})
    return models


def seeded(seed: int, make: type[nn.Module], *arguments: object) -> nn.Module:
    """A model whose weights follow from the seed."""
    torch.manual_seed(seed)
    return make(*arguments)


def first_gradient(model: nn.Module, seed: int, *, training: bool) -> float:
    """The norm of the gradient of the first layer, by the mean square of the output."""
    torch.manual_seed(seed)
    images = torch.randn(INPUT)
    model.train(training).zero_grad()
    model(images).square().mean().backward()
    return float(torch.cat([each.grad.flatten() for each in model.conv1.parameters()]).norm())


def show_gradients(seeds: int) -> None:
    """The gradients of the fixture itself, before and after its repair."""
    found: dict[tuple[str, bool], list[float]] = {}
    for seed in range(seeds):
        models = pair([seeded(seed, load(name).ResNet32) for name in FILES.values()])
        for training in (False, True):
            for name, model in zip(FILES, models):
                found.setdefault((name, training), []).append(first_gradient(model, seed, training=training))
    print(f"gradient at the first layer of ResNet32 for inputs {INPUT}, {seeds} seeds: median (lowest to highest)")
    for (name, training), norms in found.items():
        mode = "training" if training else "evaluation"
        print(f"  {mode:10} mode, {name:20} {statistics.median(norms):.1e} ({min(norms):.1e} to {max(norms):.1e})")


def train(model: nn.Module, data: list[torch.Tensor], seed: int, epochs: int) -> Iterator[tuple[float, float]]:
    """The accuracy on the images kept apart and the mean loss, after each epoch."""
    images, unseen, labels, truth = data
    order = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.SGD(model.parameters(), lr=RATE, momentum=MOMENTUM)
    for _ in range(epochs):
        model.train()
        losses = []
        for batch in torch.randperm(len(images), generator=order).split(BATCH):
            loss = functional.cross_entropy(model(images[batch]), labels[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
        model.eval()
        with torch.no_grad():
            yield float((model(unseen).argmax(1) == truth).float().mean()), statistics.fmean(losses)


def digits() -> list[torch.Tensor]:
    """Images and labels to train on and to keep apart, always the same ones."""
    data = load_digits()
    images = torch.tensor(data.images, dtype=torch.float32).unsqueeze(1) / 16
    parts = train_test_split(images, torch.tensor(data.target), test_size=0.2, random_state=0, stratify=data.target)
    return list(parts)


def show_training(seeds: int, epochs: int) -> list[Curve]:
    """The training with and without the shortcut, over several seeds."""
    data = digits()
    accuracies = [Curve(name, colour, [[] for _ in range(epochs)]) for name, colour in zip(FILES, COLOURS)]
    losses = [Curve(name, colour, [[] for _ in range(epochs)]) for name, colour in zip(FILES, COLOURS)]
    start = time.perf_counter()
    for seed in range(seeds):
        models = pair([seeded(seed, Digits, load(name).Block) for name in FILES.values()])
        for index, model in enumerate(models):
            for epoch, (accuracy, loss) in enumerate(train(model, data, seed, epochs)):
                accuracies[index].steps[epoch].append(accuracy)
                losses[index].steps[epoch].append(loss)
    print(f"\n{seeds} trainings each, {time.perf_counter() - start:.0f} s: mean (lowest to highest)")
    for epoch in sorted({1, 2, 3, 5, 10, epochs} & set(range(1, epochs + 1))):
        for accuracy, loss in zip(accuracies, losses):
            found = f"accuracy {spread(accuracy.steps[epoch - 1])}, training loss {spread(loss.steps[epoch - 1])}"
            print(f"  epoch {epoch:2}, {accuracy.name:20} {found}")
    return accuracies


def spread(values: Sequence[float]) -> str:
    """Mean, lowest and highest."""
    return f"{statistics.fmean(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def main() -> None:
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=15)
    given = parser.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", message="Implicit dimension choice")  # one of the two mistakes of the fixture
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, ", end="")
    print(f"torch {torch.__version__}, scikit-learn {sklearn.__version__}\n")
    show_gradients(given.seeds)
    curves = show_training(given.seeds, given.epochs)
    title = f"Blocks of fixtures/resnet32.py on scikit-learn's digits, {given.seeds} seeds"
    picture = draw(title, "epoch", "accuracy on digits kept apart", curves)
    (ROOT / "docs" / "gradients.svg").write_text(picture, "utf-8", newline="\n")


if __name__ == "__main__":
    main()
