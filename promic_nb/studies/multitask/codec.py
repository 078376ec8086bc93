"""The study's codec: the JPEG-AI-style base networks on luma.

The decoder is frozen after one adaptation.

The thesis uses the encoder and decoder of HiFiC (Mentzer et al. 2020) with 220 latent channels, on
RGB, without a rate term. They are replaced by the JPEG-AI-style base networks: 160 channels, luma.
These start from weights trained on micrographs and are adapted to the pictures with the MSE.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
import torch
from skimage.color import rgb2gray
from skimage.transform import resize
from torch import Tensor, nn

from promic_nb.codecs.jpegai import weights
from promic_nb.codecs.jpegai.networks import LATENT_CHANNELS
from promic_nb.datasets.pictures import Sample

# modules of the encoder up to stride 8, corresponding to the thesis's fourth encoder convolution
LAYER4 = 9
LAYER4_CHANNELS = 128


class Encoder(nn.Module):
    """From luma (N, 1, H, W) in 0..1 to the latent (N, 160, H/16, W/16), not quantized."""

    channels = LATENT_CHANNELS

    def __init__(self, analysis: nn.Sequential) -> None:
        super().__init__()
        self.analysis = analysis

    def forward(self, x: Tensor) -> Tensor:
        return self.analysis((255 * x - 127.5) / 128)

    def layer4(self, x: Tensor) -> Tensor:
        """Features (N, 128, H/8, W/8) before the last stride."""
        return self.analysis[:LAYER4]((255 * x - 127.5) / 128)


class Decoder(nn.Module):
    """From the latent (N, 160, h, w) to luma (N, 1, 16h, 16w), roughly in 0..1.

    The latent is rounded with a straight-through gradient.
    """

    def __init__(self, synthesis: nn.Sequential) -> None:
        super().__init__()
        self.synthesis = synthesis

    def forward(self, y: Tensor) -> Tensor:
        return (self.synthesis(y + (y.round() - y).detach()) * 128 + 127.5) / 255


def start_codec(beta: float) -> tuple[Encoder, Decoder]:
    """Encoder and decoder with the shipped weights for `beta`."""
    model, _, _ = weights.load(weights.WEIGHTS / f"jpegai_beta{beta:g}.safetensors")
    model = copy.deepcopy(model).requires_grad_(True)  # the loader caches the original
    return Encoder(model.analysis), Decoder(model.synthesis)


def luma(image: np.ndarray, side: int) -> Tensor:
    """The middle square of uint8 (H, W, 3), resized: luma float32 (1, side, side) in 0..1."""
    top, left = ((n - min(image.shape[:2])) // 2 for n in image.shape[:2])
    grey = rgb2gray(image[top : top + min(image.shape[:2]), left : left + min(image.shape[:2])])
    return (
        torch.from_numpy(resize(grey, (side, side), anti_aliasing=side < min(grey.shape)))
        .float()[None]
        .clamp(0, 1)
    )


def prepared(samples: Sequence[Sample], side: int) -> tuple[Tensor, Tensor]:
    """All samples: luma float32 (N, 1, side, side) in 0..1, classes int64 (N)."""
    return torch.stack([luma(image, side) for image, _ in samples]), torch.tensor(
        [target for _, target in samples]
    )
