"""Classes whose construction runs the init of a mixin, and never that of `nn.Module`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from nn_lint.model.init_order import Unfollowed, run_of_inits
from nn_lint.model.rebuilding import may_be_rebuilt
from nn_lint.project.hierarchy import Kinship, ProjectClass, TorchClass

if TYPE_CHECKING:
    from nn_lint.model.method import Method
    from nn_lint.model.module_class import ModuleClass

_REFUSALS = ("__setattr__", "__getattr__", "__call__")
"""Methods with which a class may do without what `nn.Module.__init__` creates."""


def stopping_mixin(cls: ModuleClass) -> ModuleClass | None:
    """The base, no module itself, whose init comes before `nn.Module`'s and calls no other; `None` where it is reached.

    A base that is a module and stops there itself is the one to report, not its heirs.
    """
    if not may_stop_at_mixin(cls) or not _skips_module(cls) or any(map(cls.defines, _REFUSALS)):
        return None
    if not all(item.is_defined_once for item in cls.ancestors):
        return None
    modules = (item for item in cls.ancestors if item.ancestry.kinship is Kinship.MODULE)
    if any(map(_skips_module, modules)) or _may_be_initialised_by_heirs(cls):
        return None
    if not all(_is_plain(cls, item, item.init) for item in (cls, *cls.ancestors) if item.init is not None):
        return None
    mixins = [cls.registry.model(item) for item in _mixins_in_front(cls)]
    return next((item for item in mixins if item.init is not None and not item.init.parent_calls), mixins[-1])


def may_stop_at_mixin(cls: ModuleClass) -> bool:
    """Whether a mixin with an init stands in front of `nn.Module`: what must be so, and needs no tree."""
    return len(cls.facts.bases) > 1 and cls.is_certain and any(True for _ in _mixins_in_front(cls))


def _mixins_in_front(cls: ModuleClass) -> Iterator[ProjectClass]:
    """The bases with an init, no modules themselves, that come before `nn.Module`."""
    for item in cls.ancestry.order:
        if isinstance(item, TorchClass):
            return
        has_init = isinstance(item, ProjectClass) and item.facts.method("__init__") is not None
        if isinstance(item, ProjectClass) and has_init and cls.resolve_class(item) is Kinship.NONE:
            yield item


def _skips_module(cls: ModuleClass) -> bool:
    try:
        return all(event.attribute is not None for event in run_of_inits(cls))
    except Unfollowed:
        return False


def _is_plain(cls: ModuleClass, owner: ModuleClass, init: Method) -> bool:
    """Whether an init does nothing but what it shows: no function gets the object, and no method of it goes on."""
    construction = owner.construction
    reached = (method for method in cls.closure([init]) if method.name != "__init__")
    return not (
        may_be_rebuilt(owner)
        or construction.hands_self_over
        or construction.copies_state
        or not construction.init_flow.exits
        or any(method.parent_calls for method in reached)
    )


def _may_be_initialised_by_heirs(cls: ModuleClass) -> bool:
    """Whether a class that inherits from this one calls inits by name, and so may call `nn.Module`'s itself.

    A class without an init and a `forward` of its own may wait for heirs that nobody has written yet.
    """
    heirs = [heir.text for heir in cls.heirs]
    if cls.init is None and (heirs or cls.method("forward") is None):
        return True
    return any(re.search(r"\w\.__init__\b", text) for text in heirs)
