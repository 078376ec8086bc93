"""JPEG step by step, and the DCT against the DFT (notebook 11)."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns

from promic_nb.reporting.arrays import grouped_arrays
from promic_nb.reporting.drawing import Drawing, Figures, Form, Page, Parameters

LABELS = {"mse": "MSE", "psnr_db": "PSNR (dB)", "ssim": "SSIM", "fsim": "FSIM"}


def block(arrays: pd.DataFrame, about: Parameters) -> Iterator[Drawing]:
    """One block through JPEG's transform and quantizer.

    Args:
        arrays: the 8x8 numbers after each step, by the step's name.
    """
    (parts,) = grouped_arrays(arrays).values()
    numbers = {"annot": True, "fmt": ".0f", "annot_kws": {"size": 5}}
    plain = {"cbar": False, "square": True, "xticklabels": False, "yticklabels": False}
    figure, axes = plt.subplots(1, 4, figsize=(10, 2.8))
    for axis, (title, values) in zip(axes, parts.items(), strict=True):
        shades = {"cmap": "gray"} if title == "samples" else {"cmap": "vlag", "center": 0}
        sns.heatmap(values, ax=axis, **shades, **numbers, **plain)
        axis.set_title(title)
    yield Drawing(
        "jpeg_block",
        figure,
        f"One block of {about['dataset']} through JPEG's transform and quantizer at quality 50.",
        "Four 8x8 grids of numbers: samples, cosine coefficients with large values at the top "
        "left, step sizes, and quantized values, mostly zero.",
    )


def transform_jpeg(table: pd.DataFrame, about: Parameters) -> Form:
    """JPEG from its parts against libjpeg."""
    caption = (
        f"JPEG from its parts against libjpeg on a slice of {about['dataset']} "
        f"({about['crop']}x{about['crop']} at most): sizes, rates and quality."
    )
    return Form(caption, table.style.format(precision=3).hide())


def dft_dct(kept: pd.DataFrame, about: Parameters) -> Iterator[Drawing]:
    """Quality over the share of coefficients kept, for both transforms."""
    tidy = kept.melt(["transform", "block", "share"], [*LABELS], "metric")
    tidy["support"] = tidy.block.map(lambda b: f"blocks of {b}" if b else "whole image")
    shares = sorted(kept.share.unique())
    panels = {"col": "metric", "height": 2.6, "aspect": 0.9, "facet_kws": {"sharey": False}}
    lines = {"hue": "support", "style": "transform", "kind": "line", "markers": True}
    grid = sns.relplot(tidy, x="share", y="value", **lines, **panels)
    grid.set(
        xscale="log",
        xlabel="coefficients kept (%)",
        xticks=shares,
        xticklabels=[f"{100 * s:g}" for s in shares],
    )
    for metric, axis in grid.axes_dict.items():
        axis.set(title="", ylabel=LABELS[metric], yscale="log" if metric == "mse" else "linear")
        axis.tick_params(which="minor", bottom=False, labelbottom=False)
    grid.tight_layout(w_pad=1)
    yield Drawing(
        "dft_dct",
        grid.figure,
        f"DFT against DCT at equal numbers of coefficients on a slice of {about['dataset']}; "
        "lower MSE is better.",
        "Four line charts over the share of coefficients kept: at each block size the cosine "
        "transform lies above the Fourier transform.",
    )


def pictures(arrays: pd.DataFrame, about: Parameters) -> Iterator[Drawing]:
    """A slice from few of its coefficients.

    Args:
        arrays: pictures by title, in one group that names the share kept.
    """
    ((share, panels),) = grouped_arrays(arrays).items()
    figure, axes = plt.subplots(1, len(panels), figsize=(12, 2.7))
    for axis, (title, picture) in zip(axes, panels.items(), strict=True):
        axis.imshow(picture, cmap="gray", vmin=0, vmax=255)
        axis.set_title(title)
        axis.axis("off")
    yield Drawing(
        "dft_dct_images",
        figure,
        f"{share} of the coefficients of a slice of {about['dataset']} (as Fig. 4).",
        "Five grey pictures: the original, and blurred ones; the Fourier blocks show a grid, the "
        "whole-image transforms ripples.",
    )


PAGE = Page(
    (
        Figures("jpeg_block", ("jpeg_block_steps",), block),
        Figures("dft_dct", ("transform_threshold",), dft_dct),
        Figures("dft_dct_images", ("dft_dct_pictures",), pictures),
    ),
    {"transform_jpeg": transform_jpeg},
)
