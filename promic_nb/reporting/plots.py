"""The house style, and the figures that more than one notebook draws.

Functions take tables, never models.
"""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

# Name, colour and marker of each codec. HEVC, VVC and the four settings of the learned codec have
# the markers of Figs. 27 and 28 and the colours of Figs. 29-35; readable without colour.
CODEC_STYLE = {
    "jpeg": ("JPEG", "#7f7f7f", "v"),
    "jpeg2000": ("JPEG 2000", "#bcbd22", "<"),
    "jpegxl": ("JPEG XL", "#8c564b", ">"),
    "avif": ("AVIF", "#9467bd", "*"),
    "vvc": ("VVC intra", "#1f77b4", "p"),
    "hevc": ("HEVC intra", "#d62728", "X"),
    "jpegai_bop_off": ("JPEG-AI-style BOP, tools off", "#2ca02c", "o"),
    "jpegai_bop_on": ("JPEG-AI-style BOP, tools on", "#2ca02c", "s"),
    "jpegai_hop_off": ("JPEG-AI-style HOP, tools off", "#2ca02c", "D"),
    "jpegai_hop_on": ("JPEG-AI-style HOP, tools on", "#2ca02c", "^"),
    "jpegai_vm33": ("JPEG AI VM 3.3 networks", "#e377c2", "*"),
    "jpegai_reference": ("JPEG AI (reference software)", "#17becf", "P"),
}
# Colours of Figs. 27 and 28.
DATASET_STYLE = {
    "lucchi": ("Lucchi++", "#2ca02c"),
    "kasthuri": ("Kasthuri++", "#d62728"),
    "phantom": ("Phantom", "#7f7f7f"),
}
RECIPE_STYLE = {
    "A": ("Model A (reconstructed images)", "#1f77b4", "s"),
    "B": ("Model B (base)", "#d62728", "X"),
    "C": ("Model C (PD-FT)", "#ff7f0e", "P"),
    "D": ("Model D (GDTT)", "#9467bd", "D"),
    "E": ("Model E (GDTT, PD-FT)", "#8c564b", "<"),
    "F": ("Model F (LRB)", "#e377c2", "^"),
    "G": ("Model G (LRB, PD-FT)", "#7f7f7f", "v"),
    "H": ("Model H (LRB, GDTT)", "#bcbd22", ">"),
    "ProMIC": ("ProMIC", "#2ca02c", "o"),
}


def use_style() -> None:
    """Set the house style: white, light grid, sizes for a 9-inch page."""
    sns.set_theme(
        context="paper",
        style="whitegrid",
        rc={
            "figure.constrained_layout.use": True,
            "legend.frameon": False,
            "savefig.bbox": "tight",
            "svg.hashsalt": "promic",
            "font.size": 9,
        },
    )


def _codec_curves(axis: Axes, table: pd.DataFrame, y: str) -> None:
    """A line for each codec: `y` over `bpp`, one point for each setting."""
    for codec, (name, colour, marker) in CODEC_STYLE.items():
        curve = table[table.codec == codec].sort_values("bpp")
        if len(curve):
            axis.plot(curve.bpp, curve[y], color=colour, marker=marker, label=name)


