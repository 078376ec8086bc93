"""What `promic doctor`, `status`, `plan` and `compare` show on a terminal.

Tables by rich; the contents come from the modules of these names.
"""

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
from rich.tree import Tree

from promic_nb.cli.doctor import Finding
from promic_nb.reporting.report import span
from promic_nb.runs.compare import Comparison
from promic_nb.runs.status import Status

MARKS = {"ok": "[green]ok[/]", "missing": "[yellow]missing[/]", "broken": "[bold red]broken[/]"}
STATES = {"running": "cyan", "finished": "green", "failed": "red", "stopped": "yellow"}
NEXT = {
    "failed": "Fix the error, then rerun `make reproduce`.",
    "stopped": "It was killed, or its machine went away. Resume it: `make reproduce`.",
    "running": "",
}


SHOWN = 5  # changes and reasons of an artifact on the terminal


def show(screen: RenderableType, soft_wrap: bool = False) -> None:
    """Print a screen; with `soft_wrap` the terminal breaks long lines, so that they can be searched
    and copied.
    """
    Console(highlight=False, soft_wrap=soft_wrap).print(screen)


def doctor(findings: list[Finding]) -> RenderableType:
    """All findings, and what would be brought by which command."""
    grid = Table(box=None, show_header=False, pad_edge=False)
    part = ""
    for f in findings:
        about = escape(f.about) + (
            f"\n[dim]-> {escape(f.remedy)}[/]" if f.remedy and f.state != "ok" else ""
        )
        grid.add_row(
            f"[bold]{f.part}[/]" if f.part != part else "", MARKS[f.state], escape(f.name), about
        )
        part = f.part
    broken = [f.name for f in findings if f.state == "broken"]
    missing = sum(f.state == "missing" for f in findings)
    verdict = (
        f"[bold red]Broken: {escape(', '.join(broken))}.[/]"
        if broken
        else "[green]Ready to run.[/]"
    )
    return Group(
        grid, Text.from_markup(f"{verdict} {missing} optional things are missing or differ.")
    )


def status(now: Status) -> RenderableType:
    """Jobs by rule with bars, and each running and failed job."""
    done, total = sum(now.done.values()), sum(now.total.values())
    parts: list[RenderableType] = [
        Text.from_markup(
            f"[bold]{escape(now.run)}[/]  [{STATES[now.state]}]{now.state}[/]  {done} of {total} jobs  {NEXT.get(now.state, '')}"
        )
    ]
    rules = Table(box=None, show_header=False, pad_edge=False)
    for rule, count in now.total.items():
        finished = now.done.get(rule, 0)
        rules.add_row(rule, ProgressBar(count, finished, width=20), f"{finished}/{count}")
    parts.append(rules)
    if now.running:
        grid = Table(
            "Running",
            "Cell",
            "At",
            "Iteration",
            "For",
            "Training ends in",
            box=None,
            pad_edge=False,
        )
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
        parts += [
            Text(),
            Text(f"Waiting in the queue: {', '.join(job.name for job in now.waiting)}"),
        ]
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
    grid = Table(
        "Rule", "Jobs", "Hours", "Longest job", "Disk (GB)", "Memory (GB)", box=None, pad_edge=False
    )
    for column in grid.columns[1:]:
        column.justify = "right"
    for row in table.itertuples():
        longest = span(row.longest_h * 3600)
        grid.add_row(
            row.rule,
            str(row.jobs),
            _known(row.hours),
            longest,
            _known(row.disk_gb),
            f"{row.memory_mb / 1e3:.1f}",
        )
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


def comparison(found: list[Comparison]) -> RenderableType:
    """The artifacts that differ, with what and why; equal artifacts are counted only."""
    counts = {
        state: sum(c.state == state for c in found)
        for state in dict.fromkeys(c.state for c in found)
    }
    top = Tree(
        f"{len(found)} artifacts: {', '.join(f'{n} {state}' for state, n in sorted(counts.items()))}"
    )
    for c in found:
        if c.state == "equal":
            continue
        branch = top.add(
            f"[bold]{escape(c.artifact)}[/]  {c.kind}, [{'red' if c.differs else 'yellow'}]{c.state}[/]"
        )
        if any(c.rows):
            branch.add(f"rows in A only: {c.rows[0]}, in B only: {c.rows[1]}")
        for x in sorted(c.changes, key=lambda x: -(x.relative or 0))[:SHOWN]:
            size = (
                ""
                if x.absolute is None
                else f", largest difference {x.absolute:.3g} ({100 * x.relative:.3g} %)"
            )
            branch.add(escape(f"{x.name}: {x.values} values{size}"))
        if len(c.changes) > SHOWN:
            branch.add(f"and {len(c.changes) - SHOWN} more")
        for cause, what in c.causes.items():
            branch.add(
                escape(
                    f"{cause}: {', '.join(what[:SHOWN])}{f' and {len(what) - SHOWN} more' if len(what) > SHOWN else ''}"
                )
            )
        if not c.causes and not c.state.startswith("only"):
            branch.add("the sidecars name no cause")
    return top
