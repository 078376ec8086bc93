"""U-Net, and the structure that it shares with DenseUNet."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from promic_nb.studies.deblocking.layers import conv
from promic_nb.studies.deblocking.network import Network


class UNetLike(nn.Module):
    """Contracting and expanding path with skip connections and two downsamplings (Fig. 14).

    Sides are padded to multiples of four.

    Args:
        down: a module for each level, from the top.
        up: a module for each level but the lowest, from the bottom; it reads the upsampled maps and
            those of its level.
        last: converts to three channels.
    """

    def __init__(self, down: list[nn.Module], up: list[nn.Module], last: nn.Module) -> None:
        super().__init__()
        self.down, self.up, self.last = nn.ModuleList(down), nn.ModuleList(up), last

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        step = 2 ** len(self.up)
        x = F.pad(x, (0, -width % step, 0, -height % step), mode="replicate")
        levels = [self.down[0](x)]
        for level in self.down[1:]:
            levels.append(level(F.max_pool2d(levels[-1], 2)))
        x = levels.pop()
        for level in self.up:
            x = level(torch.cat([F.interpolate(x, scale_factor=2), levels.pop()], dim=1))
        return self.last(x)[..., :height, :width]


def _double(inputs: int, outputs: int) -> nn.Module:
    return nn.Sequential(conv(inputs, outputs), nn.ReLU(), conv(outputs, outputs), nn.ReLU())


def unet(width: int = 44) -> nn.Module:
    """U-Net with two convolutions per level and 44, 88 and 176 maps.

    It has 890,827 parameters, 0.3 % more than printed.
    """
    down = [_double(3, width), _double(width, 2 * width), _double(2 * width, 4 * width)]
    up = [_double(6 * width, 2 * width), _double(3 * width, width)]
    return UNetLike(down, up, conv(width, 3, 1))


UNET = Network(unet, "UNet", 888_003)
