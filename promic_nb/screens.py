"""What `promic doctor`, `status` and `plan` show on a terminal. Tables by rich; the contents come from the modules of these names."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pandas as pd
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from promic_nb.doctor import Finding
from promic_nb.report import span
from promic_nb.status import Status

MARKS = {"ok": "[green]ok[/]", "missing": "[yellow]missing[/]", "broken": "[bold red]broken[/]"}
STATES = {"running": "cyan", "finished": "green", "failed": "red", "stopped": "yellow"}
NEXT = {
    "failed": "Mend the cause, then make reproduce goes on.",
    "stopped": "Killed, or its machine went away: make reproduce goes on.",
    "running": "",
}


def show(screen: RenderableType) -> None:
    """Print a screen."""
    Console(highlight=False).print(screen)


def doctor(findings: list[Finding]) -> RenderableType:
    """All findings, and what would be brought by which command."""
    grid = Table(box=None, show_header=False, pad_edge=False)
    part = ""
    for f in findings:
        about = escape(f.about) + (f"\n[dim]-> {escape(f.remedy)}[/]" if f.remedy and f.state != "ok" else "")
        grid.add_row(f"[bold]{f.part}[/]" if f.part != part else "", MARKS[f.state], escape(f.name), about)
        part = f.part
    broken = [f.name for f in findings if f.state == "broken"]
    missing = sum(f.state == "missing" for f in findings)
    verdict = f"[bold red]Broken: {escape(', '.join(broken))}.[/]" if broken else "[green]Ready to run.[/]"
    return Group(grid, Text.from_markup(f"{verdict} {missing} optional things are missing or differ."))


def status(now: Status) -> RenderableType:
    """Jobs by rule with bars, and each running and failed job."""
    done, total = sum(now.done.values()), sum(now.total.values())
    parts: list[RenderableType] = [
        Text.from_markup(f"[bold]{escape(now.run)}[/]  [{STATES[now.state]}]{now.state}[/]  {done} of {total} jobs  {NEXT.get(now.state, '')}")
    ]
    rules = Table(box=None, show_header=False, pad_edge=False)
    for rule, count in now.total.items():
        finished = now.done.get(rule, 0)
        rules.add_row(rule, ProgressBar(count, finished, width=20), f"{finished}/{count}")
    parts.append(rules)
    if now.running:
        grid = Table("Running", "Cell", "At", "Iteration", "For", "Training ends in", box=None, pad_edge=False)
        for job in now.running:
            grid.add_row(
                escape(job.name),
                _of(job.cell, job.cells),
                escape(job.heading),
                _of(job.iteration, job.iterations),
                span(job.elapsed_s),
                span(job.left_s),
            )
        parts += [Text(), grid]
    if now.waiting:
        parts += [Text(), Text(f"Waiting in the queue: {', '.join(job.name for job in now.waiting)}")]
    for job in now.failed:
        parts += [Text.from_markup(f"[red]failed[/]  {escape(job.name)}  log: {escape(job.log)}")]
    return Group(*parts)


def _of(part: int, whole: int) -> str:
    return f"{part}/{whole}" if whole else str(part or "")


def watch(read: Callable[[], Status], every_s: float = 2.0) -> None:
    """Show a run's state live until it ends, or Ctrl-C."""
    with Live(status(now := read()), console=Console(highlight=False)) as live:
        try:
            while now.state == "running":
                time.sleep(every_s)
                live.update(status(now := read()))
        except KeyboardInterrupt:
            return


def plan(table: pd.DataFrame, run: str, rates: dict[str, Any]) -> RenderableType:
    """Jobs, hours and disk by rule, and where the estimate comes from."""
    if table.empty:
        return Text(f"{run}: nothing to do; every job is finished.")
    grid = Table("Rule", "Jobs", "Hours", "Longest job", "Disk (GB)", "Memory (GB)", box=None, pad_edge=False)
    for column in grid.columns[1:]:
        column.justify = "right"
    for row in table.itertuples():
        longest = span(row.longest_h * 3600)
        grid.add_row(row.rule, str(row.jobs), _known(row.hours), longest, _known(row.disk_gb), f"{row.memory_mb / 1e3:.1f}")
    more = "at least " if table.hours.isna().any() else "about "
    total = f"{run}: {table.jobs.sum()} jobs, {more}{table.hours.sum():.1f} hours one after another, {more}{table.disk_gb.sum():.1f} GB of disk."
    if table.hours.sum() == 0:
        total = f"{run}: {table.jobs.sum()} jobs. Hours and disk are unknown: measure a finished run first (promic plan --measure RUN)."
    notes = [
        f"An estimate from rates measured on: {rates.get('machine', 'a machine that the table does not name')} ({rates.get('origin', 'no origin')})."
    ]
    if guesses := sorted({g for row in table.guessed for g in row.split(", ") if g}):
        notes.append(f"Not measured (?, or the mean of their like): {', '.join(guesses)}.")
    return Group(grid, Text(), Text(total, style="bold"), *(Text(n, style="dim") for n in notes))


def _known(value: float) -> str:
    return f"{value:.2f}" if value == value else "?"
