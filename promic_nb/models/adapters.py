"""What a latent passes before the Domain Translator: a choice of its channels, and the affine of
its rate (section 5.1 of the dissertation).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from promic_nb.core.fields import RateInput

# Variance of rounding to whole numbers: every channel of a decoded latent has at least that.
ROUNDING = 1 / 12


class ChannelSelection(nn.Module):
    """Passes some channels on; which ones is saved with the weights.

    Args:
        channels: their numbers, in the order in which they come out.
    """

    index: Tensor

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        self.register_buffer("index", torch.tensor(list(channels), dtype=torch.int64))

    def forward(self, latent: Tensor) -> Tensor:
        """(N, C, h, w) to (N, len(channels), h, w)."""
        return latent[:, self.index]


class RateAffine(nn.Module):
    """A scale and a shift for each channel of each rate, so that one translator reads latents of
    several rates.

    The scale starts at 1 / sqrt(variance + 1/12): each rate's latent then has about unit variance,
    and a channel that is all but rounded away at a low rate is not blown up. Fixed, this undoes the
    gain of the rate (gain units: Cui et al., "Asymmetric Gained Deep Image Compression with
    Continuous Rate Adaptation", CVPR 2021); learned, it is conditional normalization (Dumoulin et
    al., "A Learned Representation for Artistic Style", ICLR 2017).

    Args:
        variance: (rates, C), of each channel over the training slices of a rate.
        learned: whether scale and shift are trained with the translator.

    Attributes:
        rate_input: "affine" if they are learned, else "gain".
    """

    scale: Tensor
    shift: Tensor

    def __init__(self, variance: Tensor, learned: bool) -> None:
        super().__init__()
        self.rate_input: RateInput = "affine" if learned else "gain"
        scale = (variance.float() + ROUNDING).rsqrt()
        for name, value in (("scale", scale), ("shift", torch.zeros_like(scale))):
            if learned:
                self.register_parameter(name, nn.Parameter(value))
            else:
                self.register_buffer(name, value)

    def forward(self, latent: Tensor) -> Tensor:
        """(N, C + 1, h, w), whose last plane holds the number of the rate (`training.multirate`),
        to (N, C, h, w).
        """
        number = latent[:, -1, 0, 0].round().long()
        return (
            latent[:, :-1] * self.scale[number][..., None, None]
            + self.shift[number][..., None, None]
        )
