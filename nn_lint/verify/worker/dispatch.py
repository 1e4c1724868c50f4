"""The kinds of request and who works on them."""

from __future__ import annotations

from .checking import run_and_check
from .first_layer import measure
from .protocol import Message
from .replaying import replay
from .residual import prove


def answer(request: Message) -> Message:
    """The answer to a request, as plain values."""
    if request["op"] == "run":
        return run_and_check(request)
    if request["op"] == "replay":
        return replay(request["before"], request["after"], request["recipe"])
    if request["op"] == "gradients":
        return measure(request["subjects"], request["recipe"])
    return prove(request["before"], request["after"], request["recipe"], request["broken"])
