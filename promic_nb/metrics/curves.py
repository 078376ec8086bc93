"""BD-rates of many curves at once, from the benchmark's tidy table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promic_nb.errors import UserError
from promic_nb.metrics.bjontegaard import LIMITS, Limits, bd_rate
from promic_nb.metrics.registry import METRICS

if TYPE_CHECKING:
    import pandas as pd


def mean_curves(table: pd.DataFrame) -> pd.DataFrame:
    """Mean rate and mean quality of each codec, setting and metric; slices without a value count in
    neither.
    """
    return (
        table.dropna(subset=["value"])
        .groupby(["codec", "setting", "metric"], as_index=False, sort=False)[["bpp", "value"]]
        .mean()
    )


def bd_rate_table(
    table: pd.DataFrame, references: list[str], limits: Limits = LIMITS
) -> pd.DataFrame:
    """BD-rate of each codec against each reference in each metric.

    Args:
        table: rows of codec, setting, bpp, metric, value (one for each slice).
        references: codecs; one that the table does not have gives reasons instead of numbers.
        limits: what curves need; see `bd_rate`.

    Returns:
        Columns codec, reference, metric, bd_rate_percent, overlap, and reason, which says why there
        is no number and is "" elsewhere.
    """
    import pandas as pd

    curves = mean_curves(table)

    def curve(codec: str, metric: str) -> tuple[pd.Series, pd.Series]:
        points = curves[(curves.codec == codec) & (curves.metric == metric)]
        return points.bpp, points.value

    rows = []
    for reference in references:
        for metric in (m for m in METRICS if m in set(table.metric)):
            for codec in table.codec.unique():
                try:
                    delta = bd_rate(
                        *curve(reference, metric),
                        *curve(codec, metric),
                        higher_is_better=METRICS[metric].higher_is_better,
                        limits=limits,
                    )
                    rows.append((codec, reference, metric, delta.value, delta.overlap, ""))
                except UserError as error:
                    rows.append((codec, reference, metric, float("nan"), float("nan"), str(error)))
    return pd.DataFrame(
        rows, columns=["codec", "reference", "metric", "bd_rate_percent", "overlap", "reason"]
    )
