"""NN607: a module that gives something else in evaluation mode where nothing in it depends on the mode, and dropout
that evaluation mode does not end."""

from __future__ import annotations

import ast
import re
from typing import Any, Iterator, List, Optional

import torch
from torch import nn

from ..attempt import Failure
from ..protocol import Message
from ..usage import methods_of
from .checked import Checked, note
from .held import output_tensors
from .operations import Watching, user_frames
from .sources import definitions, is_torch, text_of

CODE = "NN607"
TOLERANCE = 1e-3
_DROPOUT = re.compile(r"(alpha_|feature_alpha_|feature_)?dropout[123]?d?")
_WITH_MODE = (
    *(nn.modules.dropout._DropoutNd, nn.modules.batchnorm._NormBase, nn.RReLU, nn.RNNBase, nn.MultiheadAttention),
    *(nn.TransformerEncoder, nn.TransformerEncoderLayer, nn.TransformerDecoderLayer, nn.Transformer),
)


def check(checked: Checked) -> Iterator[Message]:
    """Look for dropout that is on in evaluation mode, and compare both modes where neither is random."""
    row = live_dropout(checked)
    if row is not None:
        if is_random(checked):
            message = f"dropout stays on in evaluation mode (line {row}): `eval()` does not reach it"
            yield note(CODE, message, row, sure=False)
        return
    if depends_on_mode(checked) or is_random(checked):
        return
    still, moving = (outputs(checked, training=training, seed=0) for training in (False, True))
    if still is not None and moving is not None and differs(still, moving):
        method = methods_of(checked.target.node).get("train")
        row = (method or checked.target.node).lineno
        message = "`train()` and `eval()` give different outputs, though no layer and no line depends on the mode"
        yield note(CODE, message, row, sure=True)


def is_random(checked: Checked) -> bool:
    """Whether evaluation mode gives something else under another seed, or cannot be repeated at all."""
    first, second = (outputs(checked, training=False, seed=seed) for seed in (0, 1))
    return first is None or second is None or differs(first, second)


def outputs(checked: Checked, *, training: bool, seed: int) -> Optional[List[torch.Tensor]]:
    """What a new model gives in a mode, for the same inputs and its own randomness by a seed."""
    model = checked.fresh().train(training)
    with torch.no_grad():
        outcome = checked.run(model, checked.values(), seed)
    return None if isinstance(outcome, Failure) else output_tensors(outcome.value)


def differs(first: List[torch.Tensor], second: List[torch.Tensor]) -> bool:
    """Whether two lists of outputs differ beyond rounding; values that are not finite count as equal."""
    if [each.shape for each in first] != [each.shape for each in second]:
        return True
    for old, new in zip(first, second):
        if not old.numel() or not old.is_floating_point():
            continue
        before, after = old.double().nan_to_num(), new.double().nan_to_num()
        if float((before - after).abs().max()) > TOLERANCE * max(float(before.abs().max()), 1e-6):
            return True
    return False


def depends_on_mode(checked: Checked) -> bool:
    """Whether a layer or a line of the model asks for the mode, or might."""
    for module in checked.model.modules():
        if isinstance(module, _WITH_MODE) or module._forward_pre_hooks or module._forward_hooks:
            return True
        if is_torch(type(module)):
            # Beside plain layers torch has what asks for the mode by itself: spectral norm, observers.
            if not type(module).__module__.startswith("torch.nn.modules."):
                return True
            continue
        known = definitions(type(module))
        if known is None or any(re.search(r"\btraining\b|\bdropout", text_of(node)) for _, node in known):
            return True
    return False


def live_dropout(checked: Checked) -> Optional[int]:
    """The row of the first dropout that works in evaluation mode without having been told to."""
    rows: List[int] = []

    def notice(name: str, given: List[Any], result: Any) -> None:
        frames = user_frames(checked.target.path)
        if frames and _DROPOUT.fullmatch(name) and len(given) > 2 and given[2] is True and given[1] > 0:
            rows.append(frames[0][0])

    with Watching(notice), torch.no_grad():
        checked.run(checked.model, checked.values())
    return next((row for row in rows if not is_meant(checked, row)), None)


def is_meant(checked: Checked, row: int) -> bool:
    """Whether a line says itself that dropout is to be on, or a class switches modes by hand."""
    if re.search(r"\.train\(|mc_|monte|bayes|always|uncertain", ast.unparse(checked.target.node), re.IGNORECASE):
        return True
    calls = (node for node in ast.walk(checked.target.tree) if isinstance(node, ast.Call))
    covering = [node for node in calls if node.lineno <= row <= (node.end_lineno or 0)]
    return any(
        "dropout" in ast.unparse(node.func)
        and (len(node.args) > 2 or any(word.arg == "training" for word in node.keywords))
        for node in covering
    )
