"""What happened to a class, as the plain values of an answer, and the recipe that replays it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Dict, List, Optional

from torch import nn

from .arguments import Arguments, Unknown
from .attempt import Failure, OutOfTime, attempt
from .expressions import evaluate
from .faults import is_limit
from .protocol import Message
from .specs import Spec, Specs, tensors_in, text_of
from .subjects import Target


@dataclass
class Progress:
    """How far the work on a class came; kept outside of it, so that running out of time still leaves an answer."""

    target: Optional[Target] = None
    stage: str = "load"
    arguments: Optional[Arguments] = None
    specs: Specs = ()
    model: Optional[nn.Module] = None
    output: Any = None


def describe(progress: Progress, failure: Optional[Failure], ours: bool, path: str) -> Message:
    """The answer: plain values only."""
    arguments, specs = progress.arguments, progress.specs
    ran = failure is None
    answer: Dict[str, Any] = {
        "constructs": progress.model is not None,
        "runs": ran,
        "arguments": arguments.text if arguments else "",
        "inputs": text_of(specs),
        "recipe": recipe_text(arguments, specs) if arguments and progress.model is not None else "",
        "input_shapes": input_shapes(specs, progress.target) if ran else [],
        "output_shapes": [list(tensor.shape) for tensor in tensors_in(progress.output)] if ran else [],
        "parameters": count(progress.model) if progress.model is not None else None,
        "error": None if failure is None else describe_failure(progress.stage, failure, ours, path),
    }
    return answer


def describe_failure(stage: str, failure: Failure, ours: bool, path: str) -> Message:
    """Why it ended."""
    if isinstance(failure.error, OutOfTime):
        stage, message = "limit", f"still running after the time limit ({stage})"
    else:
        message = failure.message.splitlines()[0] if failure.message else failure.kind
        message = f"{failure.words} (torch: {message})" if failure.words else message
    if is_limit(failure):
        stage, ours = "limit", True
    if isinstance(failure.error, Unknown) or (
        stage == "forward" and ours and failure.kind == "ValueError" and not failure.frames
    ):
        stage = "synthesise"
    return {"stage": stage, "kind": failure.kind, "message": message[:500], "row": failure.row_in(path), "ours": ours}


def count(model: nn.Module) -> Optional[int]:
    """Number of parameters; None where lazy ones have no size yet or the model was never set up."""
    outcome = attempt(lambda: sum(parameter.numel() for parameter in model.parameters()))
    return None if isinstance(outcome, Failure) else outcome.value


def input_shapes(specs: Specs, target: Optional[Target]) -> List[List[int]]:
    """Shapes of all tensors among the inputs."""
    shapes: List[List[int]] = []
    for spec in specs:
        if spec.kind != "text":
            shapes.append(list(spec.shape))
        elif target is not None:
            shapes.extend(list(tensor.shape) for tensor in tensors_in(evaluate(spec.text, target)))
    return shapes


def recipe_text(arguments: Arguments, specs: Specs) -> str:
    """What replays a run, as JSON text."""
    inputs = [
        {
            "name": each.name,
            "kind": each.kind,
            "shape": each.shape,
            "high": each.high,
            "text": each.text,
            "keyword": each.keyword,
        }
        for each in specs
    ]
    return json.dumps(
        {
            "arguments": arguments.text,
            "origin": arguments.origin,
            "written": arguments.written,
            "inputs": inputs,
            "seed": 0,
        }
    )


def read_recipe(text: str) -> tuple[Arguments, Specs]:
    """Arguments and inputs from a recipe."""
    recipe = json.loads(text)
    specs = tuple(Spec(**{**each, "shape": tuple(each["shape"])}) for each in recipe["inputs"])
    return Arguments(recipe["arguments"], recipe["origin"], recipe["written"]), specs
