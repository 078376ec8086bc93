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
    "not resolved": "yellow",
    "agrees (scaled down)": "cyan",
    "differs (scaled down)": "magenta",
    "smoke": "yellow",
    "not run": "dim",
}
MORE = "More: --all, --document 000, --verdict 'not reproduced', --json"
SHOWN = ["document", "location", "what", "printed", "ours", "ours_11_points", "unit", "digits"]
SHOWN += ["verdict", "headline"]  # the columns that the summary needs
FOLD = 6  # if more results of one table than this were not run, they share one line


def summary(table: pd.DataFrame, run: str) -> RenderableType:
    """A line with counts per document, then the headline claims that were measured.

    Every line fits a terminal of 80 columns; longer ones end in an ellipsis.
    """
    counts = Table(box=None, pad_edge=False, show_header=False)
    for document, part in table.groupby("document"):
        by_verdict = part.verdict.value_counts()
        words = ", ".join(f"{by_verdict[v]} {v}" for v in VERDICTS if v in by_verdict)
        counts.add_row(f"[bold]{DOCUMENTS[str(document)]}[/]", f"{len(part)} claims: {words}")
    headlines = table[table.headline]
    measured = headlines[headlines.verdict != "not run"]
    head = Table(box=None, pad_edge=False, expand=True)
    head.add_column("Headline claim", no_wrap=True, overflow="ellipsis", ratio=1)
    for name, width in (("Published", 11), ("Ours (11-point AP)", 18), ("Verdict", 21)):
        head.add_column(name, no_wrap=True, overflow="ellipsis", width=width)
    for row in measured.to_dict("records"):
        verdict = f"[{COLOURS[row['verdict']]}]{row['verdict']}[/]"
        claim = f"{row['what']} ({row['location']})"
        head.add_row(claim, f"{row['printed']} {row['unit']}", _ours(row), verdict)
    left = len(headlines) - len(measured)
    notes = [f"{left} more headline claims were not run."] if left else []
    notes.append(f"Run: {run}. {MORE}")
    return Group(counts, Text(), head, *map(Text, notes))


def _ours(row: dict[str, Any]) -> str:
    """Our number with the published one's decimals, and that with 11-point AP in brackets."""
    if pd.isna(row["ours"]):
        return ""
    words = f"{row['ours']:.{row['digits']}f}"
    eleven = row["ours_11_points"]
    return words if pd.isna(eleven) else f"{words} ({eleven:.{row['digits']}f})"


def screen(table: pd.DataFrame, run: str) -> RenderableType:
    """A line per claim; if many results of one table were not run, they share one line."""
    found = ", ".join(f"{n} {v}" for v, n in table.verdict.value_counts().items())
    grid = _grid(table.to_dict("records"), fold=True)
    return Group(grid, Text(f"{len(table)} claims: {found}. Run: {run}"))


def _grid(rows: list[dict[str, Any]], fold: bool) -> Table:
    columns = ("Source", "Location", "Result", "Published", "Ours (11-point AP)", "Unit", "Verdict")
    grid = Table(*columns, box=None, pad_edge=False)
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
                cells = (source, location, row["what"], row["printed"], _ours(row), row["unit"])
                grid.add_row(*cells, verdict)
        if folded:
            needs = unrun[0]["needs"]
            what = f"{len(unrun)} results" + (f"; they need {needs}" if needs else "")
            grid.add_row(source, location, what, "", "", "", "[dim]not run[/]")
    return grid
