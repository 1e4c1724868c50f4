"""Arguments for a constructor, from the best evidence to the weakest: calls somebody wrote, defaults, hints, names,
uses."""

from __future__ import annotations

import ast
import inspect
import re
from dataclasses import dataclass
from functools import partial
from typing import Dict, Iterator, List, Optional, Tuple

from .callsites import CallSite, call_sites
from .expressions import signature_of
from .objects import hinted_object, stand_in
from .subjects import Target
from .usage import annotated_value, methods_of, used_value
from .vocabulary import constructor_value

REQUIRED_KINDS = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
    inspect.Parameter.KEYWORD_ONLY,
)
DEPTH = 2  # an argument's argument may be an object, but no deeper


@dataclass(frozen=True)
class Arguments:
    """Arguments as the text between the parentheses, where they come from, and whether somebody wrote them.

    `harvested` is set where a parent passed them: it was built with them, so a refusal later on is no fault of the
    class. Defaults alone count as written only where the constructor has no parameters: a class may demand some by
    other means. `chosen` holds those that were made up, `(parameter, expression)`; an error may lead to another choice.
    """

    text: str
    origin: str
    written: bool
    chosen: Tuple[Tuple[str, str], ...] = ()
    given: Tuple[Tuple[str, str], ...] = ()
    harvested: bool = False


class Unknown(Exception):
    """No value was found for a required parameter."""


def written_arguments(target: Target) -> Iterator[Arguments]:
    """The full calls of the target in its file, then the bare call where no argument is required."""
    for site in call_sites(target):
        if site.is_full:
            yield Arguments(site.arguments, f"call in row {site.row}", written=True)
    if not required_parameters(target):
        yield Arguments("", "defaults", written=takes_nothing(target))


def takes_nothing(target: Target) -> bool:
    """Whether the constructor has no parameters at all."""
    signature = signature_of(target.cls)
    return signature is not None and not signature.parameters


def required_parameters(target: Target) -> List[inspect.Parameter]:
    """Constructor parameters without default, those too that `**options` hands on to a parent; none where the
    signature cannot be read."""
    own = required_by(target.cls)
    signature = signature_of(target.cls)
    init = methods_of(target.node).get("__init__")
    if signature is None or init is None or init.args.kwarg is None:
        return own
    call = next(filter(None, (handing_call(node, init.args.kwarg.arg) for node in ast.walk(init))), None)
    parent = next((base for base in target.cls.__mro__[1:] if "__init__" in base.__dict__), None)
    if call is None or parent is None:
        return own
    passed = {word.arg for word in call.keywords} | set(signature.parameters)
    rest = [each for each in required_by(parent)[len(call.args) :] if each.name not in passed]
    return [*own, *(each.replace(kind=each.KEYWORD_ONLY) for each in rest)]


def required_by(cls: type) -> List[inspect.Parameter]:
    """The parameters of a class's own signature that must be given."""
    signature = signature_of(cls)
    return [
        parameter
        for parameter in (signature.parameters.values() if signature is not None else ())
        if parameter.default is parameter.empty and parameter.kind in REQUIRED_KINDS
    ]


