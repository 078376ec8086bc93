"""DenseNet: dense blocks, each followed by a 1x1 convolution."""

from __future__ import annotations

from torch import nn

from promic_nb.studies.deblocking.layers import conv, dense_block
from promic_nb.studies.deblocking.network import Network


def densenet(width: int = 16, growth: int = 16, blocks: int = 3) -> nn.Module:
    """Three dense blocks of three layers, each followed by a 1x1 convolution to fewer channels.

    The thesis does not print the number of parameters.
    """
    body = [
        layer
        for _ in range(blocks)
        for layer in (dense_block(width, growth), conv(width + 3 * growth, width, 1), nn.ReLU())
    ]
    return nn.Sequential(conv(3, width, 5), nn.ReLU(), *body, conv(width, 3, 3))


DENSENET = Network(densenet, "DenseNet")
