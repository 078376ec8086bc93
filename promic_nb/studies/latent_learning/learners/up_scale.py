"""The first layer of networks on the latents of pictures of normal size."""

from __future__ import annotations

from torch import nn
from torchvision.ops import Conv2dNormActivation


def up_scale(inputs: int, outputs: int) -> nn.Sequential:
    """Table 1's first row: pixel shuffle to twice the size, then a 1x1 convolution.

    The text mentions a deconvolutional layer and a pixel shuffle; the layer counts in the network
    names allow one convolution only, so the pixel shuffle is taken to be the deconvolution.
    Channels that do not fill a 2x2 square are padded with zeros.
    """
    missing = -inputs % 4
    return nn.Sequential(
        nn.ZeroPad3d((0, 0, 0, 0, 0, missing)) if missing else nn.Identity(),
        nn.PixelShuffle(2),
        Conv2dNormActivation((inputs + missing) // 4, outputs, 1),
    )
