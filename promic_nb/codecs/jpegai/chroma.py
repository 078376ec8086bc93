"""The chroma branch of JPEG AI's decoders, for counting operations and parameters: the codec here
is luma only, as micrographs are grey.

Structure as the JPEG AI overview and the VM 7.0 documents describe it, written anew; parameter
counts equal the released checkpoints.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from promic_nb.codecs.jpegai.attention import (
    ChannelAttention,
    ChannelNorm,
    ConvAttentionBlock,
    GatedFeedForward,
    ResAU,
    Residual,
    conv,
)
from promic_nb.codecs.jpegai.networks import LATENT_CHANNELS, up

CHROMA_CHANNELS = 96
INFO_CHANNELS = 48  # what chroma synthesis takes from the luma latent


class ChromaSynthesis(nn.Module):
    """Latents of luma (N, 160, h, w) and chroma (N, 96, h, w) to the planes U and V (N, 2, 16h,
    16w).
    """

    def __init__(self, body: nn.Sequential) -> None:
        super().__init__()
        self.info = conv(LATENT_CHANNELS + CHROMA_CHANNELS, INFO_CHANNELS)
        self.body = body

    def forward(self, luma: Tensor, chroma: Tensor) -> Tensor:
        return self.body(torch.cat([self.info(torch.cat([luma, chroma], 1)), chroma], 1))


def bop_chroma_synthesis() -> ChromaSynthesis:
    """Of the base operation point."""
    return ChromaSynthesis(
        nn.Sequential(
            *(
                nn.ConvTranspose2d(INFO_CHANNELS + CHROMA_CHANNELS, 64, 4, 2, 1),
                ResAU(64, groups=4),
            ),
            *(
                conv(64, 128),
                ResAU(128, groups=8),
                conv(128, 128, 1, bias=False),
                nn.PixelShuffle(8),
            ),
        )
    )


def hop_chroma_synthesis() -> ChromaSynthesis:
    """Of the high operation point; its transformer blocks work at full size, unlike luma's."""
    attention = [
        Residual(ChannelNorm(64), part(64))
        for _ in range(2)
        for part in (ChannelAttention, GatedFeedForward)
    ]
    return ChromaSynthesis(
        nn.Sequential(
            *(up(INFO_CHANNELS + CHROMA_CHANNELS, 64), ConvAttentionBlock(64), ResAU(64, groups=4)),
            *(
                conv(64, 256, 1),
                nn.PixelShuffle(2),
                *attention,
                ResAU(64, groups=4),
                up(64, 8),
                nn.PixelShuffle(2),
            ),
        )
    )


CHROMA_SYNTHESIS: dict[str, Callable[[], ChromaSynthesis]] = {
    "bop": bop_chroma_synthesis,
    "hop": hop_chroma_synthesis,
}
