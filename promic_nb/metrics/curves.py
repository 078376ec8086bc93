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
    table: pd.DataFrame,
    references: list[str],
    limits: Limits = LIMITS,
    noise_psnr_db: float = float("inf"),
) -> pd.DataFrame:
    """BD-rate of each codec against each reference in each metric.

    Args:
        table: rows of codec, setting, bpp, metric, value (one for each slice).
        references: codecs; one that the table does not have gives reasons instead of numbers.
        limits: what curves need; see `bd_rate`.
        noise_psnr_db: PSNR at which the error is as large as the slices' noise
            (`floors.Floors.psnr_db`).

    Returns:
        Columns codec, reference, metric, bd_rate_percent, overlap, and reason, which says why there
        is no number and is "" elsewhere; spans_floor, whether the mean covers points of the
        reference whose PSNR is above `noise_psnr_db`, where rate is spent on noise as well.
    """
    import pandas as pd

    curves = mean_curves(table)

    def curve(codec: str, metric: str) -> tuple[pd.Series, pd.Series]:
        points = curves[(curves.codec == codec) & (curves.metric == metric)]
        return points.bpp, points.value

    def spans_floor(reference: str, codec: str, metric: str) -> bool:
        """Whether the reference's curve passes the noise within the shared range of quality."""
        bpp, psnr = curve(reference, "psnr")
        if not (psnr > noise_psnr_db).any():
            return False
        sign = 1 if METRICS[metric].higher_is_better else -1
        (rates, quality), (_, other) = curve(reference, metric), curve(codec, metric)
        shared = rates[sign * quality <= (sign * other).max() + 1e-9]
        return bool(not shared.empty and shared.max() >= bpp[psnr > noise_psnr_db].min())

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
                    spans = spans_floor(reference, codec, metric)
                    rows.append((codec, reference, metric, delta.value, delta.overlap, "", spans))
                except UserError as error:
                    none = float("nan")
                    rows.append((codec, reference, metric, none, none, str(error), False))
    columns = ["codec", "reference", "metric", "bd_rate_percent", "overlap", "reason"]
    return pd.DataFrame(rows, columns=[*columns, "spans_floor"])
