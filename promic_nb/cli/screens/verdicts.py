"""The screen of `promic verdicts`."""

from __future__ import annotations

import pandas as pd
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from promic_nb.claims import DOCUMENTS

FOLD = 6  # more numbers of one table than this that were not run are one line
COLUMNS = ("Source", "Location", "Number", "Published", "Ours", "Unit", "Verdict")
COLOURS = {
    "reproduced": "green",
    "within tolerance": "green",
    "not reproduced": "red",
    "smoke": "yellow",
    "not run": "dim",
}


def screen(table: pd.DataFrame, run: str) -> RenderableType:
    """A line for each claim; those of one table that were not run are folded into one."""
    grid = Table(*COLUMNS, box=None, pad_edge=False)
    for column in (3, 4):
        grid.columns[column].justify = "right"
    for (document, location), part in table.groupby(["document", "location"], sort=False):
        unrun = part[part.verdict == "not run"]
        folded = len(unrun) > FOLD
        for row in (part.drop(unrun.index) if folded else part).to_dict("records"):
            published, ours = (
                f"{x:.{row['digits']}f}" if x == x else "" for x in (row["published"], row["ours"])
            )
            verdict = f"[{COLOURS[row['verdict']]}]{row['verdict']}[/]"
            grid.add_row(
                DOCUMENTS[document], location, row["what"], published, ours, row["unit"], verdict
            )
        if folded:
            what = f"{len(unrun)} numbers: need {unrun.depends_on.iloc[0]}"
            grid.add_row(DOCUMENTS[document], location, what, "", "", "", "[dim]not run[/]")
    counts = ", ".join(f"{n} {v}" for v, n in table.verdict.value_counts().items())
    return Group(grid, Text(f"{len(table)} claims: {counts}. Run: {run}"))
