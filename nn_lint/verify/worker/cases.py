"""Variants of a block, built and run as they were before the repair."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Callable, Dict, List, Optional

from torch import nn

from .arguments import Arguments
from .attempt import Failure
from .bound import Bound, bind, text_of
from .running import construct
from .search import Ran, run_once, search
from .specs import Shape, Spec, Specs, tensors_in
from .subjects import Target
from .variants import Variant, made_variants, used_variants

SIDE = 16


@dataclass(frozen=True, eq=False)
class Case:
    """A variant that runs: its model, the inputs, and the shapes of the first input and output."""

    variant: Variant
    model: nn.Module
    specs: Specs
    given: Shape
    got: Shape

    @property
    def label(self) -> str:
        """`stride 2 from 64 to 128`, without the parts that do not apply."""
        bound = self.variant.bound
        if bound is None:
            return ""
        parts = [f"stride {bound.value(bound.stride)}"] if bound.stride else []
        if self.axis is not None and self.changes_width:
            parts.append(f"from {self.given[self.axis]} to {self.got[self.axis]}")
        return " ".join(parts)

    @property
    def changes_width(self) -> bool:
        """Whether the output has another number of channels than the input."""
        return self.axis is not None and self.given[self.axis] != self.got[self.axis]

    @property
    def axis(self) -> Optional[int]:
        """The axis of the channels: the first that is as wide as the block was told."""
        bound = self.variant.bound
        if bound is None or len(self.given) != len(self.got):
            return None
        width = bound.value(bound.width_in)
        return next((axis for axis, size in enumerate(self.given) if axis and size == width), None)

    @property
    def ratio(self) -> int:
        """How many times wider the output is than the block was told."""
        bound, axis = self.variant.bound, self.axis
        width = 0 if bound is None else bound.value(bound.width_out) or 0
        if axis is None or width < 1 or self.got[axis] % width:
            return 1
        return self.got[axis] // width


def cases_of(target: Target, arguments: Arguments, specs: Specs) -> List[Case]:
    """The variants that run: those that are used, else that of the recipe; then made-up ones."""
    base = Variant(arguments, bind(target, arguments))
    used = all_of(used_variants(target), target, specs, base)
    known = used or all_of([base], target, specs, base)
    made = made_variants(target, [case.variant for case in known], known[0].ratio if known else 1)
    others = [*known, *all_of(made, target, specs, base)][len(used) :]
    return [*used, *(with_projection(case, target, specs, base) for case in others)]


def all_of(variants: List[Variant], target: Target, specs: Specs, base: Variant) -> List[Case]:
    """The variants that run, of these."""
    cases = (case_of(variant, target, specs, base) for variant in variants)
    return [case for case in cases if case is not None]


def case_of(variant: Variant, target: Target, specs: Specs, base: Variant) -> Optional[Case]:
    """A variant built and run on small inputs, else on inputs that a search finds; None where it does not run."""
    model = construct(target, variant.arguments)
    if isinstance(model, Failure):
        return None
    wanted = suited(specs, base.bound, variant.bound)
    outcome = run_once(model, smaller(wanted), target)
    if not isinstance(outcome, Ran):
        found = search(model, target, [wanted])
        if not isinstance(found, Ran):
            return None
        outcome = found
    given, got = (
        next((tuple(tensor.shape) for tensor in tensors_in(value) if tensor.is_floating_point()), ())
        for value in (outcome.values, outcome.output)
    )
    return Case(variant, model, outcome.specs, given, got)


def suited(specs: Specs, base: Optional[Bound], bound: Optional[Bound]) -> Specs:
    """The recipe's inputs with the channels that a variant takes."""
    if base is None or bound is None or base.width_in is None:
        return specs
    old, new = base.value(base.width_in), bound.value(bound.width_in)
    return tuple(spec.sized(exchanged(spec.shape, old, new)) for spec in specs)


def exchanged(shape: Shape, old: int, new: int) -> Shape:
    """A shape with another number of channels; images have theirs in the second place."""
    if len(shape) > 3 and shape[1] == old:
        return (shape[0], new, *shape[2:])
    return tuple(new if size == old and axis else size for axis, size in enumerate(shape))


def smaller(specs: Specs) -> Specs:
    """The same inputs with smaller sides, since a proof needs many runs: halved until none is over `SIDE`."""
    return tuple(spec.sized(shrunk(spec)) if len(spec.shape) > 3 else spec for spec in specs)


def shrunk(spec: Spec) -> Shape:
    """An image's shape with its sides halved."""
    sides = spec.shape[2:]
    while max(sides) > SIDE:
        sides = tuple((side + 1) // 2 for side in sides)
    return (*spec.shape[:2], *sides)


def with_projection(case: Case, target: Target, specs: Specs, base: Variant) -> Case:
    """A made-up variant that changes the shape, with a shortcut passed to it where it takes one from its caller."""
    bound = case.variant.bound
    if bound is None or bound.shortcut is None or bound.value(bound.shortcut) is not None:
        return case
    layer = projection(case)
    if layer is None:
        return case
    passed = replace(bound, values={**bound.values, str(bound.shortcut): layer})
    text = text_of(passed, target)
    if text is None:
        return case
    return case_of(Variant(Arguments(text, "variant", False), passed), target, specs, base) or case


def projection(case: Case) -> Optional[nn.Module]:
    """A layer that gives the first input the shape of the output; None where it has it."""
    given, got, axis = case.given, case.got, case.axis
    if given == got or axis is None:
        return None
    kinds: Dict[int, Callable[..., nn.Module]] = {3: nn.Conv1d, 4: nn.Conv2d, 5: nn.Conv3d}
    if axis != 1 or len(given) not in kinds:
        return nn.Linear(given[-1], got[-1], bias=False)
    strides = tuple(-(-side // max(1, rest)) for side, rest in zip(given[2:], got[2:]))
    return kinds[len(given)](given[1], got[1], 1, strides, bias=False)
