"""Other arguments after a constructor refused some: by what its error says is missing or wrong."""

from __future__ import annotations

import inspect
import re
from typing import Dict, Iterator, List, Optional, Tuple

import torch
from torch import nn

from .arguments import Arguments, choose, configured, join
from .expressions import signature_of
from .subjects import Target
from .vocabulary import constructor_value


def repaired(target: Target, arguments: Arguments, message: str, rows: str) -> Iterator[Arguments]:
    """Other choices after the constructor refused these: the parameters named in the failing rows first."""
    chosen: Dict[str, str] = dict(arguments.chosen)
    given = dict(arguments.given)
    absent = re.search(r"missing \d+ required (?:positional|keyword-only) arguments?: (.*)", message)
    if absent:
        yield from completed(target, arguments, re.findall(r"'(\w+)'", absent.group(1)))
        return
    order = sorted(chosen, key=lambda name: not is_named(name, rows))
    for name in order:
        enlarged = with_part(chosen[name], message)
        if enlarged is not None:
            yield join(target, given, {**chosen, name: enlarged})
            return
    named = [name for name in order if is_named(name, rows)]
    for name in named or order:
        for value in alternatives(chosen[name], message):
            yield join(target, given, {**chosen, name: value})
    for name in optional_names(target):
        if name not in chosen and name not in given and is_named(name, rows):
            guess = choose(target, name, by_use=True)
            for text in (*([guess] if guess else []), *alternatives(guess or "", message)):
                yield join(target, given, {**chosen, name: text})
    for name in order if named else ():
        if name not in named:
            for value in alternatives(chosen[name], message):
                yield join(target, given, {**chosen, name: value})


def for_the_sum(target: Target, arguments: Arguments, message: str) -> Iterator[Arguments]:
    """Other widths after two tensors could not be added, of which one is several times as wide as the other.

    A block that widens its input by a factor of its own, as bottlenecks do, adds it only where it is that wide already.
    """
    found = SUM.search(message)
    if found is None:
        return
    small, large = sorted(map(int, found.groups()))
    chosen = dict(arguments.chosen)
    for name, text in chosen.items() if small > 1 and large % small == 0 else ():
        if text == str(small):
            yield join(target, dict(arguments.given), {**chosen, name: str(large)})


SUM = re.compile(r"size of tensor a \((\d+)\) must match the size of tensor b \((\d+)\)")


def with_part(value: str, message: str) -> Optional[str]:
    """A configuration or dictionary with the attribute or key that an error says it lacks."""
    attribute = re.search(r"SimpleNamespace'? (?:object )?has no attribute '(\w+)'", message)
    if attribute and value.startswith("SimpleNamespace("):
        inside = value[len("SimpleNamespace(") : -1]
        added = f"{attribute.group(1)}={configured(attribute.group(1))}"
        return f"SimpleNamespace({', '.join(filter(None, [inside, added]))})"
    key = re.fullmatch(r"'(\w+)'", message)  # a KeyError's whole message
    if key and value.startswith("{"):
        added = f"{message}: {constructor_value(key.group(1)) or '8'}"
        return "{" + ", ".join(filter(None, [value[1:-1], added])) + "}"
    return None


def is_named(name: str, rows: str) -> bool:
    """Whether the failing rows mention a parameter."""
    return re.search(rf"\b{re.escape(name)}\b", rows) is not None


def optional_names(target: Target) -> List[str]:
    """The constructor's parameters that have a default."""
    signature = signature_of(target.cls)
    parameters = signature.parameters.values() if signature is not None else ()
    return [parameter.name for parameter in parameters if parameter.default is not parameter.empty]


def completed(target: Target, arguments: Arguments, names: List[str]) -> Iterator[Arguments]:
    """The arguments with those that a parent's constructor misses, handed through `**kwargs` or `*args`."""
    signature = signature_of(target.cls)
    kinds = [parameter.kind for parameter in signature.parameters.values()] if signature is not None else []
    values = {name: constructor_value(name) or "8" for name in names}
    if inspect.Parameter.VAR_KEYWORD in kinds or any(name in optional_names(target) for name in names):
        yield join(target, dict(arguments.given), {**dict(arguments.chosen), **values})
    elif inspect.Parameter.VAR_POSITIONAL in kinds:
        text = ", ".join(filter(None, [arguments.text, *values.values()]))
        yield Arguments(text, arguments.origin, False, arguments.chosen, arguments.given)


