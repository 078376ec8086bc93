"""Average precision over rate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from promic_nb.reporting.plots.recipes import RECIPES
from promic_nb.reporting.plots.style import legend, panels


def _ap_curves(axis: Axes, table: pd.DataFrame, metric: str, recipes: Sequence[str]) -> None:
    """A line for each model, and the level of the original images.

    With several seeds, bars and a band show their range.
    """
    part = table[table.metric == metric].assign(value=100 * table.value)
    original = part[part.recipe == "original"].value.dropna()
    if len(original):
        axis.axhline(original.mean(), color="black", linestyle="--", label="Original Images")
        axis.axhspan(original.min(), original.max(), color="black", alpha=0.08, linewidth=0)
    for recipe in (r for r in RECIPES if r in recipes):
        style = RECIPES[recipe]
        points = part[part.recipe == recipe].groupby("rate")
        curve = (
            points.value.agg(["mean", "min", "max"])
            .assign(bpp=points.bpp.mean())
            .sort_values("bpp")
        )
        if len(curve):
            spread = np.abs(curve[["min", "max"]].to_numpy().T - curve["mean"].to_numpy())
            bars = spread if spread.any() else None
            axis.errorbar(
                curve.bpp,
                curve["mean"],
                yerr=bars,
                color=style.colour,
                marker=style.marker,
                label=style.label,
                capsize=3,
            )
    axis.set(xlabel="bits per pixel (bpp)", ylabel=f"{metric} (%)")


def ap_over_rate(
    table: pd.DataFrame,
    metrics: Sequence[str] = ("AP50",),
    recipes: Sequence[str] = tuple(RECIPES),
) -> Figure:
    """AP over rate, with a panel per metric and the level of the original images.

    As in Figs. 36-49 and 64-105.

    Args:
        table: rows of recipe, rate, bpp, seed, metric, value (0..1); bpp is NaN for `original`.
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
    """Alternative text for `ap_over_rate`: the models of each panel, best first.

    They are ordered by their means over rates and seeds, in percent.
    """
    shown = table[table.recipe.isin(["original", *recipes]) & table.metric.isin(metrics)]
    means = 100 * shown.pivot_table(index="recipe", columns="metric", values="value")
    orders = [
        f"{m}: "
        + ", ".join(f"{r} {v:.1f}" for r, v in means[m].sort_values(ascending=False).items())
        for m in metrics
        if m in means
    ]
    kind = "Line chart" if len(metrics) == 1 else f"{len(metrics)} line charts"
    return (
        f"{kind} of average precision in percent over bits per pixel. "
        f"Means over rates, from the top: {'; '.join(orders)}."
    )
