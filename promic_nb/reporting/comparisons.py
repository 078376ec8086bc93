"""Comparisons of average precision that the dissertation's text makes, as tables."""

from __future__ import annotations

import pandas as pd


def falls_at_highest_rate(summary: pd.DataFrame) -> pd.DataFrame:
    """How much AP falls from the second highest rate to the highest (section 4.3.1.2).

    Args:
        summary: rows of recipe, rate, bpp, metric, mean (0..1), as `ablation.ap_over_seeds` gives.

    Returns:
        Columns recipe, metric, rate, bpp, rate_before, bpp_before, and fall_pp (percentage points;
        below 0, AP rises). Models with one rate are left out.

    Example:
        >>> rows = [("C", "middle", 1.61, "AP75", 0.5), ("C", "high", 2.52, "AP75", 0.44)]
        >>> columns = ["recipe", "rate", "bpp", "metric", "mean"]
        >>> falls = falls_at_highest_rate(pd.DataFrame(rows, columns=columns))
        >>> falls.rate[0], falls.rate_before[0], round(falls.fall_pp[0], 6)
        ('high', 'middle', 6.0)
    """
    rows = []
    for (recipe, metric), part in summary.groupby(["recipe", "metric"], sort=False):
        if len(part) > 1:
            before, last = part.sort_values("bpp").iloc[-2:].to_dict("records")
            rows.append(
                {
                    "recipe": recipe,
                    "metric": metric,
                    **{key: last[key] for key in ("rate", "bpp")},
                    **{f"{key}_before": before[key] for key in ("rate", "bpp")},
                    "fall_pp": 100 * (before["mean"] - last["mean"]),
                }
            )
    columns = ["recipe", "metric", "rate", "bpp", "rate_before", "bpp_before", "fall_pp"]
    return pd.DataFrame(rows, columns=columns)


def alone_against_full(alone: pd.DataFrame, full: pd.DataFrame) -> pd.DataFrame:
    """AP with the translator trained alone beside AP with all parts trained (section 3.3.3).

    Args:
        alone, full: rows of rate, bpp, seed, metric, value (0..1).

    Returns:
        Columns rate, bpp, seed, metric, alone, full (0..1), and gain_percent, by how many percent
        of `full` the first is better (NaN where `full` is 0).

    Example:
        >>> columns = ["rate", "bpp", "seed", "metric", "value"]
        >>> alone, full = (
        ...     pd.DataFrame([("low", 0.16, 0, "AP75", value)], columns=columns)
        ...     for value in (0.55, 0.5)
        ... )
        >>> round(alone_against_full(alone, full).gain_percent[0], 6)
        10.0
    """
    keys = ["rate", "bpp", "seed", "metric"]
    table = alone[[*keys, "value"]].merge(full[[*keys, "value"]], on=keys, validate="1:1")
    table.columns = [*keys, "alone", "full"]
    table["gain_percent"] = 100 * (table.alone / table.full.where(table.full > 0) - 1)
    return table
