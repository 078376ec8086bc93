"""Average precision over rate, and the models by their distance from model A."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from promic_nb.reporting.plots.recipes import RECIPES
from promic_nb.reporting.plots.style import legend, panels

BANDS = 4  # intervals of more curves are bars side by side, as bands would cover one another
STEP = 0.012  # distance of such bars, as a share of the rate


def _ap_curves(axis: Axes, table: pd.DataFrame, metric: str, recipes: Sequence[str]) -> None:
    """A line with its intervals for each model, and the level of the original images."""
    part = 100 * table[table.metric == metric].set_index(["recipe", "bpp"])[["mean", "low", "high"]]
    original = part[part.index.get_level_values("recipe") == "original"]
    if len(original):
        level = original.iloc[0]
        axis.axhline(level["mean"], color="black", linestyle="--", label="Original Images")
        axis.axhspan(level.low, level.high, color="black", alpha=0.08, linewidth=0)
    shown = [r for r in RECIPES if r in recipes and r in part.index]
    for place, recipe in enumerate(shown):
        style = RECIPES[recipe]
        curve = part.loc[recipe].sort_index()
        look: dict[str, Any] = {
            "color": style.colour,
            "marker": style.marker,
            "label": style.label,
        }
        if len(shown) <= BANDS:
            axis.plot(curve.index, curve["mean"], **look)
            axis.fill_between(
                curve.index, curve.low, curve.high, color=style.colour, alpha=0.15, linewidth=0
            )
        else:
            beside = 1 + STEP * (place - (len(shown) - 1) / 2)
            ends = np.array([curve["mean"] - curve.low, curve.high - curve["mean"]])
            axis.errorbar(curve.index * beside, curve["mean"], yerr=ends, capsize=2, **look)
    axis.set(xlabel="bits per pixel (bpp)", ylabel=f"{metric} (%)")


def ap_over_rate(
    table: pd.DataFrame,
    metrics: Sequence[str] = ("AP50",),
    recipes: Sequence[str] = tuple(RECIPES),
) -> Figure:
    """AP over rate with intervals, a panel per metric, and the level of the original images.

    As in Figs. 36-49 and 64-105. Many models are drawn side by side at each rate.

    Args:
        table: rows of recipe, bpp, metric, mean, low, high (0..1); bpp is NaN for `original`. No
            band or bar is drawn where low and high are NaN.
        recipes: the models to show.
    """
    figure, axes = panels(len(metrics))
    for axis, metric in zip(axes, metrics, strict=True):
        _ap_curves(axis, table, metric, recipes)
    legend(figure, axes)
    return figure


def ap_in_words(
    table: pd.DataFrame, metrics: Sequence[str], recipes: Sequence[str] = tuple(RECIPES)
) -> str:
    """Alternative text for `ap_over_rate`: the models of each panel from the highest mean.

    The means are over rates and seeds, in percent.
    """
    shown = table[table.recipe.isin(["original", *recipes]) & table.metric.isin(metrics)]
    means = 100 * shown.pivot_table(index="recipe", columns="metric", values="mean")
    orders = [
        f"{m}: "
        + ", ".join(f"{r} {v:.1f}" for r, v in means[m].sort_values(ascending=False).items())
        for m in metrics
        if m in means
    ]
    kind = "Line chart" if len(metrics) == 1 else f"{len(metrics)} line charts"
    return (
        f"{kind} of average precision in percent over bits per pixel. "
        f"Means over rates, from the highest: {'; '.join(orders)}."
    )


def bd_ap_ranking(order: pd.DataFrame, metric: str = "AP50") -> Figure:
    """The models by BD-AP, by both forms of AP with intervals, beside the published values.

    Args:
        order: from `ablation.ranking`; percentage points.
    """
    figure, axis = plt.subplots(figsize=(6.4, 1 + 0.45 * max(1, len(order))))
    places = np.arange(len(order))[::-1]
    forms = [("bd_pp", "low", "high", "101 recall points", "o", 0.12)]
    forms += [("bd_11_pp", "low_11", "high_11", "11 recall points", "s", -0.12)]
    for (value, low, high, label, marker, shift), colour in zip(
        forms, ("#2ca02c", "#1f77b4"), strict=True
    ):
        ends = np.array([order[value] - order[low], order[high] - order[value]])
        axis.errorbar(
            order[value],
            places + shift,
            xerr=ends,
            linestyle="",
            marker=marker,
            color=colour,
            capsize=3,
            label=label,
        )
    axis.plot(order.published_pp, places, "D", color="black", fillstyle="none", label="published")
    axis.axvline(0, color="black", linewidth=0.8)
    axis.set_yticks(places, [RECIPES[r].label for r in order.recipe])
    axis.set(xlabel=f"BD-{metric} against model A (pp)")
    axis.grid(visible=False, axis="y")
    axis.legend()
    return figure


def ranking_in_words(order: pd.DataFrame, metric: str = "AP50") -> str:
    """Alternative text for `bd_ap_ranking`."""
    values = ", ".join(
        f"{r.recipe} {r.bd_pp:.1f}"
        + ("" if pd.isna(r.low) else f" (interval {r.low:.1f} to {r.high:.1f})")
        for r in order.itertuples()
    )
    return f"Dot plot of BD-{metric} against model A in percentage points, from the top: {values}."
