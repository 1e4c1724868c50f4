"""Edits that put a lost shortcut to use: a saved input, a submodule, a sum."""

from __future__ import annotations

import libcst as cst

from nn_lint.diagnostic import Edit, Span
from nn_lint.fixing.build import insert, replace
from nn_lint.fixing.residual import Term, add_shortcuts
from nn_lint.model.method import Method, names
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.residual.leftovers import DeadAttribute, LostSum, SavedInput, dead_attributes, reads
from nn_lint.model.residual.lost_projections import LostProjection
from nn_lint.model.residual.routes import main_stream
from nn_lint.model.residual.self_sums import sides_of
from nn_lint.model.residual.slips import Slip
from nn_lint.model.residual.unused_copies import UnusedCopy
from nn_lint.model.suites import Suites
from nn_lint.model.syntax import walk
from nn_lint.model.values import Kind


def mend_saved_input(cls: ModuleClass, saved: SavedInput) -> tuple[Edit, ...] | str:
    """Add what was saved, through a projection where the shapes may differ; or why that cannot be done."""
    stream = main_stream(cls)
    if stream is None or cls.flow is None:
        return "its forward does not go straight to one result"
    values = [
        value for name, statement, value in cls.flow.bound if name == saved.name and statement in saved.statements
    ]
    term = Term() if saved.is_projected else _prepared(cls)
    return add_shortcuts(cls, stream, tuple(dict.fromkeys(values)), term)


def mend_unused_copy(cls: ModuleClass, copy: UnusedCopy) -> tuple[Edit, ...] | str:
    """Add what was saved to the end of its branch; or why that cannot be done."""
    return add_shortcuts(cls, copy.branch, (copy.branch.source,), Term())


def _prepared(cls: ModuleClass) -> Term | None:
    """A shortcut submodule that `__init__` builds and nothing applies."""
    forward = cls.method("forward")
    dead = next((item for item in dead_attributes(cls) if not item.is_flag and item.raw_sum is None), None)
    return (
        Term(f"{forward.receiver}.{dead.name}", dead.may_be_none) if dead is not None and forward is not None else None
    )


def mend_attribute(cls: ModuleClass, dead: DeadAttribute) -> tuple[Edit, ...] | str:
    """Apply the submodule to the input, and add the result; or why that cannot be done."""
    forward = cls.method("forward")
    if dead.is_flag or forward is None:
        return "what the switch should do is a guess"
    attribute = f"{forward.receiver}.{dead.name}"
    if dead.raw_sum is not None:
        return _project_operand(cls, dead, Term(attribute, dead.may_be_none))
    stream = main_stream(cls)
    if stream is None:
        return "its forward does not go straight to one result"
    return add_shortcuts(cls, stream, (), Term(attribute, dead.may_be_none))


def _project_operand(cls: ModuleClass, dead: DeadAttribute, term: Term) -> tuple[Edit, ...] | str:
    """`out += x` becomes `out += x if self.downsample is None else self.downsample(x)`."""
    assert dead.raw_sum is not None, "asked only where the bare input is added"
    node = dead.raw_sum.node
    raw = _raw_operand(cls, node)
    if raw is None:
        return "the input is not added by its name"
    text = term.text(raw.value)
    wrapped = f"({text})" if " if " in text and isinstance(node, cst.BinaryOperation) else text
    return (replace(cls.syntax.span(raw), wrapped),)


def _raw_operand(cls: ModuleClass, node: cst.CSTNode | None) -> cst.Name | None:
    """The name by which a sum takes the bare input, where there is one."""
    made = cls.flow.made if cls.flow is not None else {}
    operands = (node.value,) if isinstance(node, cst.AugAssign) else sides_of(node) or ()
    raw = [
        item
        for item in operands
        if isinstance(item, cst.Name) and (value := made.get(item)) and value.kind is Kind.INPUT
    ]
    return raw[0] if len(raw) == 1 else None


def mend_lost_projection(cls: ModuleClass, lost: LostProjection) -> tuple[Edit, ...] | str:
    """Give the result the name that is added, where nothing else reads it in between; or why that cannot be done."""
    forward, statement = cls.method("forward"), lost.statement
    raw = _raw_operand(cls, lost.total.node)
    if raw is None or forward is None:
        return "the input is not added by its name"
    later = [
        item
        for item in names(forward.node.body)
        if item.value == raw.value and item is not raw and cls.syntax.precedes(lost.call, item)
    ]
    if any(item not in set(walk(lost.call)) for item in later) or not cls.syntax.precedes(statement, raw):
        return f"`{raw.value}` is used in other places behind it"
    if isinstance(statement, cst.Expr):
        return (insert(cls.syntax.span(statement).start, f"{raw.value} = "),)
    return (replace(cls.syntax.span(statement.targets[0].target), raw.value),)


