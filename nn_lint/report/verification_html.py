"""The runs of `nn-lint verify` as one page that stands alone: failures first, then notes, then every class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from nn_lint.report.verification import code_of, count, explanation, is_fault, notes, shapes, verdict
from nn_lint.verify.verdict import Run

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .6rem; vertical-align: top; }
th { border-bottom: 2px solid #8888; } td { border-bottom: 1px solid #8883; } code { font-size: .88em; }
.fails { color: #c22; } .unverified, .note { color: #a60; } .runs { color: #282; } .number { text-align: right; }
:root { color-scheme: light dark; }
"""


def render(files: Sequence[tuple[Path, Sequence[Run]]]) -> str:
    """The page."""
    runs = [run for _, each in files for run in each]
    body = "\n".join((*_failures(files), *_notes(files), *_tables(files)))
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>nn-lint verify</title>\n'
        f"<style>{_STYLE}</style>\n<h1>{escape(count(runs))}</h1>\n{body}\n</html>\n"
    )


def _failures(files: Sequence[tuple[Path, Sequence[Run]]]) -> Iterator[str]:
    """What did not run: faults of classes before what could not be judged."""
    failed = [(path, run) for path, runs in files for run in runs if run.error is not None]
    for path, run in sorted(failed, key=lambda pair: not is_fault(pair[1])):
        assert run.error is not None, "chosen so"
        row = "" if run.error.row is None else f":{run.error.row}"
        place = escape(f"{path}{row}")
        words = escape(f"{run.class_name}: {explanation(run.error)}")
        yield f'<p class="{_kind(run)}"><code>{place}</code> {escape(code_of(run) or "")} {words}</p>'


def _notes(files: Sequence[tuple[Path, Sequence[Run]]]) -> Iterator[str]:
    """What is to be said about classes that run."""
    for path, runs in files:
        for line in notes(str(path), runs):
            place, _, words = line.partition(": ")
            yield f'<p class="note"><code>{escape(place)}</code> {escape(words)}</p>'


def _tables(files: Sequence[tuple[Path, Sequence[Run]]]) -> Iterator[str]:
    heads = "".join(f"<th>{head}</th>" for head in ("class", "arguments", "inputs", "outputs", "parameters", "verdict"))
    for path, runs in files:
        yield f"<h2><code>{escape(str(path))}</code></h2>\n<table>\n<tr>{heads}</tr>"
        for run in runs:
            cells = (
                run.class_name,
                f"({run.arguments})" if run.constructs else "",
                run.inputs,
                shapes(run.output_shapes),
            )
            parameters = "" if run.parameters is None else f"{run.parameters:,}"
            plain = "".join(f"<td><code>{escape(cell)}</code></td>" for cell in cells)
            number = f'<td class="number">{parameters}</td>'
            yield f'<tr>{plain}{number}<td class="{_kind(run)}">{escape(verdict(run))}</td></tr>'
        yield "</table>"


def _kind(run: Run) -> str:
    return ("note" if run.notes else "runs") if run.error is None else "fails" if is_fault(run) else "unverified"
