"""One idiom for everything that is chosen by name: codecs, metrics, engines, networks, data sets.

A registry is a table from names to places, `"package.module:attribute"`, as an entry point writes
them. What stands at a place is imported when it is first asked for, so that a name can be checked
without torch. Another package adds to a registry by an entry point of the registry's group.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Generic, TypeVar

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from promic_nb.errors import UserError

T = TypeVar("T")
UNKNOWN = "unknown_name"  # pydantic's type of the error that a wrong name is


class Registry(Mapping[str, T], Generic[T]):
    """Things by name, in the order in which they are shown.

    As metadata it makes a checked type: `CodecName = Annotated[str, CODECS]` accepts the names of
    `CODECS` and nothing else.

    Args:
        kind: what an entry is, for messages, such as "codec".
        places: name to `"package.module:attribute"`.
        group: of the entry points by which other packages add to it; "" closes the registry.
        includes: registries whose entries belong to this one, too.

    Example:
        >>> numbers = Registry("number", {"pi": "math:pi", "tau": "math:tau"})
        >>> list(numbers), numbers["pi"] < numbers["tau"]
        (['pi', 'tau'], True)
        >>> numbers["e"]
        Traceback (most recent call last):
        ...
        promic_nb.errors.UserError: number 'e' is unknown. Choose one of pi, tau
    """

    def __init__(
        self,
        kind: str,
        places: Mapping[str, str],
        *,
        group: str = "",
        includes: tuple[Registry[Any], ...] = (),
    ) -> None:
        self.kind, self.group, self._own, self._includes = kind, group, dict(places), includes
        self._loaded: dict[str, T] = {}

    @classmethod
    def of(cls, kind: str, values: Mapping[str, T], module: str) -> Registry[T]:
        """A closed registry of values at hand, such as settings that need no import.

        Args:
            kind: as in the constructor.
            values: by name.
            module: where they are defined: `__name__`.

        Example:
            >>> sizes = Registry.of("size", {"small": 8, "large": 64}, __name__)
            >>> sizes["large"], sizes.module("large") == __name__
            (64, True)
        """
        registry = cls(kind, dict.fromkeys(values, f"{module}:"))
        registry._loaded |= values
        return registry

    @cached_property
    def places(self) -> dict[str, str]:
        """All places by name: those of this package first, then those of other packages.

        Raises:
            UserError: another package takes a name that exists.
        """
        found = dict(self._own)
        for part in self._includes:
            found |= part.places
        for point in entry_points(group=self.group) if self.group else ():
            if point.name in found and found[point.name] != point.value:
                raise UserError(
                    f"{self.kind} {point.name!r} is registered twice, by {found[point.name]} and "
                    f"by {point.value}",
                    f"Rename the entry point of group {self.group}",
                )
            found[point.name] = point.value
        return found

    def __getitem__(self, name: str) -> T:
        if name not in self._loaded:
            module, _, attribute = self.places[self.check(name)].partition(":")
            try:
                value: Any = import_module(module)
                for part in attribute.split("."):
                    value = getattr(value, part)
            except (ImportError, AttributeError) as error:
                raise UserError(
                    f"{self.kind} {name!r} cannot be imported from {module}:{attribute} ({error})",
                    "Install what it needs, or remove the package that registers it",
                ) from error
            self._loaded[name] = value
        return self._loaded[name]

    def __contains__(self, name: object) -> bool:
        return name in self.places

    def __iter__(self) -> Iterator[str]:
        return iter(self.places)

    def __len__(self) -> int:
        return len(self.places)

    def check(self, name: str) -> str:
        """The name, if it is registered.

        Raises:
            UserError: it is not; the nearest name and all names are in the message.
        """
        if name not in self.places:
            near = difflib.get_close_matches(str(name), self.places, n=1)
            hint = f"Did you mean {near[0]!r}? " if near else ""
            raise UserError(
                f"{self.kind} {name!r} is unknown", f"{hint}Choose one of {', '.join(self.places)}"
            )
        return name

    def module(self, name: str) -> str:
        """The module that an entry comes from, without importing it."""
        return self.places[self.check(name)].partition(":")[0]

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        def checked(name: str) -> str:
            try:
                return self.check(name)
            except UserError as error:
                raise PydanticCustomError(UNKNOWN, "{text}", {"text": str(error)}) from None

        return core_schema.no_info_after_validator_function(checked, handler(source))
