"""How a file spells the names of torch: `nn.ModuleList`, `torch.nn.ModuleList`, `ModuleList`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nn_lint.project.hierarchy import ExternalClass, TorchClass

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass


def spell_layer(cls: ModuleClass, name: str) -> str | None:
    """How a class of `torch.nn` is called where the class is defined, `None` where no import leads to it."""
    spellings = (f"nn.{name}", f"torch.nn.{name}", name)
    return next((item for item in spellings if cls.resolve(item) == TorchClass(name)), None)


def spell_function(cls: ModuleClass, name: str) -> str | None:
    """How a function of `torch.nn.functional` is called there."""
    origin = f"torch.nn.functional.{name}"
    spellings = (f"F.{name}", f"nn.functional.{name}", f"torch.nn.functional.{name}", f"functional.{name}")
    return next((item for item in spellings if _origin(cls, item) == origin), None)


def _origin(cls: ModuleClass, name: str) -> str | None:
    found = cls.resolve(name)
    return found.origin if isinstance(found, ExternalClass) else None
