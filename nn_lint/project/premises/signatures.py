"""Whether a call fills the signature of a function that is in sight."""

from __future__ import annotations

import ast


def misfit(arguments: ast.arguments, call: ast.Call, given_before: int) -> str | None:
    """Why a call raises TypeError, as the end of a sentence; `None` where it fits, or stars hide what it gives.

    `given_before`: how many arguments Python itself puts in front, as it does with `self`.
    """
    if any(isinstance(item, ast.Starred) for item in call.args) or any(word.arg is None for word in call.keywords):
        return None
    positional = [item.arg for item in (*arguments.posonlyargs, *arguments.args)]
    given = given_before + len(call.args)
    if given > len(positional) and arguments.vararg is None:
        return f"takes {len(positional)} positional arguments and gets {given}"
    words = {word.arg for word in call.keywords if word.arg is not None}
    by_word = {item.arg for item in (*arguments.args, *arguments.kwonlyargs)}
    unknown = sorted(words - by_word)
    if unknown and arguments.kwarg is None:
        return f"takes no `{unknown[0]}`"
    filled = {*positional[:given], *words}
    missing = next((name for name in _required(arguments, positional) if name not in filled), None)
    return None if missing is None else f"wants `{missing}` as well"


def _required(arguments: ast.arguments, positional: list[str]) -> list[str]:
    """The parameters without a default."""
    by_word = [item.arg for item, default in zip(arguments.kwonlyargs, arguments.kw_defaults) if default is None]
    return [*positional[: len(positional) - len(arguments.defaults)], *by_word]
