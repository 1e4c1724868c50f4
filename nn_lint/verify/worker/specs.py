"""Inputs of a forward as descriptions: readable, replayable, and open to repair."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, replace
from typing import Any, Dict, List, Optional, Tuple

import torch

from .expressions import evaluate, express, signature_of
from .subjects import Target

Shape = Tuple[int, ...]


@dataclass(frozen=True)
class Spec:
    """One input. `kind` is `float`, `ints` (below `high`), `bool` or `text` (any expression); `name` is the
    parameter's, with `keyword` set where it can only be passed so."""

    name: str
    kind: str = "float"
    shape: Shape = ()
    high: int = 2
    text: str = ""
    keyword: bool = False

    @property
    def expression(self) -> str:
        """The input as a user would write it."""
        size = ", ".join(map(str, self.shape))
        if self.kind == "float":
            return f"torch.randn({size})"
        if self.kind == "ints":
            return f"torch.randint({self.high}, ({size}{',' if len(self.shape) == 1 else ''}))"
        if self.kind == "bool":
            return f"torch.ones({size}, dtype=torch.bool)"
        return self.text

    def sized(self, shape: Shape) -> Spec:
        """The same input in another shape."""
        return replace(self, shape=tuple(max(1, int(size)) for size in shape))


Specs = Tuple[Spec, ...]


def build(specs: Specs, target: Target, seed: int = 0) -> List[Any]:
    """The values of the inputs, in order; the same ones for the same seed."""
    torch.default_generator.manual_seed(seed)  # `torch.manual_seed` also notes the whole stack, for devices to come
    return [evaluate(spec.expression, target) if spec.kind == "text" else build_tensor(spec) for spec in specs]


def build_tensor(spec: Spec) -> torch.Tensor:
    """A tensor of the described kind and shape."""
    if spec.kind == "float":
        return torch.randn(spec.shape)
    if spec.kind == "ints":
        return torch.randint(spec.high, spec.shape)
    return torch.ones(spec.shape, dtype=torch.bool)


def call(model: Any, specs: Specs, values: List[Any]) -> Any:
    """Call the model on built inputs."""
    positional = [value for spec, value in zip(specs, values) if not spec.keyword]
    keywords = {spec.name: value for spec, value in zip(specs, values) if spec.keyword}
    return model(*positional, **keywords)


def text_of(specs: Specs) -> str:
    """All inputs as the text between the parentheses of the call."""
    return ", ".join(f"{spec.name}={spec.expression}" if spec.keyword else spec.expression for spec in specs)


def spec_of(name: str, value: Any, keyword: bool, target: Target) -> Optional[Spec]:
    """The description of a value that somebody passed; None where it cannot be described."""
    if isinstance(value, torch.Tensor):
        shape = tuple(value.shape)
        if value.dtype is torch.float32:
            return Spec(name, "float", shape, keyword=keyword)
        if value.dtype is torch.int64:
            high = int(value.max()) + 1 if value.numel() else 1
            return Spec(name, "ints", shape, high=max(high, 1), keyword=keyword)
        if value.dtype is torch.bool:
            return Spec(name, "bool", shape, keyword=keyword)
        return None
    if isinstance(value, (list, tuple)) and value and all(isinstance(item, torch.Tensor) for item in value):
        inner = [spec_of(name, item, False, target) for item in value]
        texts = [item.expression for item in inner if item is not None]
        return Spec(name, "text", text=f"[{', '.join(texts)}]", keyword=keyword) if len(texts) == len(value) else None
    text = express(value, target)
    return None if text is None else Spec(name, "text", text=text, keyword=keyword)


def forward_parameters(cls: type) -> List[inspect.Parameter]:
    """What a forward must be given, `self` left off; one plain tensor where its signature tells nothing.

    A forward whose first parameter is not `self` is given a tensor all the same: called without one it would seem to
    run.
    """
    signature = signature_of(getattr(cls, "forward", None))
    if signature is None:
        return [inspect.Parameter("x", inspect.Parameter.POSITIONAL_ONLY)]
    parameters = list(signature.parameters.values())
    if len(parameters) == 1 and parameters[0].name != "self" and parameters[0].kind is not parameters[0].VAR_POSITIONAL:
        return parameters
    wanted = [
        parameter
        for parameter in parameters[1:]
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
    ]
    if not wanted and any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        return [inspect.Parameter("x", inspect.Parameter.POSITIONAL_ONLY)]
    if not wanted and len(parameters) > 1:
        first = parameters[1]
        return [first] if first.kind is not first.VAR_KEYWORD else []
    return wanted


def tensors_in(value: Any) -> List[torch.Tensor]:
    """Every tensor inside an output, in order."""
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, dict):
        return [tensor for item in value.values() for tensor in tensors_in(item)]
    if isinstance(value, (list, tuple)):
        return [tensor for item in value for tensor in tensors_in(item)]
    held: Dict[str, Any] = getattr(value, "__dict__", {})
    return [item for item in held.values() if isinstance(item, torch.Tensor)]
