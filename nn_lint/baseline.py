"""Findings that are known and left for later: a file of them, and what is new against it.

A finding is known again by its file, its code, its class and the text of its row, so that rows may shift.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from nn_lint.config import ConfigError
from nn_lint.diagnostic import Diagnostic
from nn_lint.source.writing import write_atomically

_VERSION = 1
_FIELDS = ("path", "code", "class", "row")
_Key = tuple[str, ...]


def write_baseline(file: Path, diagnostics: Iterable[Diagnostic]) -> int:
    """Write these findings, and return how many they are. Paths are relative to the folder of the file."""
    counts = Counter(_key(item, file) for item in diagnostics)
    found = [{**dict(zip(_FIELDS, key)), "count": count} for key, count in sorted(counts.items())]
    text = json.dumps({"version": _VERSION, "findings": found}, indent=2, ensure_ascii=False) + "\n"
    try:
        file.touch()
        write_atomically(file, text.encode())
    except OSError as error:
        raise ConfigError(f"{file}: the baseline cannot be written: {error.strerror}") from error
    return counts.total()


class Baseline:
    """The findings of a file, each to be met as often as it was written."""

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            content = json.loads(file.read_text("utf-8"))
            self._left = Counter(dict(_entries(content)))
        except OSError as error:
            advice = "make it with --write-baseline"
            raise ConfigError(f"{file}: the baseline cannot be read ({error.strerror}): {advice}") from error
        except (ValueError, TypeError, KeyError) as error:
            raise ConfigError(f"{file}: is no baseline of nn-lint (version {_VERSION})") from error

    def unknown(self, diagnostics: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
        """The findings that the file does not have."""
        for item in diagnostics:
            key = _key(item, self._file)
            if self._left[key] > 0:
                self._left[key] -= 1
            else:
                yield item


def _entries(content: Any) -> Iterator[tuple[_Key, int]]:
    if content["version"] != _VERSION:
        raise ValueError("another version")
    for item in content["findings"]:
        yield tuple(str(item[name]) for name in _FIELDS), int(item["count"])


def _key(item: Diagnostic, file: Path) -> _Key:
    path, folder = Path(item.filename).absolute(), file.parent.absolute()
    shown = path.relative_to(folder) if path.is_relative_to(folder) else path
    return shown.as_posix(), item.code, item.class_name or "", item.line.strip()