def mend_lost_sum(cls: ModuleClass, lost: LostSum) -> tuple[Edit, ...] | str:
    """Assign the sum to the branch's name, turn `==` into `=`, or return the name that holds it; or why not."""
    if lost.comparison:
        return _assign_instead_of_compare(cls, lost) or "what it should be assigned to is a guess"
    if lost.name is not None:
        return _return_instead(cls, lost) or _keep_in_branch(cls, lost) or f"what becomes of `{lost.name}` is a guess"
    assert isinstance(lost.statement, cst.Expr), "a sum without a name is an expression statement"
    branch = _branch_name(cls, lost.statement.value)
    if branch is None:
        return "what it should be assigned to is a guess"
    return (insert(cls.syntax.span(lost.statement).start, f"{branch} = "),)


def _branch_name(cls: ModuleClass, node: cst.BaseExpression) -> str | None:
    """The name of the operand that has passed more layers."""
    sides = (node.left, node.right) if isinstance(node, cst.BinaryOperation) else ()
    if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.args:
        sides = (node.func.value, node.args[0].value)
    made = cls.flow.made if cls.flow is not None else {}
    named = [side for side in sides if isinstance(side, cst.Name) and side in made]
    deepest = max(named, key=lambda side: len(list(made[side].ancestors())), default=None)
    return deepest.value if deepest is not None else None


def _assign_instead_of_compare(cls: ModuleClass, lost: LostSum) -> tuple[Edit, ...] | None:
    assert isinstance(lost.statement, cst.Expr), "a comparison without effect is an expression statement"
    comparison = lost.statement.value
    if not isinstance(comparison, cst.Comparison) or not isinstance(comparison.left, cst.Name):
        return None
    left, right = cls.syntax.span(comparison.left), cls.syntax.span(comparison.comparisons[0].comparator)
    return (replace(Span(left.end, right.start), " = "),)


def _return_instead(cls: ModuleClass, lost: LostSum) -> tuple[Edit, ...] | None:
    """`return out` becomes `return y` where `y` is the sum that `out` went into, last.

    Where a condition decides whether the sum is made, `y = x + out` becomes `out = x + out`.
    """
    flow = cls.flow
    if flow is None or len(flow.returned) != 1 or lost.name is None:
        return None
    statement, value = flow.returned[0]
    result = statement.value if isinstance(statement, cst.Return) else None
    forward = cls.method("forward")
    if not isinstance(result, cst.Name) or value not in lost.value.operands or lost.name in _taken(forward):
        return None
    if _is_conditional(cls, lost.statement):
        target = _only_target(lost.statement)
        return None if target is None else (replace(cls.syntax.span(target), result.value),)
    return (replace(cls.syntax.span(result), lost.name),)


def _taken(forward: Method | None) -> set[str]:
    return set() if forward is None else {*reads(forward), *(item.name for item in forward.parameters)}


def _keep_in_branch(cls: ModuleClass, lost: LostSum) -> tuple[Edit, ...] | None:
    """`x = x + out` becomes `out = x + out`, where `out` is what forward goes on with."""
    statement, flow = lost.statement, cls.flow
    if flow is None or not isinstance(statement, cst.Assign) or len(statement.targets) != 1:
        return None
    branch = _branch_name(cls, statement.value)
    held = [value for name, _, value in flow.bound if name == branch]
    if branch is None or branch == lost.name or not held or held[-1] not in lost.value.operands:
        return None
    return (replace(cls.syntax.span(statement.targets[0].target), branch),)


def mend_slip(cls: ModuleClass, slip: Slip) -> tuple[Edit, ...] | str:
    """Write `+=` for `=+`, or take the row to the one that it continues; or why that cannot be done."""
    statement, lines = slip.statement, cls.syntax.lines
    if isinstance(statement, cst.Assign):
        assert isinstance(statement.value, cst.UnaryOperation), "a slip assigns what has a plus before it"
        target, term = statement.targets[0].target, statement.value.expression
        return (replace(Span(cls.syntax.span(target).end, cls.syntax.span(term).start), " += "),)
    before = slip.before
    value = before.value if isinstance(before, (cst.Return, cst.Assign, cst.AnnAssign)) else None
    if value is None or not isinstance(value, (cst.Name, cst.Call)):
        return "what it should be added to is a guess"
    gap = Span(cls.syntax.span(value).end, cls.syntax.span(statement).start)
    return "a comment stands between the rows" if lines.slice(gap).strip() else (replace(gap, " "),)


def _is_conditional(cls: ModuleClass, statement: cst.CSTNode) -> bool:
    forward = cls.method("forward")
    return forward is None or not Suites(forward).is_unconditional(statement)


def _only_target(statement: cst.CSTNode) -> cst.Name | None:
    """The name that an assignment binds, where it is the only one."""
    target = statement.targets[0].target if isinstance(statement, cst.Assign) and len(statement.targets) == 1 else None
    return target if isinstance(target, cst.Name) else None
