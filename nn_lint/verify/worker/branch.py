"""Which weights of a block belong to its shortcut and which to its branch, and the block with its branch silent."""

from __future__ import annotations

import copy
import re
from typing import Set

import torch
from torch import nn

SHORTCUT = re.compile(r"short_?cut|down_?sample|skip|identity|proj|residual", re.IGNORECASE)
NORM = re.compile(r"norm|^bn", re.IGNORECASE)


def shortcut_names(model: nn.Module, new: Set[str]) -> Set[str]:
    """Submodules and parameters of the shortcut: what is new, else what is named like one and is no part of a
    branch."""
    if new:
        return new
    return {name for name, _ in model.named_children() if SHORTCUT.search(name)}


def silence(model: nn.Module, kept: Set[str]) -> nn.Module:
    """A copy whose weights outside `kept` are zero. Norms keep a scale of one: they pass on what reaches them, and a
    branch of zeros leaves them as zeros."""
    silent = copy.deepcopy(model)
    silent.eval()
    with torch.no_grad():
        for prefix, module in silent.named_modules():
            scales = ("weight", "gamma", "scale", "g") if is_norm(module) else ()
            for name, parameter in module.named_parameters(recurse=False):
                whole = f"{prefix}.{name}" if prefix else name
                if not is_kept(whole, kept):
                    parameter.fill_(1.0 if name in scales else 0.0)
    return silent


def telling_names(model: nn.Module, kept: Set[str]) -> Set[str]:
    """Parameters whose gradient shows that the branch takes part: those outside the shortcut and outside of norms,
    which may follow the addition. A norm that begins at zero cannot follow it: it holds the branch back."""
    names: Set[str] = set()
    for prefix, module in model.named_modules():
        parameters = dict(module.named_parameters(recurse=False))
        if not is_norm(module) or not any(bool(parameter.any()) for parameter in parameters.values()):
            names.update(f"{prefix}.{name}" if prefix else name for name in parameters)
    return {name for name in names if not is_kept(name, kept)}


def is_norm(module: nn.Module) -> bool:
    """Whether a module is a norm, by its name."""
    return bool(NORM.search(type(module).__name__)) and not list(module.children())


def is_kept(name: str, kept: Set[str]) -> bool:
    """Whether a parameter belongs to the shortcut: itself or a module around it."""
    parts = name.split(".")
    return any(".".join(parts[:length]) in kept for length in range(1, len(parts) + 1))
