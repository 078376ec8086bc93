"""The codecs in words: from the tables of notebook 04."""

from __future__ import annotations

import pandas as pd

from promic_nb.metrics.registry import METRICS
from promic_nb.reporting.published import Published
from promic_nb.reporting.texts.markdown import markdown, needing


@needing("bd_rate")
def bd_rates(published: Published) -> str:
    """BD-rates of the JPEG-AI-style codec against each reference."""
    table = published.read("bd_rate")
    part = table[table.codec == "jpegai_bop_off"]
    shown = [m for m in METRICS if m in set(part.metric)]
    grid = part.pivot_table(
        index="reference", columns="metric", values="bd_rate_percent", dropna=False, sort=False
    )
    rows = [
        [reference, *("-" if pd.isna(v) else f"{v:+.1f}" for v in grid.loc[reference, shown])]
        for reference in grid.index
    ]
    return markdown(["against", *(METRICS[m].label for m in shown)], rows)
