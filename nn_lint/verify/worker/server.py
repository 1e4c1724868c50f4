"""The warm server: imports torch once, then answers each request in a process of its own."""

from __future__ import annotations

import importlib
import json
import os
import secrets
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Tuple

from .limits import enter, make_private
from .protocol import Message, parse_answer, read_line, write_message
from .warmth import Warmth, run_usual_layers, settle

CAN_FORK = hasattr(os, "fork") and sys.platform != "darwin"  # Accelerate and Metal do not survive a fork


def take_standard_streams() -> Tuple[int, int]:
    """Keep the pipe to the parent under new numbers and point 0, 1 and 2 at nothing, where user code may read and
    print."""
    requests, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    os.close(nothing)
    return requests, answers


def serve(once: bool = False) -> None:
    """Answer requests until the parent hangs up; `once` answers a single one in this very process (no fork to be
    had)."""
    requests, answers = take_standard_streams()
    buffer = b""
    if once:
        line, _ = read_line(requests, buffer)
        if line is not None:
            answer_here(json.loads(line), answers)
        return
    write_message(answers, warm_up())
    warmth = Warmth()
    with tempfile.TemporaryDirectory(prefix="nn-lint-") as folder:
        make_private(Path(folder))
        while True:
            line, buffer = read_line(requests, buffer)
            if line is None:
                return
            answer = answer_in_child(json.loads(line), (requests, answers))
            imported, missed = answer.pop("imported", []), answer.pop("missed", [])
            write_message(answers, answer)
            warmth.note(imported, missed)
            warmth.work(lambda: bool(buffer or select.select([requests], [], [], 0)[0]))  # noqa: B023


def warm_up() -> Message:
    """Import torch on one thread and say hello; without torch the hello carries the reason."""
    os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")
    if not CAN_FORK:
        return {"ready": True}
    try:
        import torch
    except (ImportError, OSError) as error:
        return {"ready": False, "message": str(error)}
    torch.set_num_threads(1)
    importlib.import_module(".dispatch", __package__)  # once here, not in every child
    run_usual_layers()
    settle()
    return {"ready": True, "torch": torch.__version__}


def answer_here(request: Message, descriptor: int) -> None:
    """Work on the request in this process and write the answer."""
    from .dispatch import answer
    from .tables import KEPT
    from .warmth import installed_modules

    before = frozenset(sys.modules)
    enter(Path(request["folder"]), request["timeout"], request["memory"])
    told = answer(request)
    news = {"imported": installed_modules(before), "missed": KEPT.missed}
    write_message(descriptor, {"nonce": request["nonce"], **told, **news})


def answer_in_child(request: Message, private: Tuple[int, int]) -> Message:
    """Work on the request in a child process with a folder of its own; an empty pipe means that it died."""
    folder = tempfile.mkdtemp(prefix="nn-lint-")
    request = {**request, "nonce": secrets.token_hex(8), "folder": folder}
    start = time.monotonic()
    data, ending, used = fork_child(request, private) if CAN_FORK else spawn_child(request)
    shutil.rmtree(folder, ignore_errors=True)
    answer = parse_answer(data, request["nonce"]) or {"died": ending}
    return {**answer, "seconds": time.monotonic() - start, **used}


def fork_child(request: Message, private: Tuple[int, int]) -> Tuple[bytes, str, Message]:
    """What a forked child wrote, how it ended, and what it used: `memory` at its peak in MiB, torch's own included, and
    seconds of `processor`."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.setsid()
        for descriptor in (reading, *private):
            os.close(descriptor)
        try:
            answer_here(request, writing)
        finally:
            os._exit(0)
    os.close(writing)
    data, in_time = read_all(reading, time.monotonic() + request["timeout"])
    os.close(reading)
    kill_group(child)
    _, status, used = os.wait4(child, 0)
    cost = {"memory": used.ru_maxrss >> 10, "processor": used.ru_utime + used.ru_stime}
    if not in_time:
        return data, "timeout", cost
    ending = f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"exit code {os.WEXITSTATUS(status)}"
    return data, ending, cost


def read_all(descriptor: int, deadline: float) -> Tuple[bytes, bool]:
    """Everything until the first whole line, the end of the stream or the deadline, and whether the deadline was
    kept."""
    data = b""
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([descriptor], [], [], left)[0]:
            return data, False
        block = os.read(descriptor, 65536)
        data += block
        if not block or data.endswith(b"\n"):
            return data, True


def kill_group(leader: int) -> None:
    """Kill the child and all that it started."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        os.kill(
            leader, signal.SIGKILL
        )  # not yet a group leader: it has not run `setsid`; unreaped, so the id is its own


def spawn_child(request: Message) -> Tuple[bytes, str, Message]:
    """What a new interpreter wrote, and how it ended: for platforms that cannot fork a warm process."""
    command = [sys.executable, "-I", "-B", str(Path(__file__).parent), "--once"]
    line = json.dumps(request).encode() + b"\n"
    try:
        done = subprocess.run(command, input=line, capture_output=True, timeout=request["timeout"] + 30, check=False)
    except subprocess.TimeoutExpired as expired:
        return expired.stdout or b"", "timeout", {}
    return done.stdout, f"exit code {done.returncode}", {}
