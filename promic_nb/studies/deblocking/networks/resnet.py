"""ResNet: residual blocks."""

from __future__ import annotations

from torch import nn

from promic_nb.studies.deblocking.layers import Add, conv, three_convolutions
from promic_nb.studies.deblocking.network import Network


def resnet(inputs: int = 3, outputs: int = 3, width: int = 16, blocks: int = 5) -> nn.Module:
    """Five residual blocks of three convolutions: 114,691 parameters, as printed."""
    body = [
        layer
        for _ in range(blocks)
        for layer in (Add(*three_convolutions(width, width)), nn.ReLU())
    ]
    return nn.Sequential(conv(inputs, width, 5), nn.ReLU(), *body, conv(width, outputs, 3))


RESNET = Network(resnet, "ResNet", 114_691)
