"""The runs of `nn-lint verify` for machines: one JSON list, an object a class."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from nn_lint.report.verification import code_of, verdict
from nn_lint.verify.notes import NAMES
from nn_lint.verify.verdict import Run


def render(files: Sequence[tuple[Path, Sequence[Run]]]) -> str:
    """The list."""
    return json.dumps([_record(path, run) for path, runs in files for run in runs], indent=2)


def _record(path: Path, run: Run) -> dict[str, object]:
    error = run.error
    return {
        "filename": str(path.absolute()),
        "class": run.class_name,
        "verdict": verdict(run),
        "arguments": run.arguments,
        "inputs": run.inputs,
        "recipe": json.loads(run.recipe) if run.recipe else None,
        "input_shapes": run.input_shapes,
        "output_shapes": run.output_shapes,
        "parameters": run.parameters,
        "seconds": round(run.seconds, 3),
        "processor": run.processor,
        "memory": run.memory,
        "code": code_of(run),
        "row": None if error is None else error.row,
        "stage": None if error is None else error.stage.value,
        "kind": None if error is None else error.kind,
        "message": None if error is None else error.message,
        "shapes_only": run.shapes_only,
        "notes": [{**asdict(note), "name": NAMES[note.code]} for note in run.notes],
        "unfinished": run.unfinished,
    }
