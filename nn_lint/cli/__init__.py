"""The command line: the only floor that prints or exits."""

from __future__ import annotations

import os
import signal
import sys
from types import TracebackType

from nn_lint.cli.exit_codes import BROKEN_PIPE, FAILURE, INTERRUPTED


def main() -> None:
    """Run `nn-lint` and leave the process with its exit code."""
    sys.excepthook = _report_crash
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(run())


def run() -> int:
    """Run the command of `sys.argv` and return its exit code."""
    import click

    from nn_lint.cli.app import app

    try:
        with app.make_context("nn-lint", sys.argv[1:]) as context:
            code = app.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as request:
        return request.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    return int(code)


def _report_crash(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Show the traceback, then leave with the code of a failure: Python's own, 1, would mean findings."""
    sys.__excepthook__(kind, error, trace)
    raise SystemExit(FAILURE)
