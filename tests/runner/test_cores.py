"""The number of processes follows what the process may use, not what the machine has."""

from __future__ import annotations

import os

import pytest

from nn_lint.runner.cores import usable_cores


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity on this platform")
def test_an_affinity_is_respected() -> None:
    every = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(every)})
        assert usable_cores() == 1
    finally:
        os.sched_setaffinity(0, every)
