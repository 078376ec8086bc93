"""Curves of AP over the iterations of a training."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from promic_nb.reporting.plots.style import legend, panels


def ap_over_iterations(curves: pd.DataFrame) -> Figure:
    """AP50 on validation slices over iterations: a panel per recipe and rate, a line per setting.

    Args:
        curves: rows of setting, recipe, rate, seed, iteration, AP50 (0..1).
    """
    groups = list(curves.groupby(["recipe", "rate"], sort=False))
    figure, axes = panels(max(1, len(groups)))
    for axis, ((recipe, rate), part) in zip(axes, groups, strict=False):
        for (setting, _), line in part.groupby(["setting", "seed"], sort=False):
            ordered = line.sort_values("iteration")
            axis.plot(ordered.iteration, 100 * ordered.AP50, label=setting)
        axis.set(title=f"{recipe}, rate {rate}")
    for axis in axes:
        axis.set(xlabel="iteration", ylabel="AP50 on validation slices (%)")
    legend(figure, axes)
    return figure
