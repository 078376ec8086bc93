"""A slice, what a receiver decodes of it, and its latent (notebook 05)."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import pandas as pd

from promic_nb.reporting.arrays import grouped_arrays
from promic_nb.reporting.drawing import Drawing, Figures, Page, Parameters


def latents(pictures: pd.DataFrame, about: Parameters) -> Iterator[Drawing]:
    """The slice, its reconstruction and the strongest channels, one figure for each rate point.

    Args:
        pictures: arrays by the titles of the panels, the slice first; groups "RATE: BPP bpp".
    """
    for group, panels in grouped_arrays(pictures).items():
        rate, _, bpp = group.partition(": ")
        figure, axes = plt.subplots(1, len(panels), figsize=(12, 2.4), layout="constrained")
        for place, (axis, (title, picture)) in enumerate(zip(axes, panels.items(), strict=True)):
            limits = {"vmin": 0, "vmax": 255} if place < 2 else {}
            axis.imshow(picture, cmap="gray", **limits)
            axis.set_title(title)
            axis.axis("off")
        yield Drawing(
            f"latent_{rate}",
            figure,
            f"A test slice of {about['dataset']}, its reconstruction at {bpp}, "
            "and its strongest latent channels.",
            "A micrograph, a smoother reconstruction of it, and three coarse grey maps "
            "in which its organelles can be recognized.",
        )


PAGE = Page((Figures("latent_*", ("latent_pictures_*",), latents),))
