"""Operations and measured times of whole pipelines, from tables of their parts."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

OURS = "ProMIC"


def savings(parts: pd.DataFrame, columns: Mapping[str, str], reference: str = "A") -> pd.DataFrame:
    """The total cost of each path, and what ProMIC saves compared with it (as in Table 7).

    Args:
        parts: rows of model, part, convention, gmac.
        columns: from the result's column, such as "gmac", to convention; the first one is compared
            with the reference.

    Returns:
        Columns model, those of `columns`, delta_percent (relative to the reference), and for each
        of `columns` one with "saving" instead of "gmac", in percent.

    Example:
        >>> rows = [("A", "decoder", "true", 6.0), ("A", "detector", "true", 4.0)]
        >>> rows += [("ProMIC", "detector", "true", 5.0)]
        >>> parts = pd.DataFrame(rows, columns=["model", "part", "convention", "gmac"])
        >>> savings(parts, {"gmac_true": "true"}).saving_true_percent.tolist()
        [50.0, 0.0]
    """
    sums = parts.pivot_table(
        index="model", columns="convention", values="gmac", aggfunc="sum", sort=False
    )
    table = pd.DataFrame({name: sums[convention] for name, convention in columns.items()})
    first = table[next(iter(columns))]
    table["delta_percent"] = 100 * (first / first[reference] - 1)
    for name in columns:
        saving = 1 - table.loc[OURS, name] / table[name]
        table[f"{name.replace('gmac', 'saving')}_percent"] = 100 * saving
    return table.reset_index()


def timing_in_all(timing: pd.DataFrame) -> pd.DataFrame:
    """Median seconds and peak memory of each path from bitstream to boxes.

    Args:
        timing: rows of way, part, repeat, seconds, peak_mb.

    Returns:
        Columns seconds (sum of all parts, median over repeats) and peak_mb, by way.
    """
    seconds = timing.groupby(["way", "repeat"]).seconds.sum().groupby("way").median()
    peak = timing.groupby("way").peak_mb.max()
    return pd.DataFrame({"seconds": seconds, "peak_mb": peak})
