"""Copy figures and tables of a run to figures/, which is under version control."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

from promic_nb.errors import UserError
from promic_nb.reporting.artifacts import sidecars
from promic_nb.runs.layout import RunFolder


def publish(run: RunFolder, names: list[str], target: Path) -> list[Path]:
    """Copy artifacts of a run, with all files and sidecars, to `target`; return the copies.

    Raises:
        UserError: the run has no such artifact, or has a figure and a table with that name, which
            would share one sidecar. Nothing is copied then.
    """
    found = sidecars(run)
    there = {a["artifact"]: a for a in found}
    count = Counter(a["artifact"] for a in found)
    if twice := [n for n in names if count[n] > 1]:
        raise UserError(
            f"the run {run.name} has a figure and a table called {twice[0]!r}",
            "Rename one in its notebook",
        )
    if missing := [n for n in names if n not in there]:
        raise UserError(
            f"the run {run.name} has no {missing[0]!r}",
            f"It has: {', '.join(there)}",
        )
    files = [
        there[n]["path"].parent / f
        for n in names
        for f in (*there[n]["files"], there[n]["path"].name)
    ]
    target.mkdir(exist_ok=True)
    return [Path(shutil.copy2(f, target / f.name)) for f in files]
