"""DenseUNet: U-Net with dense blocks."""

from __future__ import annotations

from torch import nn

from promic_nb.studies.deblocking.layers import conv, dense_block
from promic_nb.studies.deblocking.network import Network
from promic_nb.studies.deblocking.networks.unet import UNetLike


def dense_unet(growth: int = 16) -> nn.Module:
    """U-Net with a dense block of three layers on each level of the contracting path.

    It has 197,683 parameters, 0.2 % fewer than printed.
    """
    top = nn.Sequential(conv(3, 16, 5), nn.ReLU(), dense_block(16, growth))
    widths = [16 + 3 * growth * i for i in (1, 2, 3)]
    up: list[nn.Module] = [
        nn.Sequential(conv(widths[2] + widths[1], 32), nn.ReLU()),
        nn.Sequential(conv(32 + widths[0], 16), nn.ReLU()),
    ]
    return UNetLike(
        [top, dense_block(widths[0], growth), dense_block(widths[1], growth)], up, conv(16, 3)
    )


DENSE_UNET = Network(dense_unet, "DenseUNet", 198_115)
