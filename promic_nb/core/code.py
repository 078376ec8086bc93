"""Which source files of the package a result depends on."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from functools import cache, partial
from inspect import getclosurevars, isfunction, ismethod
from pathlib import Path
from typing import Any

import grimp

from promic_nb.core.files import sha256

_PACKAGES = Path(__file__).parents[2]


def loaded_code() -> dict[str, str]:
    """SHA-256 of each promic_nb module in use, by its path in the project."""
    files = [
        Path(m.__file__)
        for name, m in sys.modules.items()
        if name.partition(".")[0] == "promic_nb" and m.__file__
    ]
    return {file.relative_to(_PACKAGES).as_posix(): sha256(file) for file in sorted(files)}


def closure_code(modules: Iterable[str]) -> dict[str, str]:
    """SHA-256 of each file that the modules stand on (`closure`), by its path in the project."""
    files = [source_file(module) for module in sorted(closure(modules))]
    return {file: sha256(_PACKAGES / file) for file in files}


def source_file(module: str) -> str:
    """The path of a promic_nb module in the project.

    Example:
        >>> source_file("promic_nb.core.code"), source_file("promic_nb.core")
        ('promic_nb/core/code.py', 'promic_nb/core/__init__.py')
    """
    path = Path(*module.split("."))
    is_package = (_PACKAGES / path).is_dir()
    return (path / "__init__.py" if is_package else path.with_suffix(".py")).as_posix()


@cache
def import_graph(package: str = "promic_nb") -> grimp.ImportGraph:
    """Which module of a package imports which, read from its source; imports for type checkers
    alone do not count.
    """
    return grimp.build_graph(package, exclude_type_checking_imports=True, cache_dir=None)


def imported(modules: Iterable[str], package: str = "promic_nb") -> set[str]:
    """The modules of the package among `modules`, and all that they import, directly or not."""
    graph = import_graph(package)
    found = {m for m in modules if m in graph.modules}
    return found | {m for name in list(found) for m in graph.find_upstream_modules(name)}


def closure(modules: Iterable[str], package: str = "promic_nb") -> set[str]:
    """All modules of the package whose source decides what `modules` do: what they import, the
    packages that hold them, and what these import.

    Tables of names are left out: a new name changes nothing for those who do not use it.
    """
    found = imported(modules, package)
    while parents := {m.rpartition(".")[0] for m in found if "." in m} - found:
        found |= imported(parents, package) | parents
    return found - tables(package)


@cache
def tables(package: str = "promic_nb") -> frozenset[str]:
    """The modules that hold registries: all named `registry`, but for the idiom itself."""
    named = {m for m in import_graph(package).modules if m.endswith(".registry")}
    return frozenset(named - {"promic_nb.core.registry"})


def defining_modules(*things: Any) -> set[str]:
    """The modules that define objects or functions, with what a partial, a closure or a container
    holds.

    Example:
        >>> from functools import partial
        >>> sorted(defining_modules(partial(sha256), Path()))
        ['pathlib', 'promic_nb.core.files']
    """
    return {name for thing in things for name in _defining(thing, set())}


def _defining(thing: Any, seen: set[int]) -> Iterator[str]:
    if id(thing) in seen:
        return
    seen.add(id(thing))
    held: list[Any] = []
    if isinstance(thing, partial):
        held = [thing.func, *thing.args, *thing.keywords.values()]
    elif ismethod(thing):
        held = [thing.__func__, thing.__self__]
    elif isfunction(thing):
        yield thing.__module__
        held = list(getclosurevars(thing).nonlocals.values())
    elif isinstance(thing, list | tuple):
        held = list(thing)
    elif isinstance(thing, dict):
        held = list(thing.values())
    else:
        yield (thing if isinstance(thing, type) else type(thing)).__module__
    for part in held:
        yield from _defining(part, seen)