def handing_call(node: ast.AST, options: str) -> Optional[ast.Call]:
    """A call of a parent's constructor that `**options` goes into."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr != "__init__":
        return None
    handed = any(
        word.arg is None and isinstance(word.value, ast.Name) and word.value.id == options for word in node.keywords
    )
    return node if handed else None


def chosen_arguments(target: Target) -> Iterator[Arguments]:
    """Made-up arguments: on top of a partial call, then from nothing, by use before name and by name before use."""
    partial = [site for site in call_sites(target) if not site.is_full]
    for site in partial[:2]:
        yield assemble(target, given=bind_site(site, target), by_use=True)
    for by_use in (True, False):
        yield assemble(target, given={}, by_use=by_use)


def bind_site(site: CallSite, target: Target) -> Dict[str, str]:
    """The known arguments of a partial call by parameter name."""
    signature = signature_of(target.cls)
    names = list(signature.parameters) if signature else []
    given = {name: text for name, text in zip(names, site.positional) if text is not None}
    given.update({name: text for name, text in site.keywords if text is not None})
    return given


def assemble(target: Target, given: Dict[str, str], by_use: bool, depth: int = 0) -> Arguments:
    """Arguments from what is given and, for each other required parameter, what its hint, use or name suggests."""
    chosen: Dict[str, str] = {}
    for parameter in required_parameters(target):
        if parameter.name not in given:
            value = choose(target, parameter.name, by_use, depth)
            if value is None:
                raise Unknown(f"no arguments found for parameter {parameter.name}")
            chosen[parameter.name] = value
    return join(target, given, chosen)


def join(target: Target, given: Dict[str, str], chosen: Dict[str, str]) -> Arguments:
    """The text of all arguments in the order of the signature, positional ones first."""
    signature = signature_of(target.cls)
    parameters = list(signature.parameters.values()) if signature else []
    merged = {**given, **chosen}
    parts: List[str] = []
    skipped = False
    for parameter in parameters:
        if parameter.name not in merged:
            skipped = True
        elif parameter.kind is parameter.KEYWORD_ONLY or skipped:
            parts.append(f"{parameter.name}={merged[parameter.name]}")
        else:
            parts.append(merged[parameter.name])
    names = {parameter.name for parameter in parameters}
    parts.extend(f"{name}={text}" for name, text in merged.items() if name not in names)
    origin = "partial call, names" if given else "names, hints and uses"
    return Arguments(", ".join(parts), origin, False, tuple(chosen.items()), tuple(given.items()))


def argument_text(target: Target, by_use: bool, depth: int) -> Optional[str]:
    """Made-up arguments of a class whose instance is an argument itself; None where one cannot be found."""
    try:
        return assemble(target, {}, by_use, depth).text
    except Unknown:
        return None


def choose(target: Target, name: str, by_use: bool, depth: int = 0) -> Optional[str]:
    """An expression for one parameter; objects of the project's classes are made to the given depth."""
    methods = methods_of(target.node)
    init = methods.get("__init__")
    annotation = annotation_of(target, name)
    if depth < DEPTH:
        inner = partial(argument_text, by_use=by_use, depth=depth + 1)
        made = hinted_object(target, annotation, inner) or (stand_in(target, name, inner) if by_use else None)
        if made is not None:
            return made
    hint = annotated_value(annotation)
    used = None if init is None else used_value(init, list(methods.values()), name)
    named = constructor_value(name)
    if (
        hint is not None
        and hint.startswith(("[8", "(8"))
        and re.search(r"size|stride|resolution|kernel|padding|shape", name)
    ):
        hint = f"[{named}, {named}]" if hint.startswith("[") else f"({named}, {named})"
    if used is not None and used.startswith("{"):
        return used
    if named == "SimpleNamespace()" or used == "SimpleNamespace()":
        return namespace_text(target, name) if used or named else None
    order = (hint, used, named) if by_use else (named, hint, used)
    value = next((each for each in order if each is not None), None)
    return value if value is not None else "8" if init is not None or annotation is not None else None


def annotation_of(target: Target, name: str) -> Optional[ast.expr]:
    """The hint of a constructor's parameter; that of a field where a dataclass makes the constructor."""
    init = methods_of(target.node).get("__init__")
    if init is not None:
        every = [*init.args.posonlyargs, *init.args.args, *init.args.kwonlyargs]
        return next((each.annotation for each in every if each.arg == name), None)
    fields = (node for node in target.node.body if isinstance(node, ast.AnnAssign))
    return next(
        (node.annotation for node in fields if isinstance(node.target, ast.Name) and node.target.id == name), None
    )


def namespace_text(target: Target, name: str) -> str:
    """A configuration object that answers every attribute that the file reads from a parameter of this name."""
    attributes: List[str] = []
    for node in ast.walk(target.tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            value = node.value
            holds = (isinstance(value, ast.Name) and value.id == name) or (
                isinstance(value, ast.Attribute) and value.attr == name
            )
            if holds and node.attr not in attributes:
                attributes.append(node.attr)
    return f"SimpleNamespace({', '.join(f'{each}={configured(each)}' for each in attributes)})"


def configured(name: str) -> str:
    """A value for one attribute of a configuration object; functions and modules are named there by strings."""
    value = constructor_value(name) or "64"
    return '"relu"' if value.startswith("nn.ReLU") else value
