"""The manual page of a rule: its docstring, how far its fix can be trusted, and an example, as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nn_lint.diagnostic import Applicability
from nn_lint.rules.rule import Example, Rule

_DOCS = "https://github.com/nn-lint/nn-lint/blob/main/docs"
_MARK = re.compile(r"[ \t]*# NN\d+(?:, NN\d+)*[ \t]*$", re.MULTILINE)
_PROMISES = {
    None: "none, the mistake is only reported",
    Applicability.SAFE: "safe, `--fix` applies it",
    Applicability.VERIFIED: "verified, `--fix` keeps it only when a run in torch confirms it",
    Applicability.UNSAFE: "unsafe, applied only with `--fix --unsafe-fixes`",
}


def url(code: str, name: str) -> str:
    """Where the manual page of a rule can be read."""
    return f"{_DOCS}/{page_path(code, name)}"


def page_path(code: str, name: str) -> str:
    """Where the page of a rule lies below `docs`."""
    return f"rules/{code}-{name}.md"


def page(rule: Rule) -> str:
    """The manual page of one rule."""
    return "\n".join(_page(rule)).rstrip() + "\n"


def fix_word(rule: Rule) -> str:
    """The strongest fix of a rule in one word, `-` for none."""
    return "-" if rule.fix is None else rule.fix.value


def _page(rule: Rule) -> Iterator[str]:
    yield f"# {rule.code} {rule.name}\n"
    off = "" if rule.default else " *Off by default.*"
    yield f"*Fix: {_PROMISES[rule.fix]}.*{off}\n"
    yield f"{rule.doc.strip()}\n"
    loud = next((example for example in rule.examples if _MARK.search(example.text)), None)
    if loud is not None:
        yield from _example(loud)


def _example(example: Example) -> Iterator[str]:
    yield "## Example\n"
    yield f"```python\n{example.text.rstrip()}\n```\n"
    if example.fixed_text is not None:
        yield "Fixed:\n"
        yield f"```python\n{example.fixed_text.rstrip()}\n```\n"
