"""JSON lines over file descriptors of our own, each with the nonce of its request."""

from __future__ import annotations

import json
import os
from typing import Any, Dict, Optional, Tuple

Message = Dict[str, Any]


def write_message(descriptor: int, message: Message) -> None:
    """Write one message as one line, whole."""
    data = json.dumps(message).encode() + b"\n"
    while data:
        data = data[os.write(descriptor, data) :]


def read_line(descriptor: int, buffer: bytes) -> Tuple[Optional[bytes], bytes]:
    """The next line and what follows it in the buffer; no line at the end of the stream."""
    while b"\n" not in buffer:
        block = os.read(descriptor, 65536)
        if not block:
            return None, buffer
        buffer += block
    line, _, rest = buffer.partition(b"\n")
    return line, rest


def parse_answer(data: bytes, nonce: str) -> Optional[Message]:
    """The answer that bears the nonce; anything else that was written is not an answer."""
    for line in data.splitlines():
        try:
            message = json.loads(line)
        except ValueError:
            continue
        if isinstance(message, dict) and message.get("nonce") == nonce:
            return message
    return None
