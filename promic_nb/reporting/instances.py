"""Objects drawn on a slice: boxes, and masks in colour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from skimage.color import label2rgb


def boxes_beside(image: np.ndarray, boxes: Mapping[str, np.ndarray]) -> Figure:
    """The slice once per set of boxes (n, 4), xyxy pixels, each with its title."""
    figure, axes = _panels(boxes)
    for axis, here in zip(axes, boxes.values(), strict=True):
        axis.imshow(image, cmap="gray", vmin=0, vmax=255)
        for x0, y0, x1, y1 in here:
            axis.add_patch(plt.Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, edgecolor="gold"))
    return figure


def masks_beside(image: np.ndarray, masks: Mapping[str, Sequence[np.ndarray]]) -> Figure:
    """The slice once per set of masks, bool (H, W), in colour, each with its title."""
    figure, axes = _panels(masks)
    for axis, here in zip(axes, masks.values(), strict=True):
        axis.imshow(label2rgb(numbered(here, image.shape), image, bg_label=0))
    return figure


def numbered(masks: Sequence[np.ndarray], size: tuple[int, ...]) -> np.ndarray:
    """A label image of masks, int (H, W): mask k has the value k + 1, the background 0.

    Where masks overlap, it is the sum of their values, limited to the number of masks.

    Example:
        >>> both = [np.array([[1, 1, 0, 0]], bool), np.array([[0, 1, 1, 0]], bool)]
        >>> numbered(both, (1, 4)).tolist()
        [[1, 2, 2, 0]]
    """
    total = sum(((k + 1) * mask for k, mask in enumerate(masks)), np.zeros(size, int))
    return np.clip(total, None, len(masks))


def _panels(titles: Mapping[str, object]) -> tuple[Figure, list[Axes]]:
    figure, axes = plt.subplots(1, len(titles), figsize=(9, 3.6), layout="constrained")
    for axis, title in zip(axes, titles, strict=True):
        axis.set(title=title, xticks=[], yticks=[])
    return figure, list(axes)