def _panels(count: int) -> tuple[Figure, list[Axes]]:
    """A figure with a panel or two in a row; panels that are not needed are gone."""
    columns = min(2, count)
    rows = -(-count // columns)
    figure, axes = plt.subplots(
        rows,
        columns,
        figsize=(9 if columns == 2 else 6.4, 3.2 * rows if columns == 2 else 4),
        squeeze=False,
    )
    for axis in axes.flat[count:]:
        axis.remove()
    return figure, list(axes.flat[:count])


def _legend(figure: Figure, axes: list[Axes]) -> None:
    """One legend: within a single panel, beside it where its entries are many and would hide lines,
    below several.
    """
    handles, labels = axes[0].get_legend_handles_labels()
    if len(axes) > 1:
        figure.legend(handles, labels, loc="outside lower center", ncols=3)
    elif len(labels) > 6:
        figure.set_figwidth(figure.get_figwidth() + 2)
        figure.legend(handles, labels, loc="outside right center")
    else:
        axes[0].legend()


def rate_quality(table: pd.DataFrame, labels: dict[str, str]) -> Figure:
    """Mean quality over mean rate, a panel for each metric, a line for each codec (as Figs. 29-35).

    Args:
        table: rows of codec, setting, bpp, metric, value (one for each slice).
        labels: metric to axis label, in panel order.
    """
    figure, axes = _panels(len(labels))
    means = (
        table.dropna(subset=["value"])
        .groupby(["codec", "setting", "metric"], as_index=False)[["bpp", "value"]]
        .mean()
    )
    for axis, (metric, label) in zip(axes, labels.items(), strict=True):
        _codec_curves(axis, means[means.metric == metric], "value")
        axis.set(xlabel="bits per pixel (bpp)", ylabel=label)
    _legend(figure, axes)
    return figure


def rate_quality_of_datasets(table: pd.DataFrame, metric: str, label: str) -> Figure:
    """Mean quality over mean rate of several data sets: colours are data sets, markers codecs (as
    Figs. 27 and 28).

    Args:
        table: rows of dataset, codec, setting, bpp, metric, value (one for each slice).
        label: of the metric's axis.
    """
    figure, (axis,) = _panels(1)
    part = table[table.metric == metric].dropna(subset=["value"])
    means = part.groupby(["dataset", "codec", "setting"], as_index=False)[["bpp", "value"]].mean()
    for (dataset, codec), curve in means.groupby(["dataset", "codec"]):
        curve = curve.sort_values("bpp")
        axis.plot(
            curve.bpp, curve.value, color=DATASET_STYLE[dataset][1], marker=CODEC_STYLE[codec][2]
        )
    shown = [
        (DATASET_STYLE[d][0], {"color": DATASET_STYLE[d][1]})
        for d in DATASET_STYLE
        if d in set(means.dataset)
    ]
    shown += [
        (s[0], {"color": "black", "marker": s[2], "linestyle": ""})
        for c, s in CODEC_STYLE.items()
        if c in set(means.codec)
    ]
    axis.legend(handles=[Line2D([], [], label=name, **style) for name, style in shown], fontsize=7)
    axis.set(xlabel="bits per pixel (bpp)", ylabel=label)
    return figure


def coding_cost(table: pd.DataFrame) -> Figure:
    """Seconds and memory of encoding and decoding over rate, a line for each codec; medians over
    slices.

    Args:
        table: rows of codec, setting, bpp, encode_s, decode_s, encode_mb, decode_mb (one for each
            slice).
    """
    panels = {
        "encode_s": "encoding (s)",
        "decode_s": "decoding (s)",
        "encode_mb": "encoder's memory (MB)",
        "decode_mb": "decoder's memory (MB)",
    }
    figure, axes = _panels(len(panels))
    medians = table.groupby(["codec", "setting"], as_index=False)[["bpp", *panels]].median()
    for axis, (column, label) in zip(axes, panels.items(), strict=True):
        _codec_curves(axis, medians, column)
        axis.set(xlabel="bits per pixel (bpp)", ylabel=label, xscale="log", yscale="log")
    _legend(figure, axes)
    return figure


def _ap_curves(axis: Axes, table: pd.DataFrame, metric: str, recipes: Sequence[str]) -> None:
    """The level of the original images and a line for each model; bars and the band span the seeds
    where there are several.
    """
    part = table[table.metric == metric].assign(value=100 * table.value)
    original = part[part.recipe == "original"].value.dropna()
    if len(original):
        axis.axhline(original.mean(), color="black", linestyle="--", label="Original Images")
        axis.axhspan(original.min(), original.max(), color="black", alpha=0.08, linewidth=0)
    for recipe in (r for r in RECIPE_STYLE if r in recipes):
        name, colour, marker = RECIPE_STYLE[recipe]
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
                color=colour,
                marker=marker,
                label=name,
                capsize=3,
            )
    axis.set(xlabel="bits per pixel (bpp)", ylabel=f"{metric} (%)")


def ap_over_rate(
    table: pd.DataFrame,
    metrics: Sequence[str] = ("AP50",),
    recipes: Sequence[str] = tuple(RECIPE_STYLE),
) -> Figure:
    """AP over rate, a panel for each metric, with the level of the original images (as Figs. 36-49
    and 64-105).

    Args:
        table: rows of recipe, rate, bpp, seed, metric, value (0..1); bpp is NaN for `original`.
        recipes: the models shown.
    """
    figure, axes = _panels(len(metrics))
    for axis, metric in zip(axes, metrics, strict=True):
        _ap_curves(axis, table, metric, recipes)
    _legend(figure, axes)
    return figure


