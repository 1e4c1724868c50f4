"""Settings: the command line over `[tool.nn-lint]` of the nearest `pyproject.toml` over the defaults."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

DEFAULT_EXCLUDES = (
    *(".bzr", ".direnv", ".eggs", ".git", ".git-rewrite", ".hg", ".ipynb_checkpoints", ".mypy_cache", ".nox"),
    *(".pants.d", ".pyenv", ".pytest_cache", ".pytype", ".ruff_cache", ".svn", ".tox", ".venv", ".vscode"),
    *("__pycache__", "__pypackages__", "_build", "buck-out", "build", "dist", "node_modules", "site-packages", "venv"),
)


class ConfigError(Exception):
    """The settings cannot be used; the message says which key of which file, and why."""


@dataclass(frozen=True, slots=True)
class VerifySettings:
    """Limits and interpreter of the proof: seconds a class, MiB of memory; nothing is run unless `enabled`.

    The gradient at the first layer is measured only with `gradients`, `torch.export` is tried only with `export`, and a
    module that runs is looked at only with `checks`: these are up to the command line. `modules` are names of classes
    with the arguments and inputs to run them with, as they are written."""

    python: Path | None = None
    timeout: float = 60.0
    memory: int = 4096
    enabled: bool = True
    gradients: bool = False
    checks: bool = True
    export: bool = False
    modules: tuple[tuple[str, str | None, str | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that decides what is found and what is mended; picklable."""

    root: Path
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = DEFAULT_EXCLUDES
    src: tuple[Path, ...] = ()
    module_bases: tuple[str, ...] = ()
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    baseline: Path | None = None
    unsafe_fixes: bool = False
    suspicions: bool = False
    fail_on_warning: bool = False
    verify: VerifySettings = VerifySettings()

    @property
    def roots(self) -> tuple[Path, ...]:
        """The folders that modules are imported from."""
        return (self.root, self.root / "src", *self.src)


def load_settings(start: Path, *, config: Path | None = None, isolated: bool = False) -> Settings:
    """The settings for a run that begins at `start`: from `config`, else from the nearest file that has any."""
    if isolated:
        return Settings(_root(start))
    if config is not None:
        table = _table(config)
        if table is None:
            raise ConfigError(f"{config}: has no table [tool.nn-lint]")
        return _settings(table, config)
    for file in _candidates(start):
        table = _table(file)
        if table is not None:
            return _settings(table, file)
    return Settings(_root(start))


def nearest(word: str, known: Mapping[str, object] | tuple[str, ...]) -> str:
    """The end of a message about an unknown word: names the known word that comes closest, if one does."""
    import difflib

    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" (did you mean `{close[0]}`?)" if close else ""


def _candidates(start: Path) -> Iterator[Path]:
    """The `pyproject.toml` files from `start` upwards, to the root of the repository."""
    for folder in (start, *start.parents):
        file = folder / "pyproject.toml"
        if file.is_file():
            yield file
        if (folder / ".git").exists():
            return


def _root(start: Path) -> Path:
    """The folder of the project around `start`: its repository or package, else the current folder, else `start`."""
    around = (start, *start.parents)
    marked = (folder for folder in around if (folder / ".git").exists() or (folder / "pyproject.toml").is_file())
    current = Path.cwd()
    return next(marked, current if current in around else start)


def _table(file: Path) -> dict[str, Any] | None:
    """The table `[tool.nn-lint]` of a file, `None` where it has none."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        content = tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: is not valid TOML: {error}") from error
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}") from error
    tools = content.get("tool", {})
    table = tools.get("nn-lint") if isinstance(tools, dict) else None
    if table is not None and not isinstance(table, dict):
        raise ConfigError(f"{file}: tool.nn-lint must be a table")
    return table


def _settings(table: dict[str, Any], file: Path) -> Settings:
    """The settings that a table gives; paths in it are relative to the folder of its file."""
    folder = file.parent.absolute()
    verify = table.pop("verify", {})
    if not isinstance(verify, dict):
        raise ConfigError(f"{file}: tool.nn-lint.verify must be a table")
    values = _read(table, _KEYS | {"verify": _strings}, f"{file}: tool.nn-lint", folder)
    values["exclude"] = values.get("exclude", DEFAULT_EXCLUDES) + values.pop("extend_exclude", ())
    limits = _read(verify, _VERIFY_KEYS, f"{file}: tool.nn-lint.verify", folder)
    return replace(Settings(folder), **values, verify=replace(VerifySettings(), **limits))


def _read(table: dict[str, Any], keys: Mapping[str, _Reader], place: str, folder: Path) -> dict[str, Any]:
    values = {}
    for key, value in table.items():
        if key not in keys:
            raise ConfigError(f"{place}: unknown key `{key}`{nearest(key, keys)}")
        values[key.replace("-", "_")] = keys[key](value, f"{place}.{key}", folder)
    return values


def _strings(value: object, place: str, folder: Path) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ConfigError(f"{place} must be a list of strings")
    return tuple(value)


def _paths(value: object, place: str, folder: Path) -> tuple[Path, ...]:
    return tuple(folder / item for item in _strings(value, place, folder))


def _by_pattern(value: object, place: str, folder: Path) -> tuple[tuple[str, tuple[str, ...]], ...]:
    if not isinstance(value, dict):
        raise ConfigError(f"{place} must be a table of patterns, each with a list of rules")
    return tuple((pattern, _strings(rules, f'{place}."{pattern}"', folder)) for pattern, rules in value.items())


def _switch(value: object, place: str, folder: Path) -> bool:
    if not isinstance(value, bool):
        raise ConfigError(f"{place} must be true or false")
    return value


def _path(value: object, place: str, folder: Path) -> Path:
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{place} must be a path, as a string")
    return folder / Path(value).expanduser()


def _positive(value: object, place: str, folder: Path) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < float("inf"):
        raise ConfigError(f"{place} must be a positive number")
    return value


def _positive_integer(value: object, place: str, folder: Path) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise ConfigError(f"{place} must be a positive whole number")
    return value


def _modules(value: object, place: str, folder: Path) -> tuple[tuple[str, str | None, str | None], ...]:
    if not isinstance(value, dict):
        raise ConfigError(f"{place} must be a table of classes")
    found = []
    for name, words in value.items():
        known = isinstance(words, dict) and set(words) <= {"arguments", "input"}
        if not known or not all(isinstance(word, str) for word in words.values()):
            raise ConfigError(f"{place}.{name} must be a table with `arguments`, `input` or both, as strings")
        found.append((name, words.get("arguments"), words.get("input")))
    return tuple(found)


_Reader = Callable[[object, str, Path], object]
_KEYS: dict[str, _Reader] = {
    **dict.fromkeys(("select", "ignore", "extend-select", "exclude", "extend-exclude", "module-bases"), _strings),
    **dict.fromkeys(("suspicions", "fail-on-warning"), _switch),
    "src": _paths,
    "per-file-ignores": _by_pattern,
    "baseline": _path,
}
_VERIFY_KEYS: dict[str, _Reader] = {
    "python": _path,
    "timeout": _positive,
    "memory": _positive_integer,
    "modules": _modules,
}
