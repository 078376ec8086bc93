"""Typed notebook parameters, checked before a kernel starts.

A misspelt name, a wrong type or a value out of range is an error.

A notebook's `parameters` cell declares them as `name: Type = default`, with Python's types or the
types below.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, create_model

from promic_nb.core.fields import check
from promic_nb.datasets.source import check_source
from promic_nb.errors import UserError


def code_cells(notebook: Path | dict) -> list[tuple[str, list[str]]]:
    """Source and tags of a notebook's code cells.

    The notebook is given as a path or as its nbformat 4 content.

    It is read as plain JSON: importing nbformat would add a second to every `make reproduce`.
    """
    if isinstance(notebook, Path):
        if not notebook.is_file():
            raise UserError(f"notebook {notebook} does not exist", "See notebooks/")
        content: dict = json.loads(notebook.read_text())
    else:
        content = notebook
    return [
        ("".join(c["source"]), c["metadata"].get("tags", []))
        for c in content["cells"]
        if c["cell_type"] == "code"
    ]


def parameters_cell(notebook: Path | dict) -> str:
    """Source of the cell tagged `parameters`.

    Raises:
        UserError: the notebook or the cell does not exist.
    """
    for source, tags in code_cells(notebook):
        if "parameters" in tags:
            return source
    raise UserError("the notebook has no cell tagged 'parameters'", "Tag its first code cell")


def declared(notebook: Path | dict) -> type[BaseModel]:
    """The parameters of a notebook as a pydantic model with its defaults."""
    namespace: dict[str, Any] = {}
    exec(compile(parameters_cell(notebook), "parameters", "exec", dont_inherit=True), namespace)
    fields: Any = {
        name: (kind, namespace[name]) for name, kind in namespace.get("__annotations__", {}).items()
    }
    return create_model("Parameters", __config__=ConfigDict(extra="forbid", strict=True), **fields)


def validate(notebook: Path | dict, values: dict[str, Any], name: str = "") -> dict[str, Any]:
    """All parameters of a notebook, with `values` replacing defaults.

    Raises:
        UserError: one line that names the notebook, the parameter and the choices.
    """
    where = name or (str(notebook) if isinstance(notebook, Path) else "the notebook")
    parameters = check(declared(notebook), values, where)
    if {"dataset", "data"} <= set(parameters):
        try:
            check_source(parameters["dataset"], parameters["data"])
        except UserError as error:
            raise UserError(f"{where}: {error.what}", error.remedy) from None
    return parameters