def alternatives(value: str, message: str) -> Iterator[str]:
    """Values to try instead, by what the error says is wrong with the old one."""
    for choice in choices_for(message):
        if choice != value:
            yield choice


def choices_for(message: str) -> Tuple[str, ...]:
    """Values to try, by what an error says."""
    attribute = re.search(r"has no attribute '(\w+)'", message)
    if attribute and not re.search(r"^module |type object|SimpleNamespace", message):
        return having(attribute.group(1))
    for pattern, choices in CHOICES:
        if pattern.search(message):
            return choices
    if re.search(
        r"[Uu]nknown|not supported|[Ii]nvalid|[Uu]nsupported|NotImpl|not recogni|not implemented|must be (in|one)|"
        r"should be|has to be|must be either",
        message,
    ):
        quoted = re.findall(r"'[\w-]+'", message)
        return (*quoted, '"relu"', '"batch"', '"sum"', '"same"', '"bn"', '"conv"', "None", "3", "4")
    return ("8", "1", "4", "64", "[8, 8, 8, 8]", '"relu"', "None", "True", "nn.Identity()", "0.5")


def having(attribute: str) -> Tuple[str, ...]:
    """Values that have an attribute, the likeliest first; a configuration with just this one is among them."""
    holders = [text for kind, text in HOLDERS if hasattr(kind, attribute) and not hasattr(object, attribute)]
    if attribute in ("in_features", "out_features", "weight", "bias"):
        holders.insert(0, "nn.Linear(8, 8)")
    if attribute in ("in_channels", "out_channels", "kernel_size", "stride"):
        holders.insert(0, "nn.Conv2d(8, 8, 3)")
    own = f"SimpleNamespace({attribute}={configured(attribute)})"
    return (*holders, own, "nn.Identity()", '"relu"', "None", "[8, 8, 8, 8]", "8")


HOLDERS: Tuple[Tuple[type, str], ...] = (
    (dict, '{"a": 8}'),
    (str, '"relu"'),
    (list, "[8, 8, 8, 8]"),
    (nn.Module, "nn.Identity()"),
    (torch.Tensor, "torch.randn(4, 4)"),
)
_CHOICES: Tuple[Tuple[str, Tuple[str, ...]], ...] = (
    (r"can only concatenate list", ("[]", "[8, 8]")),
    (r"can only concatenate tuple|must be a tuple|type must be tuple", ("(8, 8)", "(2, 2)")),
    (
        r"'int' object is not callable|'str' object is not callable|not callable",
        ("nn.ReLU", "nn.BatchNorm2d", "nn.Identity()", "nn.Conv2d", "nn.LayerNorm", "nn.Linear"),
    ),
    (
        r"forward\(\) (missing|takes|got)|positional arguments? but",
        ("nn.ReLU", "nn.Identity", "nn.BatchNorm2d", "nn.Linear"),
    ),
    (r"should be a list|must be a list|expected a list", ("[8, 8, 8, 8]", "[2, 2, 2, 2]", "[]", "[nn.Identity()]")),
    (
        r"not iterable|not subscriptable|has no len|cannot unpack|unpack",
        ("[8, 8, 8, 8]", "(8, 8)", '["a"]', "[nn.Identity()]", "{}", "[(8, 8), (8, 8), (8, 8), (8, 8)]"),
    ),
    (r"divisible|divide|multiple of", ("4", "8", "1", "64", "2", "3")),
    (r"is not a Module subclass|not a Module", ("nn.Identity()", "[nn.Identity()]", "nn.ReLU()")),
    (
        r"unsupported operand|not supported between|expected.*int|integer|must be (an )?int|interpreted as|"
        r"real number|of type int",
        ("8", "2", "[8, 8, 8, 8]", "0.1", "64"),
    ),
    (r"between 0 and 1|in \[0, 1\]|probability", ("0.5", "0.1")),
)
CHOICES = tuple((re.compile(pattern), choices) for pattern, choices in _CHOICES)
