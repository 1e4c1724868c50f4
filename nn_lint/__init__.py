"""nn-lint: finds, repairs and proves the mistakes that people make when they define PyTorch modules."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nn_lint.config import Settings
    from nn_lint.diagnostic import Diagnostic

__version__ = "0.1.0"


def check_source(text: str, filename: str = "<text>", settings: Settings | None = None) -> list[Diagnostic]:
    """The findings in a Python source text, in its order, as plain values that can be pickled.

    Nothing is written and none of the text is run. Classes that it imports are looked for around `filename`, which need
    not exist. Without `settings` the default set of rules is used and no configuration is read. Raises `ConfigError`
    for settings that name unknown rules.
    """
    from pathlib import Path

    from nn_lint.config import Settings
    from nn_lint.runner.texts import check_text

    report = check_text(text, filename, settings or Settings(Path(filename).absolute().parent))
    if report.failure is not None:
        raise RuntimeError(report.failure)
    return list(report.diagnostics)
