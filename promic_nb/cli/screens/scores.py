"""The screen of `promic evaluate`."""

from __future__ import annotations

import pandas as pd
from rich.console import RenderableType
from rich.table import Table

COUNTS = ("images", "labels", "detections")


def screen(table: pd.DataFrame, score: float) -> RenderableType:
    """A row for each class; average precision in percent."""
    wide = table.pivot_table(index="class", columns="metric", values="value", dropna=False)
    metrics = [m for m in wide if m not in COUNTS and "voc11" not in m]
    shown = Table(
        "class", *COUNTS[:2], f"found (score {score:g})", *metrics, box=None, pad_edge=False
    )
    for name, row in wide.iterrows():
        counts = [f"{row[count]:.0f}" for count in COUNTS]
        shown.add_row(str(name), *counts, *(_percent(row[m]) for m in metrics))
    return shown


def _percent(value: float) -> str:
    return "-" if pd.isna(value) else f"{100 * value:.1f}"
