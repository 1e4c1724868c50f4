"""Models of classes out of short texts."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent, indent

from nn_lint.model.module_class import ModelRegistry, ModuleClass
from nn_lint.model.residual.evidence import straight_chain
from nn_lint.model.residual.routes import streams
from nn_lint.model.values import Value, is_residual_sum
from nn_lint.project.files import ProjectFiles
from nn_lint.project.hierarchy import Hierarchy, ProjectClass
from nn_lint.source.text import Text

HEAD = """\
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.checkpoint import checkpoint
from elsewhere import drop_path, fused


def add_both(a, b):
    return a + b


class Adding(nn.Module):
    def forward(self, x):
        return x + self.conv(x)


"""
LAYERS = """\
super().__init__()
self.conv1 = nn.Conv2d(8, 8, 3, padding=1)
self.conv2 = nn.Conv2d(8, 8, 3, padding=1)
self.conv3 = nn.Conv2d(8, 8, 1)
self.relu = nn.ReLU()
self.fc = nn.Linear(8, 8)
self.layers = nn.ModuleList([nn.Conv2d(8, 8, 1) for _ in range(3)])
self.quantised = nn.quantized.FloatFunctional()
self.gamma = nn.Parameter(torch.ones(8))
"""


def model_of(text: str, name: str = "Block") -> ModuleClass:
    """The model of a class in a file."""
    files = ProjectFiles()
    file = files.add(Path("/nowhere/project/net.py"), Text(text))
    return ModelRegistry(Hierarchy(files)).model(ProjectClass(file, file.classes[name]))


def block(forward: str, members: str = "", signature: str = "self, x", base: str = "nn.Module") -> ModuleClass:
    """A class with some layers and a forward."""
    body = indent(dedent(forward).strip("\n"), " " * 8)
    rest = indent(dedent(members).strip("\n"), " " * 4)
    init = indent(LAYERS, " " * 8)
    return model_of(
        f"{HEAD}class Block({base}):\n    def __init__(self):\n{init}\n{rest}\n    def forward({signature}):\n{body}\n"
    )


def is_straight(cls: ModuleClass) -> bool:
    """Whether forward is one chain from its input to its result."""
    return straight_chain(cls) is not None


def merges(cls: ModuleClass) -> bool:
    """Whether forward brings values of one input together."""
    return any(stream.meetings for stream in streams(cls))


def residual_sums(cls: ModuleClass) -> list[Value]:
    """The residual sums of a forward."""
    assert cls.flow is not None
    return [value for value in cls.flow.values if is_residual_sum(value)]
