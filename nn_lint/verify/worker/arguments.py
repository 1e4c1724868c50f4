"""Arguments for a constructor, from the best evidence to the weakest: calls somebody wrote, defaults, hints, names,
uses."""

from __future__ import annotations

import ast
import inspect
import re
from dataclasses import dataclass
from typing import Dict, Iterator, List, Optional, Tuple

from .callsites import CallSite, call_sites
from .expressions import signature_of
from .subjects import Target
from .usage import annotated_value, methods_of, used_value
from .vocabulary import constructor_value

REQUIRED_KINDS = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
    inspect.Parameter.KEYWORD_ONLY,
)


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
    """Constructor parameters without default; none where the signature cannot be read."""
    signature = signature_of(target.cls)
    if signature is None:
        return []
    return [
        parameter
        for parameter in signature.parameters.values()
        if parameter.default is parameter.empty and parameter.kind in REQUIRED_KINDS
    ]


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


def assemble(target: Target, given: Dict[str, str], by_use: bool) -> Arguments:
    """Arguments from what is given and, for each other required parameter, what its hint, use or name suggests."""
    chosen: Dict[str, str] = {}
    for parameter in required_parameters(target):
        if parameter.name not in given:
            value = choose(target, parameter.name, by_use)
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


def choose(target: Target, name: str, by_use: bool) -> Optional[str]:
    """An expression for one parameter."""
    methods = methods_of(target.node)
    init = methods.get("__init__")
    hint = used = None
    if init is not None:
        every = [*init.args.posonlyargs, *init.args.args, *init.args.kwonlyargs]
        hint = annotated_value(next((each.annotation for each in every if each.arg == name), None))
        used = used_value(init, list(methods.values()), name)
    named = constructor_value(name)
    if (
        hint is not None
        and hint.startswith(("[8", "(8"))
        and re.search(r"size|stride|resolution|kernel|padding|shape", name)
    ):
        hint = f"[{named}, {named}]" if hint.startswith("[") else f"({named}, {named})"
    if named == "SimpleNamespace()" or used == "SimpleNamespace()":
        return namespace_text(target, name) if used or named else None
    order = (hint, used, named) if by_use else (named, hint, used)
    value = next((each for each in order if each is not None), None)
    return value if value is not None else "8" if init is not None else None


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


def repaired(target: Target, arguments: Arguments, message: str, rows: str) -> Iterator[Arguments]:
    """Other choices after the constructor refused these: the parameters named in the failing rows first."""
    chosen = dict(arguments.chosen)
    order = sorted(chosen, key=lambda name: not re.search(rf"\b{re.escape(name)}\b", rows))
    missing = re.search(
        r"'types.SimpleNamespace' object has no attribute '(\w+)'|SimpleNamespace.* attribute '(\w+)'", message
    )
    for name in order:
        if missing and chosen[name].startswith("SimpleNamespace("):
            attribute = missing.group(1) or missing.group(2)
            inside = chosen[name][len("SimpleNamespace(") : -1]
            added = f"{attribute}={configured(attribute)}"
            text = f"SimpleNamespace({', '.join(filter(None, [inside, added]))})"
            yield join(target, dict(arguments.given), {**chosen, name: text})
            return
    for name in order:
        for value in alternatives(chosen[name], message):
            yield join(target, dict(arguments.given), {**chosen, name: value})


def alternatives(value: str, message: str) -> Iterator[str]:
    """Values to try instead, by what the error says is wrong with the old one."""
    choices: Tuple[str, ...] = ()
    if re.search(r"not iterable|not subscriptable|has no len|cannot unpack|must be a (list|tuple)|unpack", message):
        choices = ("[8, 8, 8, 8]", "(8, 8)", '["a"]', "[nn.Identity()]", "{}")
    elif re.search(r"not callable", message):
        choices = ("nn.ReLU", "nn.BatchNorm2d", "nn.Identity()", "nn.Conv2d", "nn.LayerNorm", "nn.Linear")
    elif re.search(r"divisible|divide", message):
        choices = ("4", "8", "1", "64", "2", "3")
    elif re.search(r"is not a Module subclass|not a Module", message):
        choices = ("nn.Identity()", "[nn.Identity()]", "nn.ReLU()")
    elif re.search(r"has no attribute", message):
        choices = ("nn.Identity()", "nn.Linear(8, 8)", "torch.randn(4, 4)", '"relu"', "SimpleNamespace()", "None")
    elif re.search(
        r"unsupported operand|not supported between|expected.*int|integer|must be (an )?int|interpreted as", message
    ):
        choices = ("8", "2", "[8, 8, 8, 8]", "0.1")
    elif re.search(
        r"[Uu]nknown|not supported|[Ii]nvalid|unsupported|NotImplemented|not recognized|not implemented|KeyError",
        message,
    ):
        choices = (*re.findall(r"'[\w-]+'", message), '"relu"', '"batch"', '"sum"', '"same"', '"bn"', '"conv"', "None")
    else:
        choices = ("8", "1", "4", "64", "[8, 8, 8, 8]", '"relu"', "None", "True", "nn.Identity()")
    for choice in choices:
        if choice != value:
            yield choice
