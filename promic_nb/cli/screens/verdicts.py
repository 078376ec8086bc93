"""The screens of `promic verdicts`: a summary that fits a terminal, and the list of claims."""

from __future__ import annotations

from typing import Any

import pandas as pd
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from promic_nb.claims import DOCUMENTS, VERDICTS

COLOURS = {
    "reproduced": "green",
    "within tolerance": "green",
    "not reproduced": "red",
    "agrees (scaled down)": "cyan",
    "differs (scaled down)": "magenta",
    "smoke": "yellow",
    "not run": "dim",
}
MORE = "More: --all, --document 000, --verdict 'not reproduced', --json"
FOLD = 6  # more numbers of one table than this that were not run are one line


def summary(table: pd.DataFrame, run: str) -> RenderableType:
    """A line for each document with its counts, then the headline claims."""
    counts = Table("Source", *VERDICTS, "claims", box=None, pad_edge=False)
    for column in counts.columns[1:]:
        column.justify = "right"
    for document, part in table.groupby("document"):
        numbers = [int((part.verdict == v).sum()) for v in VERDICTS]
        cells = [str(n) if n else "" for n in numbers]
        counts.add_row(DOCUMENTS[str(document)], *cells, str(len(part)))
    head = _grid(table[table.headline].to_dict("records"), fold=False)
    return Group(counts, Text(), head, Text(), Text(f"Run: {run}. {MORE}"))


def screen(table: pd.DataFrame, run: str) -> RenderableType:
    """A line for each claim; many of one table that were not run are folded into one."""
    found = ", ".join(f"{n} {v}" for v, n in table.verdict.value_counts().items())
    grid = _grid(table.to_dict("records"), fold=True)
    return Group(grid, Text(f"{len(table)} claims: {found}. Run: {run}"))


def _grid(rows: list[dict[str, Any]], fold: bool) -> Table:
    grid = Table(
        "Source", "Location", "Result", "Published", "Ours", "Unit", "Verdict",
        box=None, pad_edge=False,
    )  # fmt: skip
    grid.columns[4].justify = "right"
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault((DOCUMENTS[row["document"]], row["location"]), []).append(row)
    for (source, location), part in groups.items():
        unrun = [row for row in part if row["verdict"] == "not run"]
        folded = fold and len(unrun) > FOLD
        for row in part:
            if not (folded and row["verdict"] == "not run"):
                verdict = f"[{COLOURS[row['verdict']]}]{row['verdict']}[/]"
                ours = "" if pd.isna(row["ours"]) else f"{row['ours']:.{row['digits']}f}"
                if not pd.isna(row["ours_11_points"]):
                    ours += f" ({row['ours_11_points']:.{row['digits']}f} by 11-point AP)"
                grid.add_row(
                    source, location, row["what"], row["printed"], ours, row["unit"], verdict
                )
        if folded:
            needs = unrun[0]["needs"]
            what = f"{len(unrun)} results" + (f"; they need {needs}" if needs else "")
            grid.add_row(source, location, what, "", "", "", "[dim]not run[/]")
    return grid
