"""The house style, and what several figures share: panels, legends and markers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple
from zlib import crc32

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import t

SPARE_COLOURS = ("#393b79", "#637939", "#8c6d31", "#843c39", "#7b4173")
SPARE_MARKERS = ("o", "s", "D", "^", "v", "P", "X")


class Style(NamedTuple):
    """How a line is drawn, so that it can be told apart without colour."""

    label: str
    colour: str
    marker: str = ""


def styles(known: Mapping[str, Style], present: Collection[str]) -> dict[str, Style]:
    """The styles of the names that are present: known names first, in their order, then others.

    Others, such as those of another package, get a colour and a marker from their name.

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


def over_seeds(values: np.ndarray) -> np.ndarray:
    """Half the width of the 95 % interval of a mean over seeds (Student's t); NaN for one seed.

    Args:
        values: one row for each seed.

    Example:
        >>> float(over_seeds(np.array([1.0, 2.0, 3.0])).round(2))  # 4.303 / sqrt(3)
        2.48
    """
    n = len(values)
    if n < 2:
        return np.full(values.shape[1:], np.nan)
    return t.ppf(0.975, n - 1) * values.std(0, ddof=1) / np.sqrt(n)


def panels(count: int) -> tuple[Figure, list[Axes]]:
    """A figure with one panel or two panels per row, none of them empty."""
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
    """One legend for all panels.

    It is inside a single panel (beside it if many entries would hide lines), or below several.
    """
    handles, labels = axes[0].get_legend_handles_labels()
    if len(axes) > 1:
        figure.legend(handles, labels, loc="outside lower center", ncols=3)
    elif len(labels) > 6:
        figure.set_figwidth(figure.get_figwidth() + 2)
        figure.legend(handles, labels, loc="outside right center")
    else:
        axes[0].legend()
