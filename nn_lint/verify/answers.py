"""The worker's answers as runs, proofs and gradients; no answer proves nothing against a class."""

from __future__ import annotations

from collections.abc import Sequence

from nn_lint.verify.connection import Message
from nn_lint.verify.verdict import Gradient, Note, ResidualProof, Run, RunError, Stage, Subject

DIED = "Died"


def read_run(subject: Subject, answer: Message) -> Run:
    """The run of a subject."""
    seconds, memory, processor = float(answer.get("seconds", 0.0)), answer.get("memory"), answer.get("processor")
    if "died" in answer:
        error = RunError(Stage.LIMIT, DIED, died_message(answer), None, True)
        return Run(subject.class_name, False, False, seconds=seconds, memory=memory, processor=processor, error=error)
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
        memory,
        processor,
        None
        if told is None
        else RunError(Stage(told["stage"]), told["kind"], told["message"], told["row"], told["ours"]),
        notes=tuple(Note(**each) for each in answer.get("notes", ())),
        unfinished=tuple(answer.get("unfinished", ())),
        shapes_only=bool(answer.get("shapes_only")),
    )


def read_proof(answer: Message) -> ResidualProof:
    """A residual proof."""
    if "died" in answer:
        return ResidualProof(None, None, (), died_message(answer))
    variants, left_out = tuple(answer["variants"]), tuple(answer["left_out"])
    return ResidualProof(answer["before"], answer["after"], variants, answer["reason"], left_out, answer["recipe"])


def read_gradients(answer: Message, count: int) -> Sequence[Gradient | None]:
    """What reaches the first layer in each of `count` texts."""
    measured = answer.get("gradients", [None] * count)
    return [None if told is None else Gradient(told["layer"], told["norm"], told["training"]) for told in measured]


def died_message(answer: Message) -> str:
    """How a process ended that gave no answer."""
    ending = str(answer["died"])
    return "the time limit was reached" if ending == "timeout" else f"the process ended without an answer ({ending})"
