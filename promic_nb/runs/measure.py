"""Measure the throughput of this machine from finished runs."""

from __future__ import annotations

import json
import os
import platform
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from promic_nb.core import paths
from promic_nb.core.paths import relative
from promic_nb.errors import UserError
from promic_nb.runs.dry_run import all_parameters, dry_run
from promic_nb.runs.estimate import SIZES, estimate, setting_of
from promic_nb.runs.layout import RunFolder
from promic_nb.runs.throughput import Throughput
from promic_nb.runs.work import AMOUNTS
from promic_nb.runs.workflow import Workflow


def measure(runs: list[RunFolder]) -> Throughput:
    """Medians per unit of work, over the executed notebooks of finished runs.

    The shortest notebook's time counts as the start-up time that every notebook needs.

    Raises:
        UserError: a run has no executed notebooks.
    """
    rows = [row for run in runs for row in _measured(run)]
    table = pd.DataFrame(rows, columns=["notebook", "key", "units", "seconds", "disk_mb"])
    start = float(table.seconds.min())
    table["seconds"] = (table.seconds - start).clip(lower=0) / table.units
    medians = table.groupby(["notebook", "key"])[["seconds", "disk_mb"]].median()
    nested: dict[str, dict[str, dict[str, float]]] = {}
    for notebook, key in medians.index:
        for column, value in medians.loc[(notebook, key)].items():
            column_of = nested.setdefault(notebook, {}).setdefault(str(column), {})
            column_of[key] = float(f"{value:.3g}")
    found = Throughput(machine(), _origin(runs), round(start, 1), nested)
    return replace(found, disk_gb=disk_needs(found))


def _measured(run: RunFolder) -> list[tuple[str, str, float, float, float]]:
    """Notebook, key, units, seconds and megabytes of a unit's files, for each executed notebook."""
    executed = [
        (Path(note["input_path"]).stem, note)
        for note in _notes(run)
        if note.get("duration") and not note.get("exception")
    ]
    if not executed:
        raise UserError(
            f"{run.path} has no executed notebooks",
            "Give the folder of a finished run, e.g. data/runs/quick/lucchi",
        )
    jobs = [(name, all_parameters(name, note["parameters"])) for name, note in executed]
    setting, rows = setting_of(run, jobs), []
    for (name, values), (_, note) in zip(jobs, executed, strict=True):
        if name in AMOUNTS:
            work = AMOUNTS[name](values, setting)
            size = _size_mb(values.get("folder", ""))
            rows.append((name, work.key, work.units, note["duration"], size / work.files))
    return rows


def _notes(run: RunFolder) -> list[dict[str, Any]]:
    """Papermill's metadata in each executed notebook of a run."""
    pages = sorted(run.notebooks.glob("*.ipynb"))
    return [json.loads(page.read_text())["metadata"].get("papermill", {}) for page in pages]


def _size_mb(folder: str) -> float:
    """Megabytes in a folder of the project; 0 if it does not exist."""
    if not folder:
        return 0.0
    return sum(f.stat().st_size for f in (paths.root() / folder).rglob("*") if f.is_file()) / 1e6


def _origin(runs: list[RunFolder]) -> str:
    last = max(n["end_time"] for run in runs for n in _notes(run) if n.get("end_time"))
    names = ", ".join(relative(run.path) for run in runs)
    return f"the notebooks of {names}, last on {last[:10]}; other programs may have been running"


def disk_needs(throughput: Throughput) -> dict[str, float]:
    """Gigabytes that each profile needs on all of Lucchi, as far as known, for `promic doctor`."""
    needs = {}
    for file in sorted((paths.root() / "config").glob("*.yaml")):
        jobs = dry_run(Workflow([file], {"dataset": "lucchi"}), again=True)
        table = estimate(jobs, throughput, SIZES["lucchi"])
        needs[file.stem] = round(float(table.disk_gb.sum()), 1)
    return needs


def machine() -> str:
    """Processor and cores of this machine."""
    about = Path("/proc/cpuinfo")
    text = about.read_text() if about.is_file() else ""
    model = re.search(r"^model name\s*: (.+)$", text, flags=re.M)
    name = model[1] if model else platform.processor() or platform.machine()
    return f"{name}, {os.cpu_count()} cores, 1 thread a job"
