"""What a run in torch showed: subjects, runs, residual proofs and verdicts; plain values, no torch."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user wants a class to be run with, as it was written: `arguments` go between the parentheses of the
    constructor, `inputs` are a shape, several, or an expression; None leaves the choice. `origin` tells where it
    stands."""

    arguments: str | None
    inputs: str | None
    origin: str


@dataclass(frozen=True, slots=True)
class Subject:
    """One class of one text, to be constructed and run.

    `path` gives the package context; `text` may be newer than what lies there. `class_name` is qualified
    (`Outer.Inner`). `roots` are the folders that absolute imports of the project start from, `callers` other files that
    may use the class. What is `asked` alone counts.
    """

    path: Path
    text: str
    class_name: str
    roots: tuple[Path, ...] = ()
    callers: tuple[Path, ...] = ()
    asked: tuple[Asked, ...] = ()


class Stage(Enum):
    """How far a run came before it failed."""

    LOAD = "load"
    CONSTRUCT = "construct"
    SYNTHESISE = "synthesise"
    FORWARD = "forward"
    LIMIT = "limit"


@dataclass(frozen=True, slots=True)
class RunError:
    """Why a run ended. `row` is the user's own line (1-based) where known; `ours` is true where no fault of the
    class is proven: arguments or inputs could not be found, a package is missing, or a limit was hit."""

    stage: Stage
    kind: str
    message: str
    row: int | None
    ours: bool


@dataclass(frozen=True, slots=True)
class Gradient:
    """The norm of the gradient that reaches the first layer, by the mean square of the output for a fixed seed: in
    evaluation mode, and in training mode, which not every module runs in."""

    layer: str
    norm: float
    training: float | None


@dataclass(frozen=True, slots=True)
class Note:
    """What a check says about a class that runs. `sure`: no reading of the code would excuse it; else it may be meant.
    `row` is the user's own line (1-based) where known."""

    code: str
    message: str
    row: int | None
    sure: bool


@dataclass(frozen=True, slots=True)
class Run:
    """One construction and forward. `arguments` and `inputs` are Python expressions, as a user would write them;
    `recipe` is the JSON text that replays them; `memory` is the process's peak in MiB and `processor` its time, where
    the platform tells them.
    Shapes list every tensor of the inputs and outputs in order. `gradient` is there where it was asked for and the
    module can be trained. `unfinished` are the checks that found no time. `shapes_only`: the weights do not fit in
    memory, so it ran without values."""

    class_name: str
    constructs: bool
    runs: bool
    arguments: str = ""
    inputs: str = ""
    recipe: str = ""
    input_shapes: tuple[Shape, ...] = ()
    output_shapes: tuple[Shape, ...] = ()
    parameters: int | None = None
    seconds: float = 0.0
    memory: int | None = None
    processor: float | None = None
    error: RunError | None = None
    gradient: Gradient | None = None
    notes: tuple[Note, ...] = ()
    unfinished: tuple[str, ...] = ()
    shapes_only: bool = False

    @property
    def line(self) -> str:
        """`Block: constructs, forward (2, 64, 56, 56) -> (2, 64, 56, 56)`, or what went wrong, and on which line."""
        if self.error is None:
            given, got = shapes_text(self.input_shapes), shapes_text(self.output_shapes)
            return f"{self.class_name}: constructs, forward {given} -> {got}"
        where = f" (line {self.error.row})" if self.error.row is not None else ""
        if self.error.ours:
            return f"{self.class_name}: unverified, {self.error.message}{where}"
        if self.constructs:
            return f"{self.class_name}: constructs, forward fails: {self.error.message}{where}"
        verb = "load" if self.error.stage is Stage.LOAD else "construct"
        return f"{self.class_name}: does not {verb}: {self.error.message}{where}"


def shapes_text(shapes: tuple[Shape, ...]) -> str:
    """Shapes as one reads them; some modules take or give no tensor."""
    return ", ".join(map(str, shapes)) or "no tensor"


class Level(Enum):
    """What was shown, from strong to weak."""

    EQUIVALENT = "equivalent"
    SAME_SHAPES = "same shapes"
    RUNS = "runs"
    FAILS = "fails"
    REGRESSED = "regressed"
    UNVERIFIED = "unverified"


@dataclass(frozen=True, slots=True)
class ResidualProof:
    """Whether the input of a block reaches its output beside the weights of its branch.

    `before` and `after` tell it for the text before and after the repair; `None` where it could not be decided.
    `variants` are the constructor variants that were proven (stride 1, stride 2), `left_out` those that fail and that
    no call uses; `reason` says what failed, and `recipe` replays a variant that was proven.
    """

    before: bool | None
    after: bool | None
    variants: tuple[str, ...] = ()
    reason: str = ""
    left_out: tuple[str, ...] = ()
    recipe: str = ""

    @property
    def holds(self) -> bool:
        """The input arrives after the repair and did not arrive before."""
        return self.after is True and self.before is False

    @property
    def line(self) -> str:
        """`input reaches the output (stride 1, stride 2)`, or why that is not proven.

        Widths are named only where they tell what is not proven.
        """
        if not self.holds:
            return f"input not shown to reach the output: {self.reason}"
        labels = dict.fromkeys(
            label if self.left_out else label.partition("from ")[0].rstrip() for label in self.variants
        )
        parts = [", ".join(filter(None, labels))]
        if self.left_out:
            parts.append(f"not {', '.join(self.left_out)}, which no call uses")
        text = "; ".join(filter(None, parts))
        return "input reaches the output" + (f" ({text})" if text else "")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Before and after a repair, side by side. `before` is absent where nothing was repaired (`nn-lint verify`)."""

    class_name: str
    level: Level
    after: Run
    before: Run | None = None
    residual: ResidualProof | None = None

    @property
    def line(self) -> str:
        """The verdict as one line for the user."""
        parts = [self.after.line]
        if self.level is Level.REGRESSED:
            parts.append("ran before the repair")
        if self.residual is not None:
            parts.append(self.residual.line)
        if self.before is not None and self.before.gradient is not None and self.after.gradient is not None:
            parts.append(
                f"gradient that reaches the first layer {gradients_text(self.before.gradient, self.after.gradient)}"
            )
        return ", ".join(parts)


def gradients_text(*gradients: Gradient) -> str:
    """`6.8e-17 -> 2.3e-03 (in training mode 9.7e+00 -> 7.3e+00)`: two digits, since the order of magnitude tells."""
    text = " -> ".join(f"{each.norm:.1e}" for each in gradients)
    training = " -> ".join(f"{each.training:.1e}" for each in gradients if each.training is not None)
    return text if training in {"", text} else f"{text} (in training mode {training})"
