"""The pipe to the worker: started when first needed, started anew when it died, killed whole at the end."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

WORKER = Path(__file__).parent / "worker"
START_SECONDS = 180.0
GRACE_SECONDS = 15.0

Message = dict[str, Any]


class WorkerDied(Exception):
    """The worker gave no answer."""


class Connection:
    """One worker process and its two pipes."""

    def __init__(self, python: Path) -> None:
        self._process = subprocess.Popen(
            [str(python), "-I", "-B", str(WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._lines: queue.Queue[bytes] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        hello = self._receive(START_SECONDS)
        if not hello.get("ready"):
            self.close()
            raise WorkerDied(f"torch cannot be imported: {hello.get('message')}")

    def ask(self, request: Message, timeout: float) -> Message:
        """The answer to one request, which the worker works on for at most `timeout` seconds."""
        stream = self._process.stdin
        assert stream is not None
        try:
            stream.write(json.dumps(request).encode() + b"\n")
            stream.flush()
        except OSError as error:
            raise WorkerDied("the worker is gone") from error
        return self._receive(timeout + GRACE_SECONDS)

    def close(self) -> None:
        """Hang up, and kill what does not leave by itself."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # what is left in the buffer has no reader any more
            self._process.stdin.close()
        try:
            self._process.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            self._kill()
            self._process.wait()

    def _kill(self) -> None:
        """Kill the worker and its group."""
        if hasattr(os, "killpg"):
            os.killpg(self._process.pid, signal.SIGKILL)
        else:
            self._process.kill()

    def _read(self) -> None:
        """Move lines from the pipe to the queue; an empty one marks the end."""
        stream = self._process.stdout
        assert stream is not None
        with stream:
            for line in stream:
                self._lines.put(line)
        self._lines.put(b"")

    def _receive(self, timeout: float) -> Message:
        """The next message; raises where the worker ends or stays silent."""
        try:
            line = self._lines.get(timeout=timeout)
        except queue.Empty:
            raise WorkerDied("the worker does not answer") from None
        if not line:
            raise WorkerDied("the worker ended")
        message: Message = json.loads(line)
        return message
