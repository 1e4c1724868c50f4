"""Edits that put a forgotten shortcut into a block: its definition, the saved input, and the addition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import libcst as cst

from nn_lint.diagnostic import Edit
from nn_lint.fixing.draft import Draft
from nn_lint.fixing.habits import Habits, habits_of
from nn_lint.fixing.places import Body, Names, Site, bodies, is_loose, needs_parentheses
from nn_lint.fixing.projection import define, find_given, indentation_unit
from nn_lint.model.module_class import ModuleClass
from nn_lint.model.residual.branches import Branch, branches_of
from nn_lint.model.residual.inplace import changes_input
from nn_lint.model.residual.names import SAVED_INPUT
from nn_lint.model.residual.parts import NORM_PARTS, Part, part_of
from nn_lint.model.residual.routes import Stream
from nn_lint.model.residual.shortcut import derive_shortcut
from nn_lint.model.syntax import walk
from nn_lint.model.values import Kind, Value

_NAMELESS = "its input has no name where the branch begins"


@dataclass(frozen=True, slots=True)
class Term:
    """What is added for an input: itself, or a submodule's result. `attribute` may be `None` at run time."""

    attribute: str = ""
    may_be_none: bool = False

    def text(self, name: str) -> str:
        """The term for an input of that name."""
        if not self.attribute:
            return name
        applied = f"{self.attribute}({name})"
        return f"{name} if {self.attribute} is None else {applied}" if self.may_be_none else applied

    def rows(self, name: str, target: str, unit: str, *, asks: bool) -> list[str]:
        """The statements that save the term; `asks`: below an `if` where the attribute may be `None`."""
        if not (self.may_be_none and asks):
            return [f"{target} = {self.text(name)}"]
        return [f"{target} = {name}", f"if {self.attribute} is not None:", f"{unit}{target} = {self.attribute}({name})"]


def add_shortcuts(
    cls: ModuleClass, stream: Stream, saved: Sequence[Value] = (), term: Term | None = None
) -> tuple[Edit, ...] | str:
    """The edits that add to each branch of a block its input, or why they cannot be made.

    `saved` are the values that the author saved and never added. `term`: a shortcut of the first that is there already.
    """
    winding = _winding(cls, stream)
    if winding is not None:
        return winding
    branches = branches_of(stream, saved)
    if isinstance(branches, str):
        return branches
    if any(changes_input(cls, branch) for branch in branches):
        return "its first layer changes the input in place"
    repair = _Repair(cls, habits_of(cls), tuple(bodies(cls)))
    for index, branch in enumerate(branches):
        chosen = term if term is not None and index == 0 else repair.term(branch, stream, trusts=bool(saved))
        reason = chosen if isinstance(chosen, str) else repair.add(branch, chosen)
        if reason is not None:
            return reason
    return repair.draft.edits()


def input_term(
    cls: ModuleClass, branch: Stream, place: cst.CSTNode, *, follows: bool
) -> tuple[str, tuple[Edit, ...]] | str:
    """What to write for the input of a branch inside a sum that is there, and the edits that make it so."""
    winding = _winding(cls, branch)
    if winding is not None:
        return winding
    repair = _Repair(cls, habits_of(cls), tuple(bodies(cls)))
    whole = Branch(branch, keeps_width=False)
    if changes_input(cls, whole):
        return "its first layer changes the input in place"
    term = repair.term(whole, branch if not follows else None, trusts=True)
    if isinstance(term, str):
        return term
    for body in repair.bodies:
        statement = body.around(place)
        if statement is not None:
            text = _Addition(repair, body, whole, term, Site(statement, None, None)).name()
            return _NAMELESS if text is None else (text, repair.draft.edits())
    return "the sum stands in a function of its own"


def _winding(cls: ModuleClass, stream: Stream) -> str | None:
    """Why a stream cannot be cut in the text: a loop runs a part of it again, or it ends in several places."""
    if cls.flow is not None and stream.result not in cls.flow.values:
        return "it returns different results in several places"
    loops = (node for kind in (cst.For, cst.While) for node in walk(cls.syntax.node, kind))
    looped = {node for loop in loops for node in walk(loop)}
    return "a loop stands on its way" if any(value.node in looped for value in stream.values) else None


@dataclass(slots=True)
class _Repair:
    """The edits of one class as they come together."""

    cls: ModuleClass
    habits: Habits
    bodies: tuple[Body, ...]
    draft: Draft = field(init=False)

    def __post_init__(self) -> None:
        self.draft = Draft(self.cls.syntax)

    def term(self, branch: Branch, stream: Stream | None, *, trusts: bool) -> Term | str:
        """What to add for the input of a branch; `trusts`: as it is, where nothing tells that it does not fit."""
        given = None if branch.keeps_width else find_given(self.cls)
        if given is not None:
            self.draft.add(given.edit)
            return Term(given.attribute, may_be_none=True)
        follows = stream is None or branch.end is not stream.result
        derived = derive_shortcut(self.cls, branch, follows=follows, trusts=trusts)
        if derived is None or isinstance(derived, str):
            return Term() if derived is None else derived
        definition = define(self.cls, derived)
        if isinstance(definition, str):
            return definition
        self.draft.add(definition.edit)
        return Term(definition.attribute)

    def add(self, branch: Branch, term: Term) -> str | None:
        """Add the input of a branch to its end; a reason where that cannot be done."""
        for body in self.bodies:
            site = body.site(branch.end)
            if site is not None:
                return _Addition(self, body, branch, term, site).make()
        return "the addition would stand in a function of its own"


