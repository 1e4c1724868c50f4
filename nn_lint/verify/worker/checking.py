"""A run, and what is to be said about it beyond that: notes of the checks, or that only shapes were looked at."""

from __future__ import annotations

from typing import Optional

import torch

from .answers import Progress, describe
from .attempt import OutOfTime
from .checks.suite import look
from .protocol import Message
from .running import advance, run


def run_and_check(request: Message) -> Message:
    """The run of a request's subject; on the meta device where its weights do not fit in memory."""
    subject = request["subject"]
    progress = Progress()
    answer = run(subject, progress)
    if lacks_memory(answer):
        shaped = on_meta(subject)
        return answer if shaped is None else {**shaped, "shapes_only": True}
    return {**answer, **look(progress, export=request["export"])} if answer["runs"] and request["checks"] else answer


def lacks_memory(answer: Message) -> bool:
    """Whether a run ended since memory did not suffice."""
    error = answer["error"]
    return error is not None and (error["kind"] == "MemoryError" or "can't allocate memory" in error["message"])


def on_meta(subject: Message) -> Optional[Message]:
    """The run with tensors that have a shape and no values; None where the class does not run so, which proves nothing:
    code may ask for values."""
    progress = Progress()
    try:
        with torch.device("meta"):
            failure, ours = advance(subject, progress)
    except OutOfTime:
        return None
    return None if failure is not None else describe(progress, failure, ours, str(subject["path"]))
