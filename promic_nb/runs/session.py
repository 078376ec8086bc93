"""A session of a run: Snakemake at work, its output in the run's log, and how far it is."""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from promic_nb.core import paths
from promic_nb.runs.layout import RunFolder
from promic_nb.runs.progress import Job
from promic_nb.runs.snakemake_log import Events, read_events
from promic_nb.runs.workflow import Workflow

# The lock of a session's starter replaces Snakemake's own, which would survive a kill.
ALWAYS = ("--rerun-incomplete", "--show-failed-logs", "--nolock")
# The expected times are trusted as much as this many seconds of the session itself.
TRUST_S = 30.0


@dataclass
class Course:
    """How far a session is.

    Attributes:
        cores: jobs that run side by side.
        started: when the session started, in seconds of a monotonic clock, as all times here.
        expected: the planned jobs, and the seconds that each was expected to take, or None.
        began: when jobs began.
        took: seconds of the finished jobs, in the order in which they finished.
        running, failed: jobs by name.
    """

    cores: int
    started: float
    expected: dict[str, float | None] = field(default_factory=dict)
    began: dict[str, float] = field(default_factory=dict)
    took: dict[str, float] = field(default_factory=dict)
    running: dict[str, Job] = field(default_factory=dict)
    failed: dict[str, Job] = field(default_factory=dict)

    def update(self, events: Events, now: float) -> None:
        """Note what has happened until now."""
        for number, job in events.jobs.items():
            if job.rule == "all" or job.name in self.took:
                continue
            if number in events.failed:
                self.failed[job.name] = self.running.pop(job.name, job)
            elif number in events.finished:
                self.took[job.name] = now - self.began.get(job.name, now)
                self.running.pop(job.name, None)
            elif job.name not in self.running:
                self.failed.pop(job.name, None)  # another attempt
                self.began[job.name] = now
                self.running[job.name] = job

    def left_s(self, now: float) -> float | None:
        """Seconds until the session ends, at its speed so far; None if nothing is known.

        The speed is that of the expected work done in the time elapsed. The first estimates lean
        on the expected times themselves. A job of unknown length counts as an average one.
        """
        known = [s for s in self.expected.values() if s is not None] or list(self.took.values())
        if not known:
            return None
        mean = sum(known) / len(known)
        work = {n: mean if s is None else s for n, s in self.expected.items()}
        done = sum(work.get(name, mean) for name in self.took)
        done += sum(min(now - self.began[name], work.get(name, mean)) for name in self.running)
        speed = (done + TRUST_S * self.cores) / (now - self.started + TRUST_S)
        return max(0.0, sum(work.values()) - done) / speed


class Session:
    """Snakemake at work on a run.

    Args:
        run: of the workflow.
        workflow: what Snakemake is told.
        options: of Snakemake, besides.
        lock: a file descriptor that Snakemake inherits, so that the lock lasts as long as it does.
    """

    def __init__(self, run: RunFolder, workflow: Workflow, options: list[str], lock: int) -> None:
        self.run = run
        self.log = run.full_log
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as out:
            out.write(f"\n== make reproduce, {time.strftime('%F %T')} ==\n".encode())
            out.flush()
            self._start = self._size = out.tell()
            self.process = subprocess.Popen(
                workflow.command(*options),
                cwd=paths.root(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                pass_fds=(lock,),
            )

    def output(self) -> str:
        """Snakemake's output in this session."""
        with self.log.open("rb") as file:
            file.seek(self._start)
            return file.read().decode(errors="replace")

    def follow(self, course: Course) -> None:
        """Bring the course up to date, if Snakemake has said something new."""
        if not course.expected:
            course.expected = self._planned()
        if (size := self.log.stat().st_size) != self._size:
            self._size = size
            course.update(read_events(self.output()), time.monotonic())

    def _planned(self) -> dict[str, float | None]:
        """The session's jobs, from the note that the workflow writes when jobs start."""
        try:
            about = json.loads(self.run.session.read_text())
        except (OSError, ValueError):
            return {}
        return about.get("jobs", {}) if about.get("pid") == self.process.pid else {}


def available_cores(options: list[str]) -> int:
    """The number of cores in Snakemake's options; 1 if a cluster's profile decides.

    Example:
        >>> available_cores(["--cores", "4"]), available_cores(["--profile", "config/slurm"])
        (4, 1)
    """
    if "--cores" not in options:
        return 1
    words = options[options.index("--cores") + 1 :]
    return int(words[0]) if words and words[0].isdigit() else os.cpu_count() or 1


def notices(log: Path) -> list[str]:
    """What a job says to the user while it runs: the lines of its log that begin with `promic: `.

    Example: another process is still writing the same notebook, and the job waits for it.
    """
    if not log.is_file():
        return []
    return [x for x in log.read_text(errors="replace").splitlines() if x.startswith("promic: ")]
