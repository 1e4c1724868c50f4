"""
An ignore comment that silences nothing.

## Why it hurts
It stays behind when the mistake is mended, hides the next one on its row, and says that something is wrong where
nothing is. A misspelled code silences nothing from the beginning.

## What is not reported
`# noqa` without codes, and codes of other tools behind it; codes of rules that are not on in this run, since they
might find something; `# nn-lint: ignore` without codes unless the whole default set is on; codes that only `nn-lint
verify` finds; anything in a file that cannot be parsed.

## Fix safety
Safe: the code, or the whole comment, is taken away. Other words of the comment stay.
"""

from __future__ import annotations

from collections.abc import Iterator

from nn_lint.diagnostic import Applicability, Edit, Position, Span
from nn_lint.fixing.build import delete_rows, replace
from nn_lint.rules.listing import listed_rules
from nn_lint.rules.rule import Example, Finding, Repair, Rule
from nn_lint.source.text import Text
from nn_lint.suppression import EVERYTHING, Ignore, UnusedIgnore


def check(text: Text, unused: UnusedIgnore, codes: frozenset[str]) -> Iterator[Finding]:
    """Report the words of one comment that silence nothing; `codes` are those of the rules that ran."""
    ignore = unused.ignore
    words = [word for word in unused.words if _is_idle(word, ignore, codes)]
    if not words or not text.is_readable:
        return
    known = {name for rule in listed_rules() for name in (rule.code, rule.name)}
    if words == [EVERYTHING]:
        message = "this comment silences nothing"
    else:
        silent = [f"`{word}`" + ("" if word in known else " (no rule has that name)") for word in words]
        message = f"{', '.join(silent)} silences nothing here"
    rest = [word for word, _ in ignore.words if word not in words]
    repair = Repair("Take the comment away", (_dropped(text, ignore),))
    if rest:
        repair = Repair(f"Take {', '.join(words)} away", (_shortened(text, ignore, rest),))
    yield Finding(ignore.span, message, repair)


def _is_idle(word: str, ignore: Ignore, codes: frozenset[str]) -> bool:
    """Whether a word that has silenced nothing would have, had there been anything to silence."""
    if word == EVERYTHING:
        return ignore.is_own and codes >= {rule.code for rule in listed_rules() if rule.default}
    rule = next((rule for rule in listed_rules() if word in (rule.code, rule.name)), None)
    if rule is None:
        return ignore.is_own and not word.startswith(_VERIFIED_ONLY)
    return rule.code in codes and not rule.parts.isdisjoint(("check", "check_text"))


_VERIFIED_ONLY = "NN6"


def _shortened(text: Text, ignore: Ignore, rest: list[str]) -> Edit:
    """The list without the words, which keep their spelling."""
    first, last = ignore.words[0][1].start, ignore.words[-1][1].end
    kept = (text.lines.slice(span) for word, span in ignore.words if word in rest)
    return replace(Span(first, last), ", ".join(kept))


def _dropped(text: Text, ignore: Ignore) -> Edit:
    """The comment without the part that silences, or the row without the comment, or no row."""
    lines, row = text.lines, ignore.row
    line = lines.row(row)
    before, after = line[: ignore.span.start.column - 1], line[ignore.span.end.column - 1 :]
    is_continued = row > 1 and lines.row(row - 1).endswith("\\")
    if is_continued or (after.strip() and not after.lstrip().startswith("#")):
        return replace(ignore.span, "#")
    if not after.strip() and not before.strip():
        return delete_rows(lines, row, row)
    if after.strip():
        end = len(line) - len(after.lstrip()) + 1
        return replace(Span(ignore.span.start, Position(row, end)), "")
    return replace(Span(Position(row, len(before.rstrip()) + 1), Position(row, len(line) + 1)), "")


RULE = Rule(
    code="NN003",
    name="unused-ignore",
    doc=__doc__,
    fix=Applicability.SAFE,
    check_ignores=check,
    examples=(
        Example(
            """
            from torch import nn
            # nn-lint: ignore-file[softmax-no-dim]  # NN003
            class Net(nn.Module):  # nn-lint: ignore  # NN003
                def __init__(self):  # nn-lint: ignore[NN101]  # NN003
                    super().__init__()  # nn-lint: ignore[missing-super-int]  # NN003
                    self.fc = nn.Linear(2, 2)  # noqa: E501, NN101  # NN003
                def forward(self, x):  # noqa: NN201 because of the test  # NN003
                    return self.fc(x)  # the end  # nn-lint: ignore[NN205]  # NN003
            """,
            fixed="""
            from torch import nn
            class Net(nn.Module):
                def __init__(self):
                    super().__init__()
                    self.fc = nn.Linear(2, 2)  # noqa: E501
                def forward(self, x):  # because of the test
                    return self.fc(x)  # the end
            """,
        ),
        Example(
            """
            from torch import nn
            class Net(nn.Module):
                def __init__(self):  # nn-lint: ignore[NN101]
                    self.fc = nn.Linear(2, 2)
                def forward(x):  # noqa: missing-self
                    return x  # noqa
            class Other(nn.Module):
                def __init__(self):  # nn-lint: ignore
                    self.fc = nn.Linear(2, 2)  # noqa: E501, B008
                def forward(self, x):  # nn-lint: ignore[NN602]
                    return self.fc(x)  # nn-lint: ignore[NN003, NN205]
            text = "# nn-lint: ignore[NN101]"
            """
        ),
        Example(
            r"""
            text = "a" \
                # nn-lint: ignore[NN101]  # NN003
            """,
            fixed=r"""
            text = "a" \
                #
            """,
        ),
    ),
)
