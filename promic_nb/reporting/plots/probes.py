"""Figures of the probes: feature maps, and models on inputs of other rates."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from promic_nb.reporting.plots.recipes import RECIPES
from promic_nb.reporting.plots.style import Style, legend, panels

# The colours of Fig. 25.
FEATURES = {
    "full": Style("full training", "#1f77b4"),
    "frozen": Style("stages 3-5 frozen", "#d62728"),
}


def feature_correlation(table: pd.DataFrame) -> Figure:
    """Sorted correlation with the reference's feature maps, a panel per stage (as in Fig. 25).

    Undefined correlations are left out.

    Args:
        table: rows of model ("full", "frozen"), stage, channel, correlation (-1..1).
    """
    figure, axes = panels(table.stage.nunique())
    for axis, (stage, part) in zip(axes, table.groupby("stage"), strict=True):
        for model, style in FEATURES.items():
            axis.plot(
                np.sort(part[part.model == model].correlation.dropna().to_numpy()),
                color=style.colour,
                label=style.label,
            )
        axis.set(
            xlabel="feature map, sorted by correlation",
            ylabel="correlation",
            title=f"input of stage {stage}",
        )
    legend(figure, axes)
    return figure


def feature_means(image: np.ndarray, means: dict[tuple[int, str], np.ndarray]) -> Figure:
    """The slice, and below it the mean over channels of the feature maps (as in Fig. 26).

    There is a row per stage and a column per model.

    Args:
        image: uint8 (H, W).
        means: (stage, model) to (h, w); models "reference", "full" and "frozen". Each map has its
            own grey scale.
    """
    stages = sorted({stage for stage, _ in means})
    labels = {"reference": "reference"} | {m: style.label for m, style in FEATURES.items()}
    figure, axes = plt.subplots(
        1 + len(stages), 3, figsize=(9, 2.4 * (1 + len(stages))), squeeze=False
    )
    for axis in axes.flat:
        axis.axis("off")
    axes[0, 1].imshow(image, cmap="gray", vmin=0, vmax=255)
    for row, stage in zip(axes[1:], stages, strict=True):
        for axis, (model, label) in zip(row, labels.items(), strict=True):
            axis.imshow(means[stage, model], cmap="gray")
            axis.set_title(f"input of stage {stage}, {label}", fontsize=8)
    return figure


def cross_rate(table: pd.DataFrame, metric: str = "AP50") -> Figure:
    """AP of models on inputs of other rates.

    There is a panel per model, a row per training rate, and a column per tested rate.

    Args:
        table: rows of recipe, trained, tested, bpp (of the rate tested), seed, metric, value
            (0..1).
    """
    part = table[table.metric == metric].assign(value=100 * table.value)
    rates = part.groupby("tested").bpp.mean().sort_values()
    recipes = [r for r in RECIPES if r in set(part.recipe)]
    figure, axes = plt.subplots(1, len(recipes), figsize=(4.2 * len(recipes), 3.4), squeeze=False)
    labels = [f"{rate}\n{bpp:.2f} bpp" for rate, bpp in rates.items()]
    for axis, recipe in zip(axes.flat, recipes, strict=True):
        grid = (
            part[part.recipe == recipe]
            .pivot_table(index="trained", columns="tested", values="value")
            .reindex(rates.index, columns=rates.index)
        )
        sns.heatmap(
            grid,
            annot=True,
            fmt=".1f",
            vmin=0,
            vmax=100,
            cmap="viridis",
            cbar=False,
            ax=axis,
            xticklabels=labels,
            yticklabels=labels,
        )
        axis.set(
            xlabel="rate tested",
            ylabel="rate of training",
            title=f"{RECIPES[recipe].label}: {metric} (%)",
        )
    return figure
