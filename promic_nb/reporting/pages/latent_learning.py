"""Learning from latents (notebook 15)."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from promic_nb.reporting.drawing import Drawing, Figures, Page, Parameters
from promic_nb.studies.latent_learning.tables import comparable

LINES = {"latent": "o-", "reconstruction": "s--"}


def rate_term(
    pictures: pd.DataFrame, channels: pd.DataFrame, about: Parameters
) -> Iterator[Drawing]:
    """The rate term against the entropy.

    Args:
        pictures: rows of rate, log_variance, bpp.
        channels: rows of rate, variance, entropy_bits.
    """
    figure, axes = plt.subplots(1, 2, figsize=(8, 3))
    for rate, part in pictures.groupby("rate"):
        axes[0].plot(part.log_variance, part.bpp, ".", label=f"rate point {rate}")
    for _, part in channels[channels.variance > 0].groupby("rate"):
        axes[1].plot(np.log(part.variance), part.entropy_bits, ".", alpha=0.5)
    axes[0].set(xlabel="log(sigma^2) of a picture's latent", ylabel="entropy (bits per value)")
    axes[1].set(xlabel="log(sigma^2) of a channel", ylabel="entropy (bits per value)")
    axes[0].legend()
    yield Drawing(
        "rate_term_plot",
        figure,
        "The rate term against the entropy, for pictures (as Fig. 2 of document 004) and for "
        "channels.",
        "Two scatter plots in which the entropy rises with the logarithm of the variance.",
    )


def learners(learned: pd.DataFrame, about: Parameters) -> Iterator[Drawing]:
    """Accuracy and mIoU over rate, from latents and from reconstructions."""
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.4))
    learned = learned.assign(percent=100 * learned.value)
    top1 = comparable(learned)
    top1 = top1[top1.training != "largest"]
    for keys, line in top1.groupby(["network", "domain", "training"], sort=False):
        network, domain, training = keys
        line, label = line.sort_values("bpp"), f"{network}, {domain}, {training} size"
        axes[0].plot(line.bpp, line.percent, LINES[domain], label=label)
    miou = learned[learned.metric == "miou"]
    for (network, domain), line in miou.groupby(["network", "domain"], sort=False):
        line = line.sort_values("bpp")
        axes[1].plot(line.bpp, line.percent, LINES[domain], label=f"{network}, {domain}")
    for axis, label in zip(axes, ("top-1 accuracy (%)", "mIoU (%)"), strict=True):
        axis.set(xlabel="rate (bpp, by entropy)", ylabel=label)
        axis.legend()
    yield Drawing(
        "latent_learning_plot",
        figure,
        f"Accuracy and mIoU over rate on {', '.join(learned.pictures.unique())}, "
        "from latents and from reconstructions.",
        "Two line charts: accuracy and intersection over union against bits per pixel, "
        "a line for each network and domain.",
    )


PAGE = Page(
    (
        Figures("rate_term_plot", ("rate_term_pictures", "rate_term_channels"), rate_term),
        Figures("latent_learning_plot", ("latent_learning",), learners),
    )
)
