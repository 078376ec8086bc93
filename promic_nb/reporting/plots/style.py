"""The house style, and what several figures share: panels, legends, markers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple
from zlib import crc32

import matplotlib.pyplot as plt
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

SPARE_COLOURS = ("#393b79", "#637939", "#8c6d31", "#843c39", "#7b4173")
SPARE_MARKERS = ("o", "s", "D", "^", "v", "P", "X")


class Style(NamedTuple):
    """How a line is drawn, readable without colour."""

    label: str
    colour: str
    marker: str = ""


def styles(known: Mapping[str, Style], present: Collection[str]) -> dict[str, Style]:
    """The styles of what is there: known names in their order, then others, such as those of
    another package, each with a colour and a marker of its own name.

    Example:
        >>> known = {"jpeg": Style("JPEG", "grey", "v"), "hevc": Style("HEVC intra", "red", "X")}
        >>> [style.label for style in styles(known, ["mine", "hevc"]).values()]
        ['HEVC intra', 'mine']
    """
    chosen = {name: style for name, style in known.items() if name in present}
    for name in sorted(set(present) - known.keys()):
        pick = crc32(name.encode())
        colour = SPARE_COLOURS[pick % len(SPARE_COLOURS)]
        chosen[name] = Style(name, colour, SPARE_MARKERS[pick % len(SPARE_MARKERS)])
    return chosen


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


def panels(count: int) -> tuple[Figure, list[Axes]]:
    """A figure with a panel or two in a row; no empty ones."""
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


def legend(figure: Figure, axes: list[Axes]) -> None:
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
