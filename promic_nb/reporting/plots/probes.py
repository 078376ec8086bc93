"""Figures of the probes: feature maps, and models on inputs of other rates."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from promic_nb.reporting.plots.recipes import RECIPES
from promic_nb.reporting.plots.style import Style, legend, over_seeds, panels, styles

# The colours of Fig. 25. Runs of version 0.1 trained neck and heads too where stages were frozen.
FEATURES = {
    "full": Style("full training", "#1f77b4"),
    "translator": Style("translator alone", "#d62728"),
    "frozen": Style("stages 3-5 frozen", "#ff7f0e"),
}


def feature_correlation(table: pd.DataFrame) -> Figure:
    """Sorted correlation with the reference's feature maps, a panel per stage (as in Fig. 25).

    Lines are means over seeds, bands their 95 % intervals (Student's t). Undefined correlations are
    left out.

    Args:
        table: rows of model (a key of `FEATURES`), stage, channel, correlation (-1..1), seed.
    """
    figure, axes = panels(table.stage.nunique())
    for axis, (stage, part) in zip(axes, table.groupby("stage"), strict=True):
        for model, style in styles(FEATURES, set(part.model)).items():
            seeds = part[part.model == model].dropna(subset="correlation").groupby("seed")
            lines = [np.sort(values) for _, values in seeds.correlation]
            at = np.linspace(0, 1, min(map(len, lines), default=0))
            curves = np.array([np.interp(at, np.linspace(0, 1, len(x)), x) for x in lines])
            mean, half = curves.mean(0), over_seeds(curves)
            x = np.arange(len(at))
            axis.plot(x, mean, color=style.colour, label=style.label)
            axis.fill_between(x, mean - half, mean + half, color=style.colour, alpha=0.2, lw=0)
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
        means: (stage, model) to (h, w); models "reference" and two of `FEATURES`. Each map has its
            own grey scale.
    """
    stages, models = sorted({stage for stage, _ in means}), {model for _, model in means}
    shown = styles(FEATURES, models - {"reference"})
    labels = {"reference": "reference"} | {m: style.label for m, style in shown.items()}
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
