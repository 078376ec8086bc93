"""Fit the constants of RVS and LSBS for a trained model, using real streams of training slices.

python -m promic_nb.training.fit_rvs_lsbs data/weights/jpegai_beta0.01.safetensors path/to/lucchi
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
import typer
from safetensors import safe_open
from tqdm.auto import tqdm

from promic_nb.codecs.base import bpp
from promic_nb.codecs.jpegai import weights
from promic_nb.codecs.jpegai.codec import JpegAiStyleCodec
from promic_nb.codecs.jpegai.hyperprior import size_of
from promic_nb.codecs.jpegai.model import SKIP_INDEX
from promic_nb.codecs.jpegai.tools import LSBS, LSBS_EDGES, RVS, Tools
from promic_nb.datasets import open_stack
from promic_nb.training.material import mixed, tool_pictures, training_slices

DISPLACEMENTS = (-48, -24, 24, 48)  # tried for each band, in 1/128 levels: steps 0.93 to 1.08 times
# Gains tried for the whole latent first: training's dither differs from the coder's rounding.
GAINS = (-192, -144, -96, -48, 0, 48)
GROUPS = 4  # groups of channels, by falling scale, whose flag is tried


@torch.inference_mode()
def fit_tools(
    codec: JpegAiStyleCodec, images: Sequence[np.ndarray], beta: float, progress: bool = True
) -> Tools:
    """Find constants that lower rate + beta MSE on `images`, one at a time.

    Bands: one below the skip threshold, and the quartiles of the blocks above it. The best gain
    without tools is found first, so that RVS does not compensate for a wrong gain. LSBS: least
    squares of the latent on the decoded latent in each sigma band. RVS: the best of five
    displacements in each band. GRFS: a group of channels keeps RVS if that lowers the cost.

    Args:
        codec: with tools off; its model determines the bands. It is left with the best gain and
            the tools.
        images: uint8 (H, W), training slices.
        beta: that the model was trained with.
    """
    sides = []
    for image in images:
        y = codec.analysis_transform(torch.from_numpy(image)[None, None].float())
        z = codec.hyper_latent(y)
        sides.append((y.double(), z, codec.side_information(z, size_of(y), 0, 0)))
    means = torch.cat(
        [
            torch.nn.functional.avg_pool2d(
                side.index, 8, ceil_mode=True, count_include_pad=False
            ).flatten()
            for *_, side in sides
        ]
    )
    quartiles = means[means > SKIP_INDEX].quantile(
        torch.tensor([0.25, 0.5, 0.75], dtype=torch.float64)
    )
    channels = codec.channels
    ones = torch.ones(len(LSBS_EDGES) + 1).double()
    tools = Tools(
        torch.cat([torch.tensor([SKIP_INDEX]), quartiles]).double(),
        torch.zeros(5).double(),
        torch.ones(channels).double(),
        ones,
    )
    costs = []
    for gain in tqdm(GAINS, desc="gain", unit="trial", disable=not progress):
        codec.gain = gain
        costs.append(_cost(codec, images, beta, tools, 0))
    cost, codec.gain = min(zip(costs, GAINS, strict=True), key=lambda trial: trial[0])
    scaled = replace(tools, lsbs=_lsbs(codec, sides))
    scaled_cost = _cost(codec, images, beta, scaled, LSBS)
    if scaled_cost < cost:
        tools, cost = scaled, scaled_cost
    strength = torch.stack([side.index.mean((0, 2, 3)) for *_, side in sides]).mean(0)
    groups = strength.argsort(descending=True).chunk(GROUPS)
    trials = [partial(_displaced, band, d) for band in range(1, 5) for d in DISPLACEMENTS]
    trials += [partial(_without, group) for group in groups]
    for change in tqdm(trials, desc="tools", unit="trial", disable=not progress):
        trial = change(tools)
        trial_cost = _cost(codec, images, beta, trial, RVS | LSBS)
        if trial_cost < cost:
            tools, cost = trial, trial_cost
    return tools


def _displaced(band: int, displacement: int, tools: Tools) -> Tools:
    """RVS with another displacement in one band."""
    return replace(tools, rvs=tools.rvs.index_fill(0, torch.tensor([band]), displacement))


def _without(channels: torch.Tensor, tools: Tools) -> Tools:
    """RVS switched off in some channels."""
    return replace(tools, channels=tools.channels.index_fill(0, channels, 0))


def _lsbs(codec: JpegAiStyleCodec, sides: list) -> torch.Tensor:
    """Least-squares factor of the decoded latent in each band of sigma, a multiple of 1/1024."""
    products = torch.zeros(2, len(LSBS_EDGES) + 1, dtype=torch.float64)
    for y, z, side in sides:
        h, w = y.shape[-2:]
        used = codec.side_information(z, (h, w), codec.gain, 0)
        decoded = codec.dequantize(codec.quantize(y, used), used)[..., :h, :w]
        band = torch.bucketize(side.index[..., :h, :w], LSBS_EDGES).flatten()
        products[0].index_add_(0, band, (y * decoded).flatten())
        products[1].index_add_(0, band, decoded.square().flatten())
    factor = torch.where(
        products[1] > 0, products[0] / products[1].clamp_min(1e-12), torch.ones(()).double()
    )
    return (factor.clamp(0.5, 1.5) * 1024).round() / 1024


def _cost(
    codec: JpegAiStyleCodec, images: Sequence[np.ndarray], beta: float, tools: Tools, which: int
) -> float:
    """Mean rate + beta MSE of real streams."""
    codec.constants, codec.tools = tools, which
    costs = []
    for image in images:
        stream = codec.encode(image)
        costs.append(
            bpp(stream, image.shape)
            + beta * np.square(codec.decode(stream).astype(float) - image).mean()
        )
    return float(np.mean(costs))


def main(
    path: Path,
    data: Path,
    slices: int = 1,
    out: Path | None = None,
    pictures: Path | None = None,
) -> None:
    """Fit constants for the BOP model in the weight file PATH on Lucchi's training slices (DATA).

    With PICTURES, a folder of natural images, on mixed material. Write them to OUT, by default
    PATH.
    """
    stack = open_stack("lucchi", str(data))
    material = mixed(stack, pictures) if pictures else training_slices(stack)
    images = tool_pictures(material, slices)
    with safe_open(path, "pt") as file:
        about = file.metadata()
    codec = JpegAiStyleCodec(path)
    tools = fit_tools(codec, images, float(about["beta"]))
    typer.echo(f"gain {codec.gain}; {tools}")
    typer.echo(f"{out or path} {weights.save(codec.model, out or path, tools=tools, **about)}")


if __name__ == "__main__":
    typer.run(main)
