"""What a run is doing: jobs by rule from Snakemake's log, cells and iterations from what running
notebooks leave behind.
"""

from __future__ import annotations

import csv
import json
import os
import platform
import re
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from promic_nb.core.files import atomically
from promic_nb.errors import UserError

SITTING = "sitting.json"
EVENT = re.compile(
    r"^(?:local)?rule (?P<rule>\w+):$|^    jobid: (?P<started>\d+)$|^    log: (?P<log>[^,\s]+)|^Finished jobid: (?P<finished>\d+)"
    r"|^Error in rule (?P<error>\w+)|^(?P<count>\w+) +(?P<jobs>\d+)$|^(?P<end>Exiting because|Nothing to be done)",
    re.MULTILINE,
)


@dataclass
class Job:
    """A job that runs, waits in a queue, or failed.

    Attributes:
        name: of its log without suffix, e.g. `07_train_detector-A-low-seed0`.
        cell, cells: the notebook's current cell and their number; 0 where it has not begun.
        heading: the last heading above that cell.
        iteration, iterations: of a training in that cell; 0 where there is none.
        elapsed_s, left_s: since the notebook began, and to the training's end at its present speed;
            None where unknown.
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


@dataclass
class Status:
    """A run's last sitting.

    `state`: running, finished, failed, or stopped (killed, or on a machine that cannot be asked).
    """

    run: str
    state: str
    done: dict[str, int]
    total: dict[str, int]
    running: list[Job] = field(default_factory=list)
    waiting: list[Job] = field(default_factory=list)
    failed: list[Job] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def note_sitting(run: Path, *logs: str) -> None:
    """Write down which of Snakemake's logs belongs to a run, and which process: the Snakefile calls
    it when jobs start.
    """
    run.mkdir(parents=True, exist_ok=True)
    root = run.resolve().parents[3]
    about = (
        {
            "log": Path(logs[0]).resolve().relative_to(root).as_posix(),
            "pid": os.getpid(),
            "host": platform.node(),
        }
        if logs
        else {}
    )
    atomically(run / SITTING, lambda p: p.write_text(json.dumps(about)))


def find_sitting(root: Path, name: str = "") -> Path:
    """A run's folder by PROFILE/DATASET; by default the one that was started last.

    Raises:
        UserError: no such run, with those that there are.
    """
    runs = sorted((root / "data" / "runs").glob(f"*/*/{SITTING}"), key=lambda p: p.stat().st_mtime)
    chosen = [p for p in runs if name in ("", f"{p.parent.parent.name}/{p.parent.name}")]
    if not chosen:
        there = ", ".join(f"{p.parent.parent.name}/{p.parent.name}" for p in runs) or "none yet"
        raise UserError(
            f"no run {name!r} was started" if name else "no run was started yet",
            f"Runs: {there}. Start one with: make reproduce",
        )
    return chosen[-1].parent


def read_status(run: Path) -> Status:
    """The state of a run in data/runs/PROFILE/DATASET, from its files alone: it may run here, or on
    a cluster over a shared file system.

    Raises:
        UserError: the run was not started by the Snakefile, or Snakemake's log is gone.
    """
    try:
        about = json.loads((run / SITTING).read_text())
        root = run.resolve().parents[3]
        text = (root / about["log"]).read_text()
    except (OSError, ValueError, LookupError):
        raise UserError(
            f"{run} has no log of Snakemake's", "Start or continue the run: make reproduce"
        ) from None
    total, jobs, finished, failed, ended = _events(text)
    done = Counter(jobs[i].rule for i in finished if i in jobs)
    alive = (
        about["host"] != platform.node()
        or Path(f"/proc/{about['pid']}").exists()
        or _answers(about["pid"])
    )
    whole = sum(done.values()) >= sum(total.values())
    state = "finished" if whole else "failed" if ended else "running" if alive else "stopped"
    status = Status(
        f"{run.parent.name}/{run.name}",
        state,
        dict(done),
        total,
        failed=[jobs[i] for i in failed if i in jobs],
    )
    began = (run / SITTING).stat().st_mtime
    for number, job in jobs.items():
        if number in finished or number in failed or state != "running":
            continue
        log = root / job.log
        if not job.log or not log.is_file() or log.stat().st_mtime < began:
            status.waiting.append(job)
        else:
            _look_at(job, run / "notebooks" / f"{job.name}.ipynb", root)
            status.running.append(job)
    return status


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (OSError, ValueError):
        return False
    return True


def _events(text: str) -> tuple[dict[str, int], dict[int, Job], set[int], set[int], bool]:
    """Jobs by rule in all, started jobs, finished and failed ones, and whether Snakemake gave up,
    from its log.
    """
    total: dict[str, int] = {}
    jobs: dict[int, Job] = {}
    finished, failed = set(), set()
    rule = log = error = ""
    ended = False
    for event in EVENT.finditer(text):
        if event["count"] and not jobs:
            total[event["count"]] = int(event["jobs"])
        elif event["rule"]:
            rule, log, error = event["rule"], "", ""
        elif event["error"]:
            rule, log, error = event["error"], "", event["error"]
        elif event["log"]:
            log = event["log"]
        elif event["started"]:
            number = int(event["started"])
            failed.discard(number)
            if error:
                failed.add(number)
            elif rule:
                jobs[number] = jobs.pop(
                    number, Job(rule, Path(log).stem or rule, log)
                )  # a second attempt goes to the end
        elif event["finished"]:
            finished.add(int(event["finished"]))
        elif event["end"]:
            ended = True
    total.pop("total", None)
    return total, jobs, finished, failed, ended


def _look_at(job: Job, notebook: Path, root: Path) -> None:
    """Fill in where a running notebook is: papermill writes it whenever a cell begins or ends."""
    try:
        page = json.loads(notebook.read_text())
    except (OSError, ValueError):
        return  # not written yet, or just being written
    about, cells = page["metadata"].get("papermill", {}), page["cells"]
    now = datetime.now(UTC)
    states = [c["metadata"].get("papermill", {}) for c in cells]
    current = next(
        (i for i, s in enumerate(states) if s.get("status") == "running"),
        sum(s.get("status") == "completed" for s in states),
    )
    current = min(current, len(cells) - 1)
    headings = [
        "".join(c["source"]).splitlines()[0].lstrip("# ")
        for c in cells[: current + 1]
        if c["cell_type"] == "markdown" and c["source"]
    ]
    job.cell, job.cells, job.heading = current + 1, len(cells), headings[-1] if headings else ""
    if about.get("start_time"):
        job.elapsed_s = round(
            (now - datetime.fromisoformat(about["start_time"])).total_seconds(), 1
        )
    values = about.get("parameters", {})
    if values.get("folder") and states[current].get("start_time"):
        _iterations(
            job,
            root / values["folder"],
            values.get("steps", 0),
            datetime.fromisoformat(states[current]["start_time"]),
        )


def _iterations(job: Job, folder: Path, steps: int, since: datetime) -> None:
    """Fill in how far the cell's training is, from the log that it writes."""
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
    earlier = newest.with_name("metrics.earlier.csv")
    first = done[0] if earlier.is_file() else 0  # where this sitting began
    if steps > done[-1] > first:
        job.left_s = round(seconds / (done[-1] - first) * (steps - done[-1]), 1)
