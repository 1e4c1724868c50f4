"""Why the residual rules say nothing of a block that lost its addition: the first of their conditions that fails."""

from __future__ import annotations

from nn_lint.model.module_class import ModuleClass
from nn_lint.model.residual import evidence
from nn_lint.model.residual.block import shortcutless_block
from nn_lint.model.residual.intent import residual_intent
from nn_lint.model.residual.routes import Route, Stream, adds_its_input, main_stream
from nn_lint.model.residual.signs import Candidate, signs
from nn_lint.model.values import Kind
from nn_lint.project.sites import SiteKind


def why(cls: ModuleClass) -> str:
    """A cause that can be counted, and behind a colon what it was in this block."""
    stream = main_stream(cls)
    if stream is None:
        return _no_stream(cls)
    reason = _no_block(cls, stream)
    if reason is not None:
        return reason
    block = shortcutless_block(cls)
    if block is None:
        return "a layer of unknown kind on the way: " + ", ".join(_unknown(cls, stream))
    if evidence.is_negated(cls):
        return "a word in it says that it is not residual"
    if block.weighted < 2:
        return "fewer than two layers with weights are seen"
    return _no_intent(cls, Candidate(cls, block, evidence.sites_of(cls)))


def _no_stream(cls: ModuleClass) -> str:
    flow = cls.flow
    if flow is None or len(flow.returned) != 1:
        return "not one stream: several returns"
    return "not one stream: " + ("code behind return" if flow.unreachable else "no input reaches the result")


def _no_block(cls: ModuleClass, stream: Stream) -> str | None:
    if any(value.kind is Kind.UNKNOWN for value in stream.values):
        names = {value.name for value in stream.values if value.kind is Kind.UNKNOWN}
        return "a call that cannot be looked into: " + ", ".join(sorted(names))
    if stream.is_identity:
        return "the input is returned as it is on some path"
    for meeting in stream.meetings:
        if meeting.route is Route.SUM:
            return "another sum or difference is taken for a shortcut"
        if meeting.is_raw and meeting.route is not Route.PARALLEL:
            return f"the raw input is joined another way: {meeting.route.name.lower()}"
    called = [value for value in stream.values if value.kind is Kind.LAYER]
    if not called:
        return "no submodule is called on the way"
    if any(value.name.endswith("[]") for value in called):
        return "items of a list are called: taken for a network"
    adding = [value.name for value in called if adds_its_input(cls, value)]
    return f"a submodule adds its own input: {', '.join(adding)}" if adding else None


def _unknown(cls: ModuleClass, stream: Stream) -> list[str]:
    called = [value for value in stream.values if value.kind is Kind.LAYER]
    return sorted({value.name for value in called if value.layer is None or not value.layer.torch_name})


def _no_intent(cls: ModuleClass, candidate: Candidate) -> str:
    hidden = any(site.kind is SiteKind.HIDDEN for site in candidate.sites)
    if not any(signs(candidate)):
        return "no sign of intent" + (" (and a use out of sight)" if hidden else "")
    if hidden:
        return "a use out of sight"
    if evidence.caller_may_add(cls, candidate.sites):
        return "the caller may add"
    if residual_intent(cls) is None:
        return "only a weak sign, and no use that is seen"
    return "left to another rule, or kept back by the sieve"
