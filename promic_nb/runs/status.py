"""The state of a run.

Jobs by rule come from Snakemake's log, cells and iterations from the running notebooks' files.
"""

from __future__ import annotations

import json
import os
import platform
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from promic_nb.core.files import atomically
from promic_nb.errors import UserError
from promic_nb.runs.layout import RunFolder
from promic_nb.runs.progress import Job, look_at
from promic_nb.runs.snakemake_log import Events, read_events


@dataclass
class Status:
    """The last session of a run.

    Attributes:
        run: PROFILE/DATASET.
        state: running, finished, failed, or stopped (killed, or its machine went down).
        done, total: number of jobs by rule.
    """

    run: str
    state: str
    done: dict[str, int]
    total: dict[str, int]
    running: list[Job] = field(default_factory=list)
    waiting: list[Job] = field(default_factory=list)
    failed: list[Job] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """The status as a dictionary, for JSON."""
        return asdict(self)


def note_session(run: RunFolder, *logs: str, jobs: dict[str, float | None] | None = None) -> None:
    """Note which Snakemake log and which process belong to a run's session.

    The Snakefile calls this when jobs start.

    Args:
        jobs: the seconds that each planned job is expected to take, or None, by name.
    """
    about: dict[str, Any] = {}
    if logs:
        log = Path(logs[0]).resolve().relative_to(run.root.resolve())
        about = {"log": log.as_posix(), "pid": os.getpid(), "host": platform.node()}
    about["jobs"] = jobs or {}
    atomically(run.session, lambda p: p.write_text(json.dumps(about)))


def read_status(run: RunFolder) -> Status:
    """Read the state of a run from its files alone.

    So the run may be here, or on a cluster with a shared file system.

    Raises:
        UserError: the run was not started by the Snakefile, or Snakemake's log is missing.
    """
    try:
        about = json.loads(run.session.read_text())
        events = read_events((run.root / about["log"]).read_text())
    except (OSError, ValueError, LookupError):
        raise UserError(
            f"{run.path} has no Snakemake log", "Start or resume the run: make reproduce"
        ) from None
    done = Counter(events.jobs[i].rule for i in events.finished if i in events.jobs)
    status = Status(
        run.name,
        _state(events, sum(done.values()), about),
        dict(done),
        events.total,
        failed=[events.jobs[i] for i in events.failed if i in events.jobs],
    )
    began = run.session.stat().st_mtime
    for number, job in events.jobs.items():
        if number in events.finished | events.failed or status.state != "running":
            continue
        log = run.root / job.log
        if not job.log or not log.is_file() or log.stat().st_mtime < began:
            status.waiting.append(job)
        else:
            look_at(job, run.notebook(job.name), run.root)
            status.running.append(job)
    return status


def _state(events: Events, done: int, about: dict[str, Any]) -> str:
    """The state of a session.

    Args:
        done: number of its finished jobs.
        about: host and process of Snakemake.
    """
    if done >= sum(events.total.values()):
        return "finished"
    if events.ended:
        return "failed"
    # A process on another machine cannot be checked, so it counts as running.
    return "running" if about["host"] != platform.node() or _lives(about["pid"]) else "stopped"


def _lives(pid: int) -> bool:
    """Whether a process exists on this machine, of any user."""
    if Path(f"/proc/{pid}").exists():
        return True
    try:
        os.kill(pid, 0)
    except (OSError, ValueError):
        return False
    return True
