"""A Dask cluster to spread a run over: its workers have nn-lint, and see the files under the same paths as we do."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import CancelledError, Executor
from contextlib import contextmanager
from dataclasses import dataclass

from nn_lint import __version__
from nn_lint.config import ConfigError

PATIENCE = 10
"""Seconds in which a scheduler must answer."""


class ClusterError(ConfigError):
    """The cluster cannot be reached, or cannot do the work."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where batches of files are sent, and how many can be worked on at once."""

    executor: Executor
    workers: int


@contextmanager
def dask_cluster(address: str) -> Iterator[Cluster]:
    """The cluster of a scheduler, `tcp://host:8786`. A batch whose worker dies is done by another one."""
    try:
        from distributed import Client
        from distributed.scheduler import KilledWorker
    except ImportError as error:
        raise ClusterError("--dask needs the package `distributed`: pip install 'nn-lint[dask]'") from error
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise ClusterError(f"--dask: no scheduler answers at {address}: {error}") from error
    try:
        _check_versions(client.run(_version), address)
        yield Cluster(client.get_executor(pure=False), sum(client.nthreads().values()))
    except BrokenPipeError:
        raise
    except ImportError as error:
        raise ClusterError(f"--dask: a worker of {address} has no nn-lint: {error}") from error
    except (OSError, TimeoutError, CancelledError, KilledWorker) as error:
        raise ClusterError(f"--dask: the cluster of {address} was lost: {error or type(error).__name__}") from error
    finally:
        client.close(timeout=PATIENCE)


def _version() -> str:
    """What a worker has installed."""
    return __version__


def _check_versions(found: dict[str, str], address: str) -> None:
    if not found:
        raise ClusterError(f"--dask: {address} has no workers")
    others = sorted({version for version in found.values() if version != __version__})
    if others:
        raise ClusterError(f"--dask: workers have nn-lint {', '.join(others)}, and this is {__version__}")
