"""Stand-ins for packages that are not installed: they may be named, never used."""

from __future__ import annotations

import types
from dataclasses import dataclass
from typing import Any, Tuple

from .attempt import MissingPackage


@dataclass
class Loading:
    """How many module-level statements run right now, one inside the other."""

    depth: int = 0


class Stub:
    """What a missing package would have provided under `name`.

    Attributes and subscripts give stubs again, so that annotations and defaults can name them. While module-level
    statements run, a call gives a stub too (loggers, registries), and one that decorates a class or function returns it
    unchanged. A call later on, and any use as a base class, is a use of the missing package.
    """

    def __init__(self, name: str, reason: str, loading: Loading) -> None:
        self._stub_name = name
        self._stub_reason = reason
        self._stub_loading = loading

    def __getattr__(self, name: str) -> Any:
        if name == "__version__" and not self._stub_loading.depth:
            raise self._missing()
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return Stub(self._stub_name + "." + name, self._stub_reason, self._stub_loading)

    def __getitem__(self, key: Any) -> Any:
        return self

    def __or__(self, other: Any) -> Any:
        return self

    __ror__ = __or__

    def __call__(self, *values: Any, **options: Any) -> Any:
        """Give a stub while statements run, refuse afterwards."""
        if not self._stub_loading.depth:
            raise self._missing()
        if len(values) == 1 and not options and isinstance(values[0], (type, types.FunctionType)):
            return values[0]
        return self

    def __mro_entries__(self, bases: Tuple[Any, ...]) -> Tuple[type, ...]:
        """Refuse to be a base class."""
        raise self._missing()

    def __iter__(self) -> Any:
        raise self._missing()

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return self._stub_name

    def _missing(self) -> MissingPackage:
        return MissingPackage(f"{self._stub_name} is needed: {self._stub_reason}")
