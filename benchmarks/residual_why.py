"""Why the residual rules say nothing of a block that lost its addition: the first of their conditions that fails."""

from __future__ import annotations

from nn_lint.model.module_class import ModuleClass
from nn_lint.model.residual import evidence
from nn_lint.model.residual.block import shortcutless_block
from nn_lint.model.residual.callers import caller_may_add
from nn_lint.model.residual.intent import residual_intent
from nn_lint.model.residual.routes import Route, Stream, adds_its_input, main_stream
from nn_lint.model.residual.signs import Candidate, signs
from nn_lint.model.values import Kind
from nn_lint.project.outcomes import SiteKind


def why(cls: ModuleClass) -> str:
    """A cause that can be counted, and behind a colon what it was in this block."""
    stream = main_stream(cls)
    if stream is None:
        flow = cls.flow
        unreachable = flow is not None and bool(flow.unreachable)
        return f"no stream from an input to the result: {'code behind a return' if unreachable else 'no input arrives'}"
    block = shortcutless_block(cls)
    if block is None:
        return _no_block(cls, stream)
    if residual_intent(cls) is not None:
        return "left to another rule, or kept back by the sieve"
    if block.weighted < 2:
        return "fewer than two layers with weights are seen"
    if evidence.is_negated(cls):
        return "a word in it says that it is not residual"
    return _no_intent(cls, Candidate(cls, block, evidence.sites_of(cls)))


def _no_block(cls: ModuleClass, stream: Stream) -> str:
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
    if len(called) > _MANY:
        return f"many layers are called: {len(called)}"
    adding = [value.name for value in called if adds_its_input(cls, value)]
    if adding:
        return f"a submodule adds its own input: {', '.join(adding)}"
    return (
        f"a layer of unknown kind, or a second input, on the way: {', '.join(sorted({item.name for item in called}))}"
    )


_MANY = 24


def _no_intent(cls: ModuleClass, candidate: Candidate) -> str:
    hidden = any(site.kind is SiteKind.HIDDEN for site in candidate.sites)
    if not any(signs(candidate)):
        return "no sign of intent" + (" (and a use out of sight)" if hidden else "")
    if hidden:
        return "a use out of sight"
    if caller_may_add(cls, candidate.sites):
        return "the caller may add"
    return "only a weak sign, and no use that is seen"