def ap_in_words(
    table: pd.DataFrame, metrics: Sequence[str], recipes: Sequence[str] = tuple(RECIPE_STYLE)
) -> str:
    """Alternative text of `ap_over_rate`: the models of each panel from the top, by their means
    over rates and seeds in percent.
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
    return f"{kind} of average precision in percent over bits per pixel. Means over rates, from the top: {'; '.join(orders)}."


def slices_with_boxes(
    images: list[np.ndarray], boxes: list[np.ndarray], titles: list[str]
) -> Figure:
    """Slices side by side with their boxes (as Figs. 14-16).

    Images: uint8 (H, W); boxes: (n, 4) xyxy pixels.
    """
    figure, axes = plt.subplots(1, len(images), figsize=(4.5 * len(images), 3.6), squeeze=False)
    for axis, image, found, title in zip(axes.flat, images, boxes, titles, strict=True):
        axis.imshow(image, cmap="gray", vmin=0, vmax=255)
        for x0, y0, x1, y1 in found:
            axis.add_patch(
                Rectangle(
                    (x0, y0), x1 - x0, y1 - y0, fill=False, edgecolor="#ffd700", linewidth=1.4
                )
            )
        axis.set_title(title)
        axis.axis("off")
    return figure


FEATURE_STYLE = {
    "full": ("full training", "#1f77b4"),
    "frozen": ("stages 3-5 frozen", "#d62728"),
}  # the colours of Fig. 25


def feature_correlation(table: pd.DataFrame) -> Figure:
    """Correlation with the reference's feature maps, sorted, a panel for each stage (as Fig. 25);
    undefined ones are left out.

    Args:
        table: rows of model ("full", "frozen"), stage, channel, correlation (-1..1).
    """
    figure, axes = _panels(table.stage.nunique())
    for axis, (stage, part) in zip(axes, table.groupby("stage"), strict=True):
        for model, (label, colour) in FEATURE_STYLE.items():
            axis.plot(
                np.sort(part[part.model == model].correlation.dropna().to_numpy()),
                color=colour,
                label=label,
            )
        axis.set(
            xlabel="feature map, sorted by correlation",
            ylabel="correlation",
            title=f"input of stage {stage}",
        )
    _legend(figure, axes)
    return figure


def feature_means(image: np.ndarray, means: dict[tuple[int, str], np.ndarray]) -> Figure:
    """The slice, and below it the mean over channels of the feature maps: a row for each stage, a
    column for each model (as Fig. 26).

    Args:
        image: uint8 (H, W).
        means: (stage, model) to (h, w); models "reference", "full" and "frozen". Each has its own
            scale of grey.
    """
    stages = sorted({stage for stage, _ in means})
    labels = {
        "reference": "reference",
        **{name: label for name, (label, _) in FEATURE_STYLE.items()},
    }
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
    """AP of models on inputs of other rates: a panel for each model, a row for each rate of
    training, a column for each rate tested.

    Args:
        table: rows of recipe, trained, tested, bpp (of the rate tested), seed, metric, value
            (0..1).
    """
    part = table[table.metric == metric].assign(value=100 * table.value)
    rates = part.groupby("tested").bpp.mean().sort_values()
    recipes = [r for r in RECIPE_STYLE if r in set(part.recipe)]
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
            title=f"{RECIPE_STYLE[recipe][0]}: {metric} (%)",
        )
    return figure


def importances(table: pd.DataFrame, labels: dict[str, str]) -> Figure:
    """How much each hyperparameter matters: a group of bars for each, a bar for each model and
    rate.

    Args:
        table: rows of recipe, rate, parameter, importance (shares of 1).
        labels: parameter to name.
    """
    figure, axis = plt.subplots(figsize=(6.4, 4))
    searched = table.assign(
        search=table.recipe + ", " + table.rate, parameter=table.parameter.map(labels)
    )
    order = searched.groupby("parameter").importance.mean().sort_values(ascending=False).index
    sns.barplot(searched, x="importance", y="parameter", hue="search", order=order, ax=axis)
    axis.set(xlabel="importance (shares of 1)", ylabel="")
    axis.legend(title="")
    return figure


def ap_and_operations(table: pd.DataFrame) -> Figure:
    """AP50 and operations over the number of channels that a detector reads of the latent; the
    choice of all channels ends each line.

    Args:
        table: rows of channels, channel_choice ("all" for one of them), AP50 (0..1),
            gmac_translator, gmac.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2))
    whole = table[table.channel_choice == "all"]
    for choice, marker in (("variance", "s"), ("importance", "o")):
        curve = pd.concat([table[table.channel_choice == choice], whole]).sort_values("channels")
        if len(curve) > len(whole):
            left.plot(curve.channels, 100 * curve.AP50, marker=marker, label=f"chosen by {choice}")
    left.axhline(100 * whole.AP50.mean(), color="black", linestyle="--", label="all channels")
    left.set(xlabel="channels of the latent", ylabel="AP50 (%)")
    left.legend()
    each = table.drop_duplicates("channels").sort_values("channels")
    for column, label in (("gmac", "latent to boxes"), ("gmac_translator", "translator")):
        right.plot(each.channels, each[column], marker="o", label=label)
    right.set(xlabel="channels of the latent", ylabel="GMAC", ylim=(0, None))
    right.legend()
    return figure
