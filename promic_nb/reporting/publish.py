"""Publish tables of a run: copy them to figures/, which is under version control.

Figures are not copied. `redraw` draws them from the tables.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any

from promic_nb.core.files import atomically, sha256
from promic_nb.errors import UserError
from promic_nb.reporting.published import Published, all_figures, refuse_mixed_runs
from promic_nb.runs.explain import read_sidecar
from promic_nb.runs.layout import RunFolder

LARGEST = 3e6  # bytes; a larger table, such as all detections, is published only by its name


def publish(run: RunFolder, names: Sequence[str], target: Path) -> list[str]:
    """Copy tables of a run with their sidecars to `target`; return their names.

    Args:
        names: of tables, or of figures, which stand for the tables that they are drawn from; none:
            all tables of the run of at most `LARGEST` bytes.

    Raises:
        UserError: the run has no such table, or lacks one that a figure needs, or a table is not as
            its sidecar describes it, or a figure would show several runs. Nothing is copied then.
    """
    there = {path.stem: path for path in sorted(run.tables.glob("*.parquet"))}
    small = [name for name, path in there.items() if path.stat().st_size <= LARGEST]
    chosen = [t for name in names for t in _tables(name, there, run)] if names else small
    for name in chosen:
        path = there[name]
        if read_sidecar(path)["files"].get(path.name) != sha256(path):
            raise UserError(
                f"{path} is not the file that its sidecar describes",
                "Delete it and make it again: make reproduce",
            )
    before = Published(target)
    there_already = {name: before.sidecar(name) for name in before.tables if name not in chosen}
    refuse_mixed_runs(there_already | {name: read_sidecar(there[name]) for name in chosen})
    target.mkdir(exist_ok=True)
    for name in dict.fromkeys(chosen):
        atomically(target / there[name].name, partial(shutil.copyfile, there[name]))
        about = json.dumps(_without_places(read_sidecar(there[name])), indent=1)
        atomically(target / f"{name}.json", partial(Path.write_text, data=about))
    return list(dict.fromkeys(chosen))


def _without_places(value: Any) -> Any:
    """A sidecar in which paths of this machine, such as that of the data, are names only."""
    if isinstance(value, dict):
        return {key: _without_places(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_without_places(part) for part in value]
    return Path(value).name if isinstance(value, str) and value.startswith("/") else value


def _tables(name: str, there: dict[str, Path], run: RunFolder) -> list[str]:
    """The tables that a table's or a figure's name stands for."""
    if name in there:
        return [name]
    figures = next((f for f in all_figures() if fnmatchcase(name, f.names)), None)
    if figures is None:
        raise UserError(
            f"the run {run.name} has no table {name!r}, and no figure of that name is drawn from "
            "tables",
            f"It has: {', '.join(there)}",
        )
    found = {wanted: [t for t in there if fnmatchcase(t, wanted)] for wanted in figures.tables}
    if missing := [wanted for wanted, tables in found.items() if not tables]:
        raise UserError(
            f"the run {run.name} has no table {missing[0]!r}, which {name!r} is drawn from",
            "Run its notebook again: make reproduce",
        )
    return [table for tables in found.values() for table in tables]
