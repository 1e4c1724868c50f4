"""`pytest --nn-lint`: each module of the collected Python files is a test that constructs and runs it in torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from nn_lint.config import Settings
    from nn_lint.verify.verdict import Subject
    from nn_lint.verify.verifier import Verifier

_VERIFIER = pytest.StashKey["Verifier"]()
_SETTINGS = pytest.StashKey["Settings"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the switch, and the interpreter to run modules in."""
    group = parser.getgroup("nn-lint", "verification of PyTorch modules")
    group.addoption("--nn-lint", action="store_true", help="construct and run every nn.Module as a test of its own")
    group.addoption("--nn-lint-python", metavar="PATH", help="the interpreter with torch; without it one is looked for")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """The modules of a Python file, where the switch is set; files of tests are left out."""
    if not parent.config.getoption("--nn-lint") or file_path.suffix != ".py":
        return None
    patterns: Sequence[str] = parent.config.getini("python_files")
    if file_path.name == "conftest.py" or any(file_path.match(pattern) for pattern in patterns):
        return None
    collector: pytest.Collector = ModuleFile.from_parent(parent, path=file_path)
    return collector


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the worker."""
    verifier = config.stash.get(_VERIFIER, None)
    if verifier is not None:
        verifier.close()


class ModuleFile(pytest.File):
    """A file whose modules are tests."""

    def collect(self) -> Iterator[ModuleItem]:
        """One test a module; reading a file runs none of it."""
        from nn_lint.runner.subjects import subjects_of

        for _, subjects in subjects_of([self.path], settings_of(self.config)):
            for subject in subjects:
                yield ModuleItem.from_parent(self, name=subject.class_name, subject=subject)


class ModuleItem(pytest.Item):
    """The construction and forward of one module. It fails where the fault is the module's own, and is skipped where
    the verifier found no arguments or inputs, or a package is missing."""

    def __init__(self, *, subject: Subject, **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]
        self.subject = subject

    def runtest(self) -> None:
        """Run the module in the worker."""
        run = verifier_of(self.config).run(self.subject)
        for note in run.notes:
            self.add_report_section("call", "nn-lint", f"{note.code} {note.message}")
        if run.error is None:
            return
        if run.error.ours:
            pytest.skip(f"unverified: {run.error.message}")
        raise ModuleFails(self.reportinfo()[0], run.error.row, run.line)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> str:
        """The line of the user and what happened there, without a traceback through this plugin."""
        return str(excinfo.value) if isinstance(excinfo.value, ModuleFails) else str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the class stands."""
        return self.path, None, f"nn-lint: {self.name}"


class ModuleFails(Exception):
    """A module cannot be constructed, or its forward fails."""

    def __init__(self, path: object, row: int | None, words: str) -> None:
        super().__init__(f"{path}{'' if row is None else f':{row}'}: {words}")


def settings_of(config: pytest.Config) -> Settings:
    """The settings around pytest's root folder."""
    from nn_lint.config import load_settings

    if _SETTINGS not in config.stash:
        config.stash[_SETTINGS] = load_settings(config.rootpath)
    return config.stash[_SETTINGS]


def verifier_of(config: pytest.Config) -> Verifier:
    """The verifier of this session, started with the first module; without torch the run is in error."""
    from nn_lint.verify.interpreter import NoTorch, find_interpreter
    from nn_lint.verify.verifier import Verifier

    if _VERIFIER not in config.stash:
        settings = settings_of(config)
        asked = config.getoption("--nn-lint-python")
        try:
            python = find_interpreter(Path(asked) if asked else settings.verify.python, config.rootpath)
        except NoTorch as error:
            raise pytest.UsageError(str(error)) from error
        if python is None:
            raise pytest.UsageError("torch not found: give an interpreter with --nn-lint-python")
        config.stash[_VERIFIER] = Verifier(python, settings.verify)
    return config.stash[_VERIFIER]
