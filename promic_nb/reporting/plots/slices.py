"""Slices with boxes."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle


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
