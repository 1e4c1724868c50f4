"""What runs in torch showed: the table of `nn-lint verify`, its failures, and the proofs of `--fix`."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from nn_lint.diagnostic import Diagnostic
from nn_lint.verify.verdict import Note, Run, RunError, Shape, gradients_text

_HEADERS = ("class", "arguments", "inputs", "outputs", "parameters", "verdict")
_GRADIENT = "gradient at the first layer"
_UNLIMITED = 100_000
EXPORT = "NN609"


def table(runs: Sequence[Run], *, gradients: bool = False, colour: bool = False, width: int | None = None) -> str:
    """One row a class; without a `width` nothing is wrapped. `gradients` adds what reaches the first layer."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None if width is None else box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for header in (*_HEADERS, *((_GRADIENT,) if gradients else ())):
        grid.add_column(header, justify="right" if header == "parameters" else "left", overflow="fold")
    for run in runs:
        *cells, verdict = _cells(run)
        grid.add_row(*map(Text, cells), Text(verdict, _style(run)), *([Text(_gradient(run))] if gradients else []))
    file = io.StringIO()
    console = Console(
        file=file,
        width=width or _UNLIMITED,
        force_terminal=colour,
        color_system="standard" if colour else None,
        highlight=False,
    )
    console.print(grid)
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines())


def failures(filename: str, runs: Sequence[Run]) -> Iterator[str]:
    """A line for each class that did not run: the place in the user's own file, and torch's words."""
    for run in runs:
        if run.error is not None:
            row = "" if run.error.row is None else f":{run.error.row}"
            code = code_of(run)
            yield f"{filename}{row}: {f'{code} ' if code else ''}{run.class_name}: {explanation(run.error)}"


def notes(filename: str, runs: Sequence[Run]) -> Iterator[str]:
    """A line for each thing to be said about a class that runs."""
    for run in runs:
        for note in run.notes:
            row = "" if note.row is None else f":{note.row}"
            yield f"{filename}{row}: {note.code} {run.class_name}: {note_text(note)}"


def note_text(note: Note) -> str:
    """What a note says, and that it may be meant so where that is open."""
    return note.message if note.sure else f"{note.message} (may be meant)"


def count(runs: Sequence[Run]) -> str:
    """The last line: how many classes ran, failed, or could not be judged, and how much is said about those that
    ran."""
    failed = sum(map(is_fault, runs))
    unverified = sum(run.error is not None for run in runs) - failed
    classes = f"{len(runs)} {'class' if len(runs) == 1 else 'classes'}"
    said = sum(len(run.notes) for run in runs)
    tail = f"; {said} {'note' if said == 1 else 'notes'}" if said else ""
    return f"{classes}: {len(runs) - failed - unverified} run, {failed} fail, {unverified} unverified{tail}."


def missing(runs: Sequence[Run]) -> str:
    """Which packages kept classes from being run, and how many; empty where none did."""
    names: Counter[str] = Counter()
    for run in runs:
        found = re.search(r"No module named '([\w.]+)'", run.error.message) if run.error is not None else None
        if found is not None:
            names[found[1].partition(".")[0]] += 1
    text = ", ".join(f"{name} ({times})" for name, times in names.most_common())
    return f"Not installed, but needed by unverified classes: {text}." if text else ""


def unfinished(runs: Sequence[Run]) -> str:
    """How many classes the checks were not done with in their time; empty where there are none."""
    cut = sum(bool(run.unfinished) for run in runs)
    return f"Checks cut short by their time limit: {cut} {'class' if cut == 1 else 'classes'}." if cut else ""


def code_of(run: Run) -> str | None:
    """The code of the finding that a run is: NN601 where the class cannot be constructed, NN602 where forward fails."""
    if not is_fault(run):
        return None
    return "NN602" if run.constructs else "NN601"


def is_fault(run: Run) -> bool:
    """Whether a run shows a fault of the class itself, not of what was tried with it."""
    return run.error is not None and not run.error.ours


def is_finding(run: Run) -> bool:
    """Whether a run fails the command: by a fault of the class, or by an export that was asked for and fails."""
    return is_fault(run) or any(note.code == EXPORT for note in run.notes)


def explanation(error: RunError) -> str:
    """Why a run ended, on one line."""
    message = " ".join(error.message.split())
    return f"{error.kind}: {message}" if message else error.kind


def rejection(diagnostic: Diagnostic, reason: str) -> str:
    """The line about a fix that was not written, since its proof failed."""
    start = diagnostic.span.start
    return f"{diagnostic.filename}:{start.row}:{start.column}: {diagnostic.code} fix not applied: {reason}"


def _cells(run: Run) -> tuple[str, ...]:
    parameters = "" if run.parameters is None else f"{run.parameters:,}"
    arguments = f"({run.arguments})" if run.constructs else ""
    return (run.class_name, arguments, shapes(run.input_shapes), shapes(run.output_shapes), parameters, verdict(run))


def _gradient(run: Run) -> str:
    return "" if run.gradient is None else f"{run.gradient.layer}: {gradients_text(run.gradient)}"


def verdict(run: Run) -> str:
    """What the run showed, in a word, and at which stage it ended or how much there is to say about it."""
    if run.error is None:
        word = "runs" if run.runs else "constructs"
        said = [f"{len(run.notes)} {'note' if len(run.notes) == 1 else 'notes'}"] if run.notes else []
        return ", ".join([f"{word} (meta device: shapes only)" if run.shapes_only else word, *said])
    return f"{'unverified' if run.error.ours else 'fails'} ({run.error.stage.value})"


def _style(run: Run) -> str:
    return "red" if is_fault(run) else "yellow" if run.error is not None or run.notes else "green"


def shapes(all_shapes: Sequence[Shape]) -> str:
    """Shapes as one reads them."""
    return ", ".join(map(str, all_shapes))
