"""What code of the user may not do: eat the machine, run forever, write outside its folder, start processes, use the
net.

Proof against accidents, not against malice: the audit hook sees what goes through Python, not what C code does by
itself.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType
from typing import Any, Optional, Tuple

from .attempt import OutOfTime

FORBIDDEN = (
    "os.system",
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.spawn",
    "os.posix_spawn",
    "os.startfile",
    "os.kill",
    "os.killpg",
    "subprocess.Popen",
    "socket.connect",
    "socket.bind",
    "socket.sendto",
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "signal.pthread_kill",
)
CHANGING = (
    "os.remove",
    "os.rename",
    "os.mkdir",
    "os.rmdir",
    "os.link",
    "os.symlink",
    "os.truncate",
    "os.chmod",
    "os.chown",
    "os.utime",
    "shutil.rmtree",
    "shutil.move",
)
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Forbidden(PermissionError):
    """Code of the user tried what a verification does not allow."""


def enter(folder: Path, timeout: float, memory: int) -> None:
    """Confine this process: `folder` is all it may write to, `timeout` in seconds, `memory` in MiB over what it has."""
    folder = folder.resolve()
    make_private(folder)
    limit_resources(timeout, memory)
    set_alarm(timeout * 0.8)
    random.seed(0)
    sys.argv[:] = ["nn-lint"]
    watch(folder)


def make_private(folder: Path) -> None:
    """Point home, caches and temporary files at the private folder, and stand in it."""
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "TMPDIR", "HF_HOME", "TORCH_HOME"):
        os.environ[name] = str(folder)
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    tempfile.tempdir = str(folder)
    os.chdir(folder)


def limit_resources(timeout: float, memory: int) -> None:
    """Set the kernel's limits where the platform has them."""
    try:
        import resource
    except ImportError:
        return
    mebibyte = 1 << 20
    wanted = {
        resource.RLIMIT_CPU: int(timeout) + 2,
        resource.RLIMIT_FSIZE: 256 * mebibyte,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_AS: address_space() + memory * mebibyte,
    }
    for kind, amount in wanted.items():
        _, hard = resource.getrlimit(kind)
        allowed = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
        try:
            resource.setrlimit(kind, (allowed, hard))
        except (ValueError, OSError):
            continue


def address_space() -> int:
    """Bytes of address space that this process holds already; libraries map far more than they use."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (OSError, ValueError):
        return 1 << 36
    return pages * os.sysconf("SC_PAGE_SIZE")


def set_alarm(seconds: float) -> None:
    """Interrupt Python code that runs too long at its own line, before the server kills the process."""

    def ring(signum: int, frame: Optional[FrameType]) -> None:
        raise OutOfTime

    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, ring)
        signal.signal(signal.SIGPROF, ring)
        signal.setitimer(signal.ITIMER_REAL, seconds)


def watch(folder: Path) -> None:
    """Refuse processes, network and writes outside `folder`, as far as Python reports them."""
    inside = (str(folder) + os.sep, str(folder), os.devnull)

    def is_inside(path: Any) -> bool:
        if isinstance(path, int) or path is None:
            return True
        if not isinstance(path, (str, bytes, os.PathLike)):
            return False
        whole = os.path.realpath(os.fsdecode(path))
        return whole in inside or whole.startswith(inside[0])

    def hook(event: str, arguments: Tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = arguments
            writes = (isinstance(mode, str) and any(letter in mode for letter in "wax+")) or bool(
                isinstance(flags, int) and flags & WRITING
            )
            if writes and not is_inside(path):
                raise Forbidden(f"writing to {path!r} is not allowed during verification")
        elif event in FORBIDDEN:
            raise Forbidden(f"{event} is not allowed during verification")
        elif event in CHANGING and not is_inside(arguments[0]):
            raise Forbidden(f"{event} of {arguments[0]!r} is not allowed during verification")

    sys.addaudithook(hook)
