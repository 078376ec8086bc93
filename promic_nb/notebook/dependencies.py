"""Which source files a notebook run depends on: a change in one of them reruns it.

They are what the notebook imports, directly or indirectly, and what its parameter values name. A
parameter belongs to a registry if its type says so, such as `codec: CodecName` with
`CodecName = Annotated[str, CODECS]`: a run with `codec: hevc` depends on the module of that codec,
not on those of other codecs. A table of names is not a dependency itself, so a new name reruns
nothing.

Code may also use a registry without such a parameter. It may then use any entry, so the run depends
on all of them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args

from promic_nb.core import code as source
from promic_nb.core.registry import Registry
from promic_nb.notebook import parameters


def code(notebook: Path, values: dict[str, Any]) -> list[str]:
    """The source files that a notebook run depends on.

    They are files of promic_nb, by their path in the project, and the files of other packages that
    define what the parameters name.

    Args:
        notebook: a stored notebook.
        values: parameters of the run; missing ones have their defaults.

    Raises:
        UserError: the notebook does not exist.
    """
    return sorted(file for name in modules(notebook, values) if (file := _file(name)))


def modules(notebook: Path, values: dict[str, Any], package: str = "promic_nb") -> set[str]:
    """The modules behind these files: those of a package, and those it names in other packages."""
    notebook = notebook.absolute()
    chosen, used, entries = _chosen(notebook, values), set(imports(notebook)), set[str]()
    while True:
        reached = frozenset(source.imported(used, package))
        more = set(_entries(chosen, _registries(reached, package)))
        if more <= entries:
            foreign = {name for name in entries if name.partition(".")[0] != package}
            return source.closure(used, package) | foreign
        entries |= more
        used |= more


def _file(module: str) -> str:
    """The source file of a module; "" if it has none."""
    if module.partition(".")[0] == "promic_nb":
        return source.source_file(module)
    spec = find_spec(module)
    return spec.origin or "" if spec and spec.has_location else ""


@cache
def imports(notebook: Path) -> frozenset[str]:
    """The modules that a notebook's cells import, and names that may be modules."""
    found: set[str] = set()
    for text, _ in parameters.code_cells(notebook):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and node.module:
                found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
            elif isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
    return frozenset(found)


Chosen = list[tuple[Registry[Any], set[str]]]


def _chosen(notebook: Path, values: dict[str, Any]) -> Chosen:
    """The registries in the types of a notebook's parameters, with the names that a run uses."""
    return [
        (registry, {text for text in _texts(values.get(name, default)) if text in registry})
        for name, default, registries in _parameters(notebook)
        for registry in registries
    ]


@cache
def _parameters(notebook: Path) -> list[tuple[str, Any, list[Registry[Any]]]]:
    """The name, default and registries of each parameter."""
    fields = parameters.declared(notebook).model_fields
    return [
        (name, about.default, [*_in_type(about.annotation), *_in_metadata(about.metadata)])
        for name, about in fields.items()
    ]


def _in_type(kind: Any) -> Iterator[Registry[Any]]:
    """The registries in a type, such as in `list[Annotated[str, CODECS]]`."""
    yield from _in_metadata(getattr(kind, "__metadata__", ()))
    for part in get_args(kind):
        yield from _in_type(part)


def _in_metadata(metadata: Iterable[Any]) -> list[Registry[Any]]:
    return [m for m in metadata if isinstance(m, Registry)]


def _texts(value: Any) -> Iterator[str]:
    """All strings in a value, including keys."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from (*_texts(key), *_texts(inner))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


@cache
def _registries(used: frozenset[str], package: str) -> list[Registry[Any]]:
    """The registries in those modules that are tables of names."""
    found = [
        registry
        for table in sorted(used & source.tables(package))
        for registry in vars(import_module(table)).values()
        if isinstance(registry, Registry)
    ]
    return list({id(registry): registry for registry in found}.values())


def _entries(chosen: Chosen, used: list[Registry[Any]]) -> Iterator[str]:
    """The modules of the chosen names, and all modules of registries without a parameter.

    These are registries that the code uses, but that no parameter selects from.
    """
    for registry, names in chosen:
        yield from map(registry.module, names)
    named = [parameter.places.items() for parameter, _ in chosen]
    for registry in used:
        if not any(registry.places.items() & places for places in named):
            yield from map(registry.module, registry)
