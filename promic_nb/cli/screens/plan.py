"""The screen of `promic plan`."""

from __future__ import annotations

import pandas as pd
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from promic_nb.reporting.formats import span
from promic_nb.runs.throughput import Throughput

COLUMNS = ("Rule", "Jobs", "Hours", "Longest job", "Disk (GB)", "Memory (GB)")


def screen(table: pd.DataFrame, run: str, throughput: Throughput) -> RenderableType:
    """Jobs, hours and disk by rule, and where the estimate comes from."""
    if table.empty:
        return Text(f"{run}: nothing to do; every job is finished.")
    grid = Table(*COLUMNS, box=None, pad_edge=False)
    for column in grid.columns[1:]:
        column.justify = "right"
    for row in table.to_dict("records"):
        grid.add_row(
            row["rule"],
            str(row["jobs"]),
            _known(row["hours"]),
            span(row["longest_h"] * 3600),
            _known(row["disk_gb"]),
            f"{row['memory_mb'] / 1e3:.1f}",
        )
    notes = [
        f"An estimate from the throughput measured on: {throughput.machine} ({throughput.origin})."
    ]
    if names := _names(table.guessed):
        notes.append(f"Not measured (?, or the mean of similar jobs): {names}.")
    if names := _names(table.not_estimated):
        notes.append(f"Not estimated: {names} (no amount of work in promic_nb/runs/work.py).")
    total = Text(_total(table, run), style="bold")
    return Group(grid, Text(), total, *(Text(n, style="dim") for n in notes))


def _total(table: pd.DataFrame, run: str) -> str:
    jobs, hours, disk = table.jobs.sum(), table.hours.sum(), table.disk_gb.sum()
    if hours == 0:
        remedy = "measure a finished run first (promic measure RUN)"
        return f"{run}: {jobs} jobs. Hours and disk are unknown: {remedy}."
    more = "at least" if table.hours.isna().any() else "about"
    return (
        f"{run}: {jobs} jobs, {more} {hours:.1f} hours one after another, "
        f"{more} {disk:.1f} GB of disk."
    )


def _known(value: float) -> str:
    return f"{value:.2f}" if value == value else "?"


def _names(column: pd.Series) -> str:
    return ", ".join(sorted({name for row in column for name in row.split(", ") if name}))
