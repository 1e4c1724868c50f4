"""Runs before and after a repair, and what follows from both: the verdict."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from nn_lint.config import VerifySettings
from nn_lint.verify.connection import Connection, Message, WorkerDied
from nn_lint.verify.verdict import Level, ResidualProof, Run, RunError, Stage, Subject, Verdict


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
        self._hang_up()

    def run(self, subject: Subject) -> Run:
        """Construct and run one class."""
        answer = self._ask({"op": "run", "subject": as_message(subject)})
        return read_run(subject, answer)

    def compare(self, before: Subject, after: Subject, *, residual: bool) -> Verdict:
        """Run a class before and after its repair; with `residual` also prove that its input now reaches its output."""
        old = self.run(before)
        equal = False
        if old.runs:
            answer = self._ask(
                {"op": "replay", "before": as_message(before), "after": as_message(after), "recipe": old.recipe}
            )
            new, equal = read_run(after, answer), bool(answer.get("equal"))
        else:
            new = self.run(after)
        level = level_of(old, new, equal)
        proof = self._prove(before, after, old, new) if residual else None
        return Verdict(after.class_name, level, new, old, proof)

    def _prove(self, before: Subject, after: Subject, old: Run, new: Run) -> ResidualProof:
        """The residual proof, by the recipe of whichever text ran."""
        if not new.runs:
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
        if "died" in answer:
            return ResidualProof(None, None, (), died_message(answer))
        return ResidualProof(answer["before"], answer["after"], tuple(answer["variants"]), answer["reason"])

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
    }


def read_run(subject: Subject, answer: Message) -> Run:
    """A run from the worker's answer; no answer proves nothing against the class."""
    seconds = float(answer.get("seconds", 0.0))
    if "died" in answer:
        error = RunError(Stage.LIMIT, "Died", died_message(answer), None, True)
        return Run(subject.class_name, False, False, seconds=seconds, error=error)
    told = answer["error"]
    return Run(
        subject.class_name,
        answer["constructs"],
        answer["runs"],
        answer["arguments"],
        answer["inputs"],
        answer["recipe"],
        tuple(tuple(shape) for shape in answer["input_shapes"]),
        tuple(tuple(shape) for shape in answer["output_shapes"]),
        answer["parameters"],
        seconds,
        None
        if told is None
        else RunError(Stage(told["stage"]), told["kind"], told["message"], told["row"], told["ours"]),
    )


def died_message(answer: Message) -> str:
    """How a process ended that gave no answer."""
    ending = str(answer["died"])
    return "the time limit was reached" if ending == "timeout" else f"the process ended without an answer ({ending})"


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
