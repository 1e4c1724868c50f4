"""Shows the reports of `check` as they come, and decides the exit code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from nn_lint.cli.exit_codes import CLEAN, FAILURE, FINDINGS
from nn_lint.cli.output import Output, is_terminal
from nn_lint.config import Settings
from nn_lint.diagnostic import Diagnostic
from nn_lint.report import summary
from nn_lint.report.fixability import needs_proof
from nn_lint.runner.reports import FileReport

if TYPE_CHECKING:
    from nn_lint.cli.check import CheckOptions

_NO_TORCH = "torch not found: fixes were not verified (give an interpreter with --python)"


@dataclass(slots=True)
class Presenter:
    """One run of `check`: prints findings at once, and keeps what belongs below them."""

    output: Output
    settings: Settings
    options: CheckOptions
    verified: bool
    tally: summary.Tally = field(default_factory=summary.Tally)
    fixes: summary.FixList = field(default_factory=summary.FixList)
    proofs: list[str] = field(default_factory=list)
    files: int = 0
    failed: bool = False
    changed: bool = False
    unproven: bool = False
    silenced: int = 0

    def show(self, reports: Iterable[FileReport]) -> int:
        """Print everything, and return the exit code."""
        noted = self._noted(self._unknown(reports))
        if self.options.write_baseline is not None:
            from nn_lint.baseline import write_baseline

            every = [item for report in noted for item in report.diagnostics]
            number = write_baseline(self.options.write_baseline, every)
            self.output.note(
                f"Wrote {number} {'finding' if number == 1 else 'findings'} to {self.options.write_baseline}."
            )
            return FAILURE if self.failed else CLEAN
        if self.options.diff:
            self._show_diffs(noted)
        else:
            self._show_findings(noted)
        self._show_end()
        if self.failed:
            return FAILURE
        failing = self.tally.errors + (self.tally.warnings if self.settings.fail_on_warning else 0)
        found = self.changed if self.options.diff else failing > 0
        return FINDINGS if found and not self.options.exit_zero else CLEAN

    @property
    def _fixing(self) -> bool:
        return self.options.fix or self.options.diff

    def _unknown(self, reports: Iterable[FileReport]) -> Iterator[FileReport]:
        """The reports without the findings of the baseline."""
        if self.settings.baseline is None or self.options.write_baseline is not None:
            yield from reports
            return
        from nn_lint.baseline import Baseline

        known = Baseline(self.settings.baseline)
        for report in reports:
            yield replace(report, diagnostics=tuple(known.unknown(report.diagnostics)))

    def _noted(self, reports: Iterable[FileReport]) -> Iterator[FileReport]:
        """The reports, each counted as it goes by."""
        for report in reports:
            self.files += 1
            if report.failure is not None:
                self.failed = True
                self.output.failure(f"{report.filename}: {report.failure}")
            self.tally.add(report.diagnostics, report.fixed, self.settings)
            self.fixes.add(report.filename, report.fixed)
            self.changed |= report.after is not None
            self.silenced += len(report.silenced)
            self.unproven |= bool(report.fixed) or any(map(needs_proof, report.diagnostics))
            self.proofs += _proofs(report)
            yield report

    def _show_diffs(self, reports: Iterable[FileReport]) -> None:
        from nn_lint.report import diff

        for report in reports:
            if report.before is not None and report.after is not None:
                for chunk in diff.render(report.filename, report.before, report.after, colour=self.output.colour):
                    self.output.result(chunk, newline=False)

    def _show_findings(self, reports: Iterable[FileReport]) -> None:
        found = (diagnostic for report in reports for diagnostic in report.diagnostics)
        style = self.options.output_format or ("full" if is_terminal() else "concise")
        if self.options.statistics:
            self._show_statistics(found, style)
            return
        for chunk in self._rendered(style, found):
            self._say(chunk, newline=style != "json")

    def _show_statistics(self, found: Iterable[Diagnostic], style: str) -> None:
        from nn_lint.report import statistics

        if style == "json":
            self._say(statistics.render_json(found, self.settings), newline=False)
            return
        for line in statistics.render(found, self.settings):
            self._say(line)

    def _rendered(self, style: str, found: Iterable[Diagnostic]) -> Iterator[str]:
        verify = replace(self.settings.verify, enabled=self.settings.verify.enabled and not self._fixing)
        settings = replace(self.settings, verify=verify)
        if style == "json":
            from nn_lint.report import json_format

            return json_format.render(found)
        if style == "full":
            from nn_lint.report import full

            return full.render(found, settings, colour=self.output.colour)
        from nn_lint.report import concise

        return concise.render(found, settings)

    def _show_end(self) -> None:
        """What stands below the findings: proofs, the list of fixes, the counts."""
        if self.options.fix and not self.options.no_verify and not self.verified and self.unproven:
            self.output.note(_NO_TORCH)
        if not self.files and not self.failed and not self.options.reads_stdin:
            self.output.note("No Python files found under the given paths.")
        if self.options.quiet:
            return
        if self.options.add_ignore:
            verb = "Would silence" if self.options.diff else "Silenced"
            self.output.note(f"{verb} {self.silenced} {'finding' if self.silenced == 1 else 'findings'}.")
            return
        lines = [*self.proofs, *(self.fixes.render() if self.options.show_fixes else ())]
        if self.options.diff:
            lines += summary.render_diff(self.tally, proofs_run=self.options.fix)
        else:
            lines += summary.render(self.tally, fixing=self._fixing, failed=self.failed)
        for line in lines:
            self._say(line, aside=self.options.diff or self.options.output_format == "json")

    def _say(self, text: str, *, newline: bool = True, aside: bool = False) -> None:
        """Print to the standard output, unless that is kept for a diff, for JSON or for a mended text."""
        mends_stdin = self.options.reads_stdin and self.options.fix and not self.options.diff
        self.output.result(text, newline=newline, to_stderr=aside or mends_stdin)


def _proofs(report: FileReport) -> Iterator[str]:
    """A line for each class that was run, and for each fix that its run did not confirm."""
    yield from (verdict.line for verdict in report.verdicts)
    if report.rejected:
        from nn_lint.report.verification import rejection

        yield from (rejection(*rejected) for rejected in report.rejected)
