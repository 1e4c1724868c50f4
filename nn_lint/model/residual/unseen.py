"""Ways in which a block's input comes back that the body of its `forward` does not show."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nn_lint.project.sites import Site

if TYPE_CHECKING:
    from nn_lint.model.module_class import ModuleClass

_FROM_OUTSIDE = re.compile(r"\bregister_(?:module_)?forward_(?:pre_)?hook\b|(?<!\bself)\.forward[ \t]*=(?!=)")
_IDENTITY_KERNEL = re.compile(r"\b(?:dirac_?|eye_?)\(")
_FOLDS = re.compile(r"\b(?:reduce|accumulate)\(")


def may_add_unseen(cls: ModuleClass, sites: tuple[Site, ...]) -> bool:
    """Whether the input may come back outside the body of `forward`.

    By `__call__`, a decorator, a hook or another `forward` put in its place, by a kernel that begins as the identity,
    or by a holder that folds its blocks.
    """
    forward = cls.method("forward")
    decorators = forward.decorators if forward is not None else ()
    if cls.defines("__call__") or any(not name.startswith("torch.") for name in decorators):
        return True
    holders = dict.fromkeys(site.holder for site in sites if site.holder is not None)
    files = dict.fromkeys((cls.definition.file, *(holder.file for holder in holders)))
    return (
        _IDENTITY_KERNEL.search(cls.text) is not None
        or any(_FROM_OUTSIDE.search(file.text.content) for file in files)
        or any(_FOLDS.search(cls.registry.model(holder).text) for holder in holders)
    )
