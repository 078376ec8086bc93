"""What `make reproduce` shows while it runs.

A line for each finished job goes into the scrollback; on a terminal, the running jobs are shown
below and refreshed. A run of many jobs gets a line for each notebook instead on a terminal.
"""

from __future__ import annotations

from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from promic_nb.core import paths
from promic_nb.reporting.formats import about, span
from promic_nb.runs.failure import reason_of_job
from promic_nb.runs.layout import RunFolder
from promic_nb.runs.progress import Job, look_at
from promic_nb.runs.session import Course, notices

MANY = 30  # a terminal gets a line for each notebook if there are more jobs than this
SHOWN = 8  # running jobs on a terminal
QUIET_S = 600.0  # elsewhere, a line tells after this time that jobs are still running
DRAW_S = 1.0  # seconds between two drawings
LOOK_S = 2.0  # seconds between two looks into the running notebooks


def notebook_of(job: str) -> str:
    """The notebook of a job, by its name.

    Example:
        >>> notebook_of("07_train_detector-A-low-seed0"), notebook_of("report")
        ('07_train_detector', 'report')
    """
    return job.partition("-")[0]


class Screen:
    """The progress of a session.

    Args:
        run: of the session.
        course: that is updated beside this.
        console: to print on.
    """

    def __init__(self, run: RunFolder, course: Course, console: Console) -> None:
        self.run, self.course, self.console = run, course, console
        moves = console.is_terminal and not console.is_dumb_terminal
        self.live = Live(console=console, transient=True, auto_refresh=False) if moves else None
        self._shown: set[str] = set()  # jobs with a line, and what was said of them
        self._begun = False
        self._last = self._looked = self._drawn = course.started

    def __enter__(self) -> Screen:
        if self.live:
            self.live.start()
        return self

    def __exit__(self, *_: Any) -> None:
        if self.live:
            self.live.stop()

    @property
    def grouped(self) -> bool:
        """Whether there is a line for each notebook, not for each job."""
        return self.live is not None and len(self.course.expected) > MANY

    def show(self, now: float) -> None:
        """Show what is new, and the running jobs."""
        if self.course.expected and not self._begun:
            self._begin(now)
        for done, name in enumerate(self.course.took, start=1):
            if name not in self._shown:
                self._shown.add(name)
                self._finished(name, done, now)
        for name, job in self.course.failed.items():
            if (attempt := f"{name} {self.course.began.get(name)}") not in self._shown:
                self._shown.add(attempt)
                self._failed(job, now)
        if now - self._looked >= LOOK_S:
            self._looked = now
            self._look()
        if self.live and now - self._drawn >= DRAW_S:
            self._drawn = now
            self.live.update(self._running(now), refresh=True)
        elif not self.live and self._quiet(now):
            for line in self._running_lines(now):
                self._say(line, now)

    def _quiet(self, now: float) -> bool:
        return now - self._last >= QUIET_S and bool(self.course.running)

    def _say(self, line: str, now: float) -> None:
        self._last = now
        self.console.print(Text(line), soft_wrap=True)

    def _begin(self, now: float) -> None:
        self._begun = True
        jobs, cores = len(self.course.expected), self.course.cores
        left = self.course.left_s(now)
        takes = f", about {about(left)}" if left is not None else ""
        side = f", {cores} at a time" if cores > 1 else ""
        log = paths.relative(self.run.full_log)
        self._say(f"{self.run.name}: {jobs} jobs{side}{takes}. Full log: {log}", now)

    def _finished(self, name: str, done: int, now: float) -> None:
        took, label = self.course.took[name], name
        if self.grouped:
            group = notebook_of(name)
            every = [n for n in self.course.expected if notebook_of(n) == group]
            if not set(every) <= self.course.took.keys():
                return
            took = sum(self.course.took[n] for n in every)
            label = f"{group} ({len(every)} jobs)" if len(every) > 1 else name
        total = len(self.course.expected)
        left = self.course.left_s(now) if done < total else None
        ends = f"{about(left)} left" if left is not None else ""
        self._say(f"{done:>4}/{total:<4} {span(took):>13} {ends:>12}  {label}", now)

    def _failed(self, job: Job, now: float) -> None:
        log = self.run.root / job.log
        self._say(f"promic: {job.name} failed: {reason_of_job(log)}", now)
        self._say(f"        log: {job.log}", now)

    def _look(self) -> None:
        """Look into the running notebooks: their progress, and what they have to say."""
        for name, job in list(self.course.running.items()):
            look_at(job, self.run.notebook(name), self.run.root)
            for line in notices(self.run.root / job.log):
                if f"{name} {line}" not in self._shown:
                    self._shown.add(f"{name} {line}")
                    self.console.print(Text(line), soft_wrap=True)

    def _running(self, now: float) -> Group:
        lines = self._running_lines(now)
        more = len(lines) - SHOWN
        shown = lines[:SHOWN] + ([f"       and {more} more jobs"] if more > 0 else [])
        if self.course.expected:
            left = self.course.left_s(now) if self.course.running else None
            ends = f", about {about(left)} left" if left is not None else ""
            done = f"{len(self.course.took)} of {len(self.course.expected)} jobs"
            shown.append(f"{done} in {span(now - self.course.started)}{ends}")
        else:
            shown = ["looking for what is out of date"]
        return Group(*(Text(x, no_wrap=True, overflow="ellipsis", style="cyan") for x in shown))

    def _running_lines(self, now: float) -> list[str]:
        lines = []
        for name, job in self.course.running.items():
            facts = [f"for {span(now - self.course.began[name])}"]
            if job.iterations:
                facts.append(f"step {job.iteration} of {job.iterations}")
            if job.left_s is not None:
                facts.append(f"about {about(job.left_s)} of training left")
            lines.append(f"running    {name}: {', '.join(facts)}")
        return lines