@dataclass(frozen=True, slots=True)
class _Addition:
    """One branch, and where its end stands."""

    repair: _Repair
    body: Body
    branch: Branch
    term: Term
    site: Site

    def name(self) -> str | None:
        """The term at the place of the statement, saved before the branch begins where it is not at hand."""
        begin = self.body.first_use(self.branch.stream.values[1:])
        ready = self._ready(self.body.held(self.site.statement, after=False))
        return ready if ready is not None or begin is None else self._save(begin)

    def make(self) -> str | None:
        """Put the sum into the statement that makes the end, or behind it."""
        site = self.site
        begin = self.body.first_use(self.branch.stream.values[1:])
        if begin is None:
            return _NAMELESS
        for name in self._unread(self.body.held(site.statement, after=True)) if site.name is not None else ():
            place = self.body.last_binding(name, site.statement, self._is_input)
            if place is not None and site.name is not None:
                self._behind(self.term.text(name), site.name, place)
                return None
        if site.name is None or (site.is_assigned and begin is site.statement):
            term = self._ready(self.body.held(site.statement, after=False)) or self._save(begin)
            if term is not None:
                self._within(term)
            return _NAMELESS if term is None else None
        term = self._ready(self.body.held(site.statement, after=True), but=site.name) or self._save(begin)
        if term is not None:
            self._behind(term, site.name, site.statement)
        return _NAMELESS if term is None else None

    def _within(self, term: str) -> None:
        """`return F.relu(out)` becomes `return F.relu(out + identity)`."""
        node, statement = self.site.node, self.site.statement
        assert node is not None, "a value without a name is an expression"
        inner = ("(", ")") if is_loose(node) else ("", "")
        outer = ("(", ")") if needs_parentheses(node, statement) else ("", "")
        first = self.repair.habits.puts_input_first(by_default=self.branch.keeps_width)
        before, after = (f"{term} + ", "") if first else ("", f" + {term}")
        self.repair.draft.surround(node, f"{outer[0]}{before}{inner[0]}", f"{inner[1]}{after}{outer[1]}")

    def _behind(self, term: str, name: str, statement: cst.CSTNode) -> None:
        """`out = out + identity` behind the statement that makes the end, or behind one that binds the term."""
        text = self.repair.habits.sum(name, term, may_be_in_place=_may_change_in_place(self.branch.end))
        self.repair.draft.insert_after(statement, [text])

    def _ready(self, names: Names, but: str | None = None) -> str | None:
        """The term by names that there are; the name that is about to be overwritten does not count."""
        saved = [name for name in self._unread(names) if self._is_input(names[name])]
        if saved:
            return self.term.text(saved[0])
        plain = [name for name in names if _is_copy(names[name], self.branch.start) and name != but]
        return self.term.text(plain[0]) if plain and not self.term.may_be_none else None

    def _unread(self, names: Names) -> list[str]:
        """The names that somebody saved something under and never used."""
        return [name for name in names if SAVED_INPUT.fullmatch(name) and not self.body.read(name)]

    def _is_input(self, value: Value) -> bool:
        """The input of the branch, or what a submodule makes of it beside the branch."""
        start, inside = self.branch.start, set(self.branch.stream.values)
        if _is_copy(value, start):
            return True
        way = {item for item in value.ancestors() if start in set(item.ancestors())} - {start}
        return bool(way) and not way & inside and any(item.kind is Kind.LAYER for item in way)

    def _save(self, begin: cst.CSTNode) -> str | None:
        """Save the input before the branch begins; what holds it then."""
        repair, body = self.repair, self.body
        place = body.outermost(begin, self.site.statement)
        names = body.held(place, after=False)
        plain = next((name for name in names if _is_copy(names[name], self.branch.start)), None)
        target = repair.habits.saved_name(body.method)
        if plain is None:
            return self._hoist(place, target)
        unit = indentation_unit(body.method)
        repair.draft.insert_before(place, self.term.rows(plain, target, unit, asks=repair.habits.asks))
        return target

    def _hoist(self, statement: cst.CSTNode, target: str) -> str | None:
        """Give the input of a nested branch a name: `return f(g(x))` becomes `x = g(x)`, `return f(x)`."""
        site = self.body.site(self.branch.start)
        if site is None or site.node is None or site.statement is not statement or self.term.may_be_none:
            return None
        within = set(walk(site.node))
        own = self._stream_name(statement)
        is_free = statement is self.site.statement and own is not None
        if is_free and not any(
            isinstance(node, cst.Name) and node.value == own and node not in within
            for node in self.body.reads(statement)
        ):
            assert own is not None, "asked just above"
            target = own
        self.repair.draft.hoist(site.node, statement, target)
        return self.term.text(target)

    def _stream_name(self, statement: cst.CSTNode) -> str | None:
        """The name that goes on from one branch to the next: the one assigned to, or that of the input."""
        if isinstance(statement, cst.Assign) and isinstance(statement.targets[0].target, cst.Name):
            return statement.targets[0].target.value
        names = self.body.held(statement, after=False)
        inputs = [name for name, value in names.items() if value in set(self.branch.start.ancestors())]
        return inputs[-1] if inputs and isinstance(statement, cst.Return) else None


def _is_copy(value: Value, start: Value) -> bool:
    """The value itself, or a clone of it."""
    return value is start or (value.name == "clone" and value.operands[:1] == (start,))


def _may_change_in_place(value: Value) -> bool:
    """Whether the gradient of what made a value does not need that value: convolutions, norms and dropout do not."""
    return part_of(value) in (*NORM_PARTS, Part.WEIGHTS, Part.PASSIVE)
