"""The house style, and the figures that more than one notebook draws. Functions take tables, never models."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

# Marker and colour of each codec, after Figs. 29-35 where those have the codec; readable without colour.
CODEC_STYLE = {
    "jpeg": ("JPEG", "#7f7f7f", "v"),
    "jpeg2000": ("JPEG 2000", "#bcbd22", "^"),
    "avif": ("AVIF", "#9467bd", "s"),
    "vvc": ("VVC intra", "#1f77b4", "p"),
    "hevc": ("HEVC intra", "#d62728", "X"),
    "jpegai_bop_off": ("JPEG-AI-style BOP, tools off", "#2ca02c", "o"),
    "jpegai_bop_on": ("JPEG-AI-style BOP, tools on", "#17becf", "D"),
    "jpegai_hop_off": ("JPEG-AI-style HOP, tools off", "#ff7f0e", "P"),
    "jpegai_hop_on": ("JPEG-AI-style HOP, tools on", "#8c564b", "<"),
    "jpegai_vm33": ("JPEG AI VM 3.3 networks", "#e377c2", "*"),
}
RECIPE_STYLE = {
    "A": ("Model A (reconstructed images)", "#1f77b4", "s"),
    "B": ("Model B (base)", "#d62728", "X"),
    "C": ("Model C (PD-FT)", "#ff7f0e", "P"),
    "D": ("Model D (GDTT)", "#9467bd", "D"),
    "E": ("Model E (GDTT, PD-FT)", "#8c564b", "<"),
    "jpegai_vm33": ("JPEG AI VM 3.3 networks", "#e377c2", "*"),
    "F": ("Model F (LRB)", "#e377c2", "^"),
    "G": ("Model G (LRB, PD-FT)", "#7f7f7f", "v"),
    "H": ("Model H (LRB, GDTT)", "#bcbd22", ">"),
    "ProMIC": ("ProMIC", "#2ca02c", "o"),
}


def use_style() -> None:
    """Set the house style: white, light grid, sizes for a 9-inch page."""
    sns.set_theme(context="paper", style="whitegrid", rc={
        "figure.constrained_layout.use": True, "legend.frameon": False, "savefig.bbox": "tight", "svg.hashsalt": "promic", "font.size": 9,
    })  # fmt: skip


def rate_quality(table: pd.DataFrame, labels: dict[str, str]) -> Figure:
    """Mean quality over mean rate, a panel for each metric, a line for each codec (as Figs. 29-35).

    Args:
        table: rows of codec, setting, bpp, metric, value (one for each slice).
        labels: metric to axis label, in panel order.
    """
    columns = min(2, len(labels))
    figure, axes = plt.subplots(-(-len(labels) // columns), columns, figsize=(9, 3.2 * -(-len(labels) // columns)), squeeze=False)
    means = table.groupby(["codec", "setting", "metric"], as_index=False)[["bpp", "value"]].mean()
    for axis, (metric, label) in zip(axes.flat, labels.items(), strict=False):
        for codec, (name, colour, marker) in CODEC_STYLE.items():
            curve = means.query("codec == @codec and metric == @metric").sort_values("bpp")
            if len(curve):
                axis.plot(curve.bpp, curve.value, color=colour, marker=marker, label=name)
        axis.set(xlabel="rate (bpp)", ylabel=label)
    axes.flat[0].legend()
    return figure


def ap_over_rate(table: pd.DataFrame, metric: str = "AP50") -> Figure:
    """AP over rate with the level of the original images (as Figs. 36-49); bars span the seeds where there are several.

    Args:
        table: rows of recipe, bpp, seed, metric, value (0..1); bpp is NaN for `original`.
    """
    figure, axis = plt.subplots(figsize=(6, 3.6))
    part = table.query("metric == @metric")
    original = 100 * part.query("recipe == 'original'").value.mean()
    axis.axhline(original, color="black", linestyle="--", label="Original Images")
    for recipe, (name, colour, marker) in RECIPE_STYLE.items():
        curve = part.query("recipe == @recipe").groupby("bpp").value.agg(["mean", "min", "max"]) * 100
        if len(curve):
            spread = np.abs(curve[["min", "max"]].to_numpy().T - curve["mean"].to_numpy())
            axis.errorbar(curve.index, curve["mean"], yerr=spread if spread.any() else None, color=colour, marker=marker, label=name, capsize=3)
    axis.set(xlabel="rate (bpp)", ylabel=f"{metric} (%)", ylim=(0, 103))
    axis.legend(loc="best")
    return figure


def slices_with_boxes(images: list[np.ndarray], boxes: list[np.ndarray], titles: list[str]) -> Figure:
    """Slices side by side with their boxes (as Figs. 14-16). Images: uint8 (H, W); boxes: (n, 4) xyxy pixels."""
    figure, axes = plt.subplots(1, len(images), figsize=(4.5 * len(images), 3.6), squeeze=False)
    for axis, image, found, title in zip(axes.flat, images, boxes, titles, strict=True):
        axis.imshow(image, cmap="gray", vmin=0, vmax=255)
        for x0, y0, x1, y1 in found:
            axis.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, edgecolor="#ffd700", linewidth=1.4))
        axis.set_title(title)
        axis.axis("off")
    return figure
