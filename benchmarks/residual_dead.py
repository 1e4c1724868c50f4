"""Taking out of a class what a deleted shortcut leaves behind: dead locals, unread attributes, words."""

from __future__ import annotations

import libcst as cst
from residual_uses import uses

from nn_lint.model.syntax import self_attribute

_STRINGS = (cst.SimpleString, cst.ConcatenatedString)


def without_dead_locals(module: cst.Module, kept: frozenset[tuple[str, str]]) -> cst.Module:
    """The same without the assignments to locals that nothing reads any more, those of `kept` left alone."""
    while gone := uses(module.code).dead - kept:
        module = module.visit(_Stores(gone, frozenset()))
    return module


def without_attributes(module: cst.Module, gone: frozenset[str]) -> cst.Module:
    """The same without the assignments to some attributes of `self`."""
    return module.visit(_Stores(frozenset(), gone))


def without_words(module: cst.Module) -> cst.Module:
    """The same without docstrings and comments."""
    return module.visit(_Words())


def without_idle_branches(module: cst.Module) -> cst.Module:
    """The same without an `if` both branches of which do the same."""
    return module.visit(_IdleBranches())


def _is_empty(body: cst.BaseSuite) -> bool:
    found = [
        inner for item in body.body for inner in (item.body if isinstance(item, cst.SimpleStatementLine) else [item])
    ]
    return all(isinstance(item, cst.Pass) for item in found)


class _Branches(cst.CSTTransformer):
    """Takes an emptied `if`, and an emptied `else`, away."""

    def leave_If(  # noqa: N802
        self, original_node: cst.If, updated_node: cst.If
    ) -> cst.BaseStatement | cst.RemovalSentinel | cst.FlattenSentinel[cst.BaseStatement]:
        """An `if` with nothing left in it."""
        if _is_empty(updated_node.body) and updated_node.orelse is None:
            return cst.RemoveFromParent()
        return updated_node

    def leave_Else(self, original_node: cst.Else, updated_node: cst.Else) -> cst.Else | cst.RemovalSentinel:  # noqa: N802
        """An `else` with nothing left in it."""
        return cst.RemoveFromParent() if _is_empty(updated_node.body) else updated_node


class _Stores(_Branches):
    """Takes assignments to locals, by method and name, and to attributes of `self`, away."""

    def __init__(self, local: frozenset[tuple[str, str]], attributes: frozenset[str]) -> None:
        super().__init__()
        self._locals = local
        self._attributes = attributes
        self._methods: list[str] = []

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:  # noqa: N802
        """Remember the method; nothing to do in one without dead locals."""
        self._methods.append(node.name.value)
        return bool(self._attributes) or any(owner == self._methods[0] for owner, _ in self._locals)

    def leave_FunctionDef(  # noqa: N802
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.FunctionDef:
        """The method ends."""
        self._methods.pop()
        return updated_node

    def leave_Assign(  # noqa: N802
        self, original_node: cst.Assign, updated_node: cst.Assign
    ) -> cst.BaseSmallStatement | cst.RemovalSentinel:
        """`identity = x`, `self.shortcut = nn.Identity()`."""
        only = len(updated_node.targets) == 1 and self._is_gone(updated_node.targets[0].target)
        return cst.RemoveFromParent() if only else updated_node

    def leave_AnnAssign(  # noqa: N802
        self, original_node: cst.AnnAssign, updated_node: cst.AnnAssign
    ) -> cst.BaseSmallStatement | cst.RemovalSentinel:
        """`identity: Tensor = x`."""
        return cst.RemoveFromParent() if self._is_gone(updated_node.target) else updated_node

    def leave_AugAssign(  # noqa: N802
        self, original_node: cst.AugAssign, updated_node: cst.AugAssign
    ) -> cst.BaseSmallStatement | cst.RemovalSentinel:
        """`shortcut *= 2`."""
        return cst.RemoveFromParent() if self._is_gone(updated_node.target) else updated_node

    def _is_gone(self, target: cst.BaseExpression) -> bool:
        if not self._methods:
            return False
        if isinstance(target, cst.Name):
            return (self._methods[0], target.value) in self._locals
        return self_attribute(target, "self") in self._attributes


class _IdleBranches(_Branches):
    """Puts one branch in the place of two that are the same; drops a returning branch before the same `return`."""

    def __init__(self) -> None:
        super().__init__()
        self._elifs: set[cst.If] = set()

    def visit_If(self, node: cst.If) -> None:  # noqa: N802
        """Remember which `if` is an `elif`: only an `else` can take its place."""
        if isinstance(node.orelse, cst.If):
            self._elifs.add(node.orelse)

    def leave_If(  # noqa: N802
        self, original_node: cst.If, updated_node: cst.If
    ) -> cst.BaseStatement | cst.RemovalSentinel | cst.FlattenSentinel[cst.BaseStatement]:
        """`if self.use_shortcut: return y` and `else: return y`."""
        orelse = updated_node.orelse
        if isinstance(orelse, cst.Else) and _same(updated_node.body.body, orelse.body.body):
            if original_node in self._elifs:
                return orelse  # type: ignore[return-value]
            if isinstance(updated_node.body, cst.IndentedBlock):
                return cst.FlattenSentinel(updated_node.body.body)  # type: ignore[arg-type]
            return cst.SimpleStatementLine(updated_node.body.body)  # type: ignore[arg-type]
        return super().leave_If(original_node, updated_node)

    def leave_IndentedBlock(  # noqa: N802
        self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock
    ) -> cst.IndentedBlock:
        """`if self.use_shortcut: return y`, and then `return y`."""
        body = list(updated_node.body)
        for index in range(len(body) - 2, -1, -1):
            item, following = body[index], body[index + 1]
            is_alone = isinstance(item, cst.If) and item.orelse is None
            if is_alone and _returns(following) and _same(item.body.body, [following]):
                del body[index]
        return updated_node.with_changes(body=body)


def _same(first: object, second: object) -> bool:
    return _code(first) == _code(second)


def _code(body: object) -> str:
    assert isinstance(body, (list, tuple)), "a body is a sequence of statements"
    rows = [cst.Module([]).code_for_node(item).strip() for item in body]
    return "\n".join(row for row in rows if row)


def _returns(statement: cst.BaseStatement | cst.BaseSmallStatement) -> bool:
    return isinstance(statement, cst.SimpleStatementLine) and isinstance(statement.body[-1], cst.Return)


class _Words(cst.CSTTransformer):
    """Takes comments, and strings that are statements, away."""

    def leave_Expr(  # noqa: N802
        self, original_node: cst.Expr, updated_node: cst.Expr
    ) -> cst.BaseSmallStatement | cst.RemovalSentinel:
        """A docstring."""
        return cst.RemoveFromParent() if isinstance(updated_node.value, _STRINGS) else updated_node

    def leave_TrailingWhitespace(  # noqa: N802
        self, original_node: cst.TrailingWhitespace, updated_node: cst.TrailingWhitespace
    ) -> cst.TrailingWhitespace:
        """A comment behind code."""
        return updated_node.with_changes(comment=None)

    def leave_EmptyLine(  # noqa: N802
        self, original_node: cst.EmptyLine, updated_node: cst.EmptyLine
    ) -> cst.EmptyLine | cst.RemovalSentinel:
        """A comment in a row of its own."""
        return cst.RemoveFromParent() if updated_node.comment is not None else updated_node
