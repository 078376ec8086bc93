"""Quality and cost of codecs over rate."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from promic_nb.reporting.plots.style import Style, legend, panels, styles

# HEVC, VVC and the four settings of the learned codec have the markers of Figs. 27 and 28 and the
# colours of Figs. 29-35.
CODECS = {
    "jpeg": Style("JPEG", "#7f7f7f", "v"),
    "jpeg2000": Style("JPEG 2000", "#bcbd22", "<"),
    "jpegxl": Style("JPEG XL", "#8c564b", ">"),
    "avif": Style("AVIF", "#9467bd", "*"),
    "vvc": Style("VVC intra", "#1f77b4", "p"),
    "hevc": Style("HEVC intra", "#d62728", "X"),
    "jpegai_bop_off": Style("JPEG-AI-style BOP, tools off", "#2ca02c", "o"),
    "jpegai_bop_on": Style("JPEG-AI-style BOP, tools on", "#2ca02c", "s"),
    "jpegai_hop_off": Style("JPEG-AI-style HOP, tools off", "#2ca02c", "D"),
    "jpegai_hop_on": Style("JPEG-AI-style HOP, tools on", "#2ca02c", "^"),
    "jpegai_vm33": Style("JPEG AI VM 3.3 networks", "#e377c2", "*"),
    "jpegai_reference": Style("JPEG AI (reference software)", "#17becf", "P"),
}
# Colours of Figs. 27 and 28.
DATASETS = {
    "lucchi": Style("Lucchi++", "#2ca02c"),
    "kasthuri": Style("Kasthuri++", "#d62728"),
    "phantom": Style("Phantom", "#7f7f7f"),
}


def _codec_curves(axis: Axes, table: pd.DataFrame, y: str) -> None:
    """A line per codec: `y` over `bpp`, one point per setting."""
    for codec, style in styles(CODECS, set(table.codec)).items():
        curve = table[table.codec == codec].sort_values("bpp")
        axis.plot(curve.bpp, curve[y], color=style.colour, marker=style.marker, label=style.label)


def _floors(axis: Axes, floors: pd.DataFrame, metric: str) -> None:
    """Floor and reference as lines where quality is PSNR, lossless rates as a note in every panel.

    The limits stay those of the codecs' curves.
    """
    limits = axis.get_xlim(), axis.get_ylim()
    if metric == "psnr":
        lines = floors[floors.bpp > 0].dropna(subset=["psnr_db"]).groupby("kind", sort=False)
        for (kind, curve), dashes in zip(lines, (":", "--"), strict=False):
            axis.plot(curve.bpp, curve.psnr_db, color="black", linestyle=dashes, label=kind)
    axis.set(xlim=limits[0], ylim=limits[1])
    note = ", ".join(
        f"{row.kind} {row.bpp:.2f}" for row in floors[floors.psnr_db.isna()].itertuples()
    )
    axis.set_title(f"{note} bpp", fontsize=7, loc="right")


def rate_quality(
    table: pd.DataFrame, labels: dict[str, str], floors: pd.DataFrame | None = None
) -> Figure:
    """Mean quality over mean rate, a panel per metric, a line per codec (as in Figs. 29-35).

    Args:
        table: rows of codec, setting, bpp, metric, value (one per slice).
        labels: from metric to axis label, in panel order.
        floors: rows of kind, psnr_db, bpp: noise floor and Gaussian reference, lines in the panel
            of PSNR; without a PSNR, lossless rates, a note in each panel.
    """
    figure, axes = panels(len(labels))
    means = (
        table.dropna(subset=["value"])
        .groupby(["codec", "setting", "metric"], as_index=False)[["bpp", "value"]]
        .mean()
    )
    for axis, (metric, label) in zip(axes, labels.items(), strict=True):
        _codec_curves(axis, means[means.metric == metric], "value")
        axis.set(xlabel="bits per pixel (bpp)", ylabel=label)
        if floors is not None:
            _floors(axis, floors, metric)
    legend(figure, axes)
    return figure


def rate_quality_of_datasets(table: pd.DataFrame, metric: str, label: str) -> Figure:
    """Mean quality over mean rate for several data sets (as in Figs. 27 and 28).

    Colours stand for data sets, markers for codecs.

    Args:
        table: rows of dataset, codec, setting, bpp, metric, value (one per slice).
        label: of the metric's axis.
    """
    figure, (axis,) = panels(1)
    part = table[table.metric == metric].dropna(subset=["value"])
    means = part.groupby(["dataset", "codec", "setting"], as_index=False)[["bpp", "value"]].mean()
    datasets, codecs = styles(DATASETS, set(means.dataset)), styles(CODECS, set(means.codec))
    for (dataset, codec), curve in means.groupby(["dataset", "codec"]):
        curve = curve.sort_values("bpp")
        colour, marker = datasets[dataset].colour, codecs[codec].marker
        axis.plot(curve.bpp, curve.value, color=colour, marker=marker)
    handles = [Line2D([], [], label=s.label, color=s.colour) for s in datasets.values()]
    handles += [
        Line2D([], [], label=s.label, color="black", marker=s.marker, linestyle="")
        for s in codecs.values()
    ]
    axis.legend(handles=handles, fontsize=7)
    axis.set(xlabel="bits per pixel (bpp)", ylabel=label)
    return figure


def coding_cost(table: pd.DataFrame) -> Figure:
    """Seconds and memory of encoding and decoding over rate, a line per codec.

    The values are medians over slices.

    Args:
        table: rows of codec, setting, bpp, encode_s, decode_s, encode_mb, decode_mb (one per
            slice).
    """
    columns = {
        "encode_s": "encoding (s)",
        "decode_s": "decoding (s)",
        "encode_mb": "encoder's memory (MB)",
        "decode_mb": "decoder's memory (MB)",
    }
    figure, axes = panels(len(columns))
    medians = table.groupby(["codec", "setting"], as_index=False)[["bpp", *columns]].median()
    for axis, (column, label) in zip(axes, columns.items(), strict=True):
        _codec_curves(axis, medians, column)
        axis.set(xlabel="bits per pixel (bpp)", ylabel=label, xscale="log", yscale="log")
    legend(figure, axes)
    return figure
