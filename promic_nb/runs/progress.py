"""The progress of a running job: its notebook cell, and the iteration of a training in it."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


@dataclass
class Job:
    """A job that is running, queued or failed.

    Attributes:
        name: of its log without suffix, e.g. `07_train_detector-A-low-seed0`.
        cell, cells: number of the notebook's current cell, and of all cells; 0 before it starts.
        heading: the last heading above that cell.
        iteration, iterations: of the training in that cell; 0 if there is none.
        elapsed_s, left_s: seconds since the notebook started, and until the training ends at its
            current speed; None if unknown.
    """

    rule: str
    name: str
    log: str
    cell: int = 0
    cells: int = 0
    heading: str = ""
    iteration: int = 0
    iterations: int = 0
    elapsed_s: float | None = None
    left_s: float | None = None


def look_at(job: Job, notebook: Path, root: Path) -> None:
    """Fill in the progress of a notebook; papermill writes it whenever a cell starts or ends.

    Args:
        root: the folder that the notebook's paths are relative to.
    """
    try:
        page = json.loads(notebook.read_text())
    except (OSError, ValueError):
        return  # not written yet, or being written
    about, cells = page["metadata"].get("papermill", {}), page["cells"]
    states = [c["metadata"].get("papermill", {}) for c in cells]
    current = _current(states)
    headings = [
        "".join(c["source"]).splitlines()[0].lstrip("# ")
        for c in cells[: current + 1]
        if c["cell_type"] == "markdown" and c["source"]
    ]
    job.cell, job.cells, job.heading = current + 1, len(cells), headings[-1] if headings else ""
    if about.get("start_time"):
        elapsed = datetime.now(UTC) - datetime.fromisoformat(about["start_time"])
        job.elapsed_s = round(elapsed.total_seconds(), 1)
    values = about.get("parameters", {})
    if values.get("folder") and states[current].get("start_time"):
        since = datetime.fromisoformat(states[current]["start_time"])
        _look_at_training(job, root / values["folder"], values.get("steps", 0), since)


def _current(states: list[dict[str, Any]]) -> int:
    """The running cell, or the one after the completed cells."""
    running = (i for i, s in enumerate(states) if s.get("status") == "running")
    completed = sum(s.get("status") == "completed" for s in states)
    return min(next(running, completed), len(states) - 1)


def _look_at_training(job: Job, folder: Path, steps: int, since: datetime) -> None:
    """Fill in the progress of the training in a cell, from its log."""
    logs = [f for f in folder.rglob("metrics.csv") if f.stat().st_mtime >= since.timestamp()]
    if not logs:
        return
    newest = max(logs, key=lambda f: f.stat().st_mtime)
    with newest.open() as file:
        done = [
            int(row["step"]) + 1
            for row in csv.DictReader(file)
            if (row.get("step") or "").isdigit()
        ]
    if not done:
        return
    job.iteration, job.iterations = done[-1], steps
    seconds = newest.stat().st_mtime - since.timestamp()
    resumed = newest.with_name("metrics.earlier.csv").is_file()
    first = done[0] if resumed else 0  # where this session started
    if steps > done[-1] > first:
        job.left_s = round(seconds / (done[-1] - first) * (steps - done[-1]), 1)
