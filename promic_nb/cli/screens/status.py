"""The screen of `promic status`."""

from __future__ import annotations

import time
from collections.abc import Callable

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from promic_nb.reporting.formats import span
from promic_nb.runs.progress import Job
from promic_nb.runs.status import Status

COLOURS = {"running": "cyan", "finished": "green", "failed": "red", "stopped": "yellow"}
NEXT = {
    "failed": "Fix the error, then rerun `make reproduce`.",
    "stopped": "It was killed, or its machine went down. Resume it with `make reproduce`.",
}


def screen(now: Status) -> RenderableType:
    """Jobs by rule with bars, and each running and failed job."""
    done, total = sum(now.done.values()), sum(now.total.values())
    state = f"[{COLOURS[now.state]}]{now.state}[/]"
    head = f"[bold]{escape(now.run)}[/]  {state}  {done} of {total} jobs  {NEXT.get(now.state, '')}"
    rules = Table(box=None, show_header=False, pad_edge=False)
    for rule, count in now.total.items():
        finished = now.done.get(rule, 0)
        rules.add_row(rule, ProgressBar(count, finished, width=20), f"{finished}/{count}")
    parts: list[RenderableType] = [Text.from_markup(head), rules]
    if now.running:
        parts += [Text(), _running(now.running)]
    if now.waiting:
        names = ", ".join(job.name for job in now.waiting)
        parts += [Text(), Text(f"Waiting in the queue: {names}")]
    for job in now.failed:
        parts += [Text.from_markup(f"[red]failed[/]  {escape(job.name)}  log: {escape(job.log)}")]
    return Group(*parts)


def _running(jobs: list[Job]) -> Table:
    columns = ("Running", "Cell", "At", "Iteration", "For", "Training ends in")
    grid = Table(*columns, box=None, pad_edge=False)
    for job in jobs:
        grid.add_row(
            escape(job.name),
            _of(job.cell, job.cells),
            escape(job.heading),
            _of(job.iteration, job.iterations),
            span(job.elapsed_s),
            span(job.left_s),
        )
    return grid


def _of(part: int, whole: int) -> str:
    return f"{part}/{whole}" if whole else str(part or "")


def watch(read: Callable[[], Status], every_s: float = 2.0) -> None:
    """Show the state of a run live until it ends or Ctrl-C is pressed."""
    with Live(screen(now := read()), console=Console(highlight=False)) as live:
        try:
            while now.state == "running":
                time.sleep(every_s)
                live.update(screen(now := read()))
        except KeyboardInterrupt:
            return
