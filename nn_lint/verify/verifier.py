"""Runs before and after a repair, and what follows from both: the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from types import TracebackType

from nn_lint.config import VerifySettings
from nn_lint.verify.answers import DIED, read_gradients, read_proof, read_run
from nn_lint.verify.connection import Connection, Message, WorkerDied
from nn_lint.verify.verdict import Gradient, Level, ResidualProof, Run, Stage, Subject, Verdict


class Verifier:
    """Constructs and runs classes in processes of their own, under an interpreter that has torch.

    One worker serves all subjects; it starts with the first one and starts anew should it die.
    """

    def __init__(self, python: Path, settings: VerifySettings) -> None:
        self._python = python
        self._settings = settings
        self._connection: Connection | None = None

    def __enter__(self) -> Verifier:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the worker; it would start anew with the next subject."""
        self._hang_up()

    def run(self, subject: Subject) -> Run:
        """Construct and run one class; where the settings ask for it, also measure what reaches its first layer."""
        run = self._run(subject, checks=self._settings.checks)
        if run.error is not None and run.error.kind == DIED and self._settings.checks:
            run = self._run(subject)  # it may be a check that ended the process
        if not run.runs or not self._settings.gradients:
            return run
        (gradient,) = self._gradients([subject], run.recipe)
        return replace(run, gradient=gradient)

    def compare(self, before: Subject, after: Subject, *, residual: bool, gradients: bool = False) -> Verdict:
        """Run a class before and after its repair; with `residual` also prove that its input now reaches its output,
        with `gradients` also measure what reaches its first layer."""
        old = self._run(before)
        new, equal = self._replay(before, after, old.recipe) if old.runs else (self._run(after), False)
        proof = self._prove(before, after, old, new) if residual else None
        if proof is not None and proof.recipe and old.runs and not new.runs:
            # The class was run with arguments that nobody passes and that the repaired one refuses.
            old, _ = self._replay(before, before, proof.recipe)
            new, equal = self._replay(before, after, proof.recipe)
        level = level_of(old, new, equal)
        if gradients and old.runs and new.runs:
            first, second = self._gradients([before, after], old.recipe)
            old, new = replace(old, gradient=first), replace(new, gradient=second)
        return Verdict(after.class_name, level, new, old, proof)

    def _run(self, subject: Subject, *, checks: bool = False) -> Run:
        """The run of one class on its own, with what the checks say about it where they are asked."""
        request: Message = {"op": "run", "subject": as_message(subject), "checks": checks}
        return read_run(subject, self._ask({**request, "export": self._settings.export}))

    def _replay(self, before: Subject, after: Subject, recipe: str) -> tuple[Run, bool]:
        """The run of a recipe with the text of `after`, and whether it gives the values of before."""
        answer = self._ask({"op": "replay", "before": as_message(before), "after": as_message(after), "recipe": recipe})
        return read_run(after, answer), bool(answer.get("equal"))

    def _gradients(self, subjects: Sequence[Subject], recipe: str) -> Sequence[Gradient | None]:
        """What reaches the first layer in each of the texts, with the weights of the first."""
        answer = self._ask({"op": "gradients", "subjects": list(map(as_message, subjects)), "recipe": recipe})
        return read_gradients(answer, len(subjects))

    def _prove(self, before: Subject, after: Subject, old: Run, new: Run) -> ResidualProof:
        """The residual proof, by the recipe of whichever text ran."""
        if not new.runs and (not old.runs or new.error is None or new.error.stage in {Stage.LOAD, Stage.LIMIT}):
            reason = new.error.message if new.error else "does not run"
            return ResidualProof(None, False if old.runs else None, (), f"after the repair: {reason}")
        blamed = not old.runs and old.error is not None and not old.error.ours
        if not old.runs and not blamed and not (old.constructs and old.error and old.error.stage is Stage.FORWARD):
            return ResidualProof(None, None, (), "the class could not be run before the repair")
        answer = self._ask(
            {
                "op": "residual",
                "before": as_message(before),
                "after": as_message(after),
                "recipe": old.recipe if old.runs else new.recipe,
                "broken": blamed,
            }
        )
        return read_proof(answer)

    def _ask(self, request: Message) -> Message:
        """The worker's answer; one that tells of its death where it died."""
        limits: Message = {"timeout": self._settings.timeout, "memory": self._settings.memory}
        try:
            if self._connection is None:
                self._connection = Connection(self._python)
            return self._connection.ask({**request, **limits}, self._settings.timeout)
        except WorkerDied as error:
            self._hang_up()
            return {"died": str(error)}

    def _hang_up(self) -> None:
        """End the worker."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def as_message(subject: Subject) -> Message:
    """A subject as plain values."""
    return {
        "path": str(subject.path.resolve()),
        "text": subject.text,
        "class_name": subject.class_name,
        "roots": [str(root.resolve()) for root in subject.roots],
        "callers": [str(path.resolve()) for path in subject.callers],
        "asked": [asdict(each) for each in subject.asked],
    }


def level_of(old: Run, new: Run, equal: bool) -> Level:
    """The rung of the ladder that two runs reach."""
    if old.runs:
        if new.runs:
            same = old.output_shapes == new.output_shapes
            return Level.EQUIVALENT if equal else Level.SAME_SHAPES if same else Level.RUNS
        return Level.REGRESSED if new.error is None or new.error.stage is not Stage.LIMIT else Level.UNVERIFIED
    if new.runs:
        return Level.RUNS
    return Level.UNVERIFIED if new.error is None or new.error.ours else Level.FAILS
