"""Bitstreams for the JPEG AI VM 3.3 luma networks: their latent, our entropy coding."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from promic_nb.codecs.jpegai import vm33, vm33_weights
from promic_nb.codecs.jpegai.coder import EntropyCoder
from promic_nb.codecs.jpegai.exact import ACTIVATION_BITS, fixed_point, on_grid
from promic_nb.codecs.jpegai.hyperprior import HyperpriorCodec, inverse_step
from promic_nb.codecs.jpegai.model import LEVELS, LOG_STEP, SIGMA_MIN, SKIP_INDEX

# Smallest sigma, in units of the fixed-point grid, of the scale indexes 1/128, 2/128 ... LEVELS -
# 1/128. Whole numbers, and no bound lies so near to one that another machine's exp could round it
# elsewhere (a test): so the index of a sigma is the same everywhere.
SIGMA_BOUNDS = torch.tensor(
    [
        math.ceil(2**ACTIVATION_BITS * SIGMA_MIN * math.exp(LOG_STEP * (i - 0.5) / 128))
        for i in range(1, LEVELS * 128)
    ],
    dtype=torch.float64,
)


@dataclass(frozen=True)
class Side:
    """Side information: mean of the latent, scale index and coded flag, all (1, 128, h, w); one
    inverse quantization step.
    """

    mean: Tensor
    index: Tensor
    coded: Tensor
    step: Tensor


class Vm33Codec(HyperpriorCodec[Side]):
    """The JPEG AI VM 3.3 luma networks with a prior of z that this project fitted.

    Its bitstreams are not JPEG AI's.

    A model of low rates: trained for about 0.1 bpp, it saturates near 0.3 bpp. The gain moves the
        rate in between. Symbols are coded where
    sigma *before* the gain exceeds 0.2: the small coefficients that the networks learned to drop
        stay dropped, and more rate is more quality.

    Args:
        gain: displacement D of the gain unit: quantization steps are divided by exp(D/128 *
            0.200365).
        folder: of the five ONNX files; empty: the environment's PROMIC_VM33, else
            data/jpeg-ai-vm3.3.

    Raises:
        UserError: missing or other files, or a gain out of range.
    """

    name, codec_id, channels = "jpegai_vm33", 2, vm33.LATENT_CHANNELS
    model: vm33.Vm33

    def __init__(self, gain: int = 0, folder: str = "") -> None:
        self.path = vm33_weights.locate(folder)
        self.model = vm33_weights.load(self.path)
        tables, sha256 = vm33_weights.prior()
        super().__init__(self.name, "vm3.3", sha256, EntropyCoder(tables), gain)
        self._mean = fixed_point(self.model.hyper_decoder)
        self._scale = fixed_point(self.model.hyper_scale_decoder)

    def side_information(self, z: Tensor, size: tuple[int, int], gain: int, tools: int) -> Side:
        mean, sigma = (
            network(z)[..., : size[0], : size[1]] for network in (self._mean, self._scale)
        )
        index = (
            torch.bucketize(sigma.abs() * 2**ACTIVATION_BITS, SIGMA_BOUNDS, right=True).double()
            / 128
        )
        step = inverse_step(torch.tensor(gain, dtype=torch.float64))
        return Side(mean, (index + gain / 128).clamp(0, LEVELS - 1), index > SKIP_INDEX, step)

    def quantize(self, y: Tensor, side: Side) -> Tensor:
        return ((y - side.mean) * side.step).round() * side.coded

    def dequantize(self, symbols: Tensor, side: Side) -> Tensor:
        return on_grid(symbols / side.step + side.mean)
