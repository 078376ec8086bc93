"""JJNet, the network of the thesis, and its variant with tanh."""

from __future__ import annotations

from torch import nn

from promic_nb.studies.deblocking.layers import Concatenate, conv, three_convolutions
from promic_nb.studies.deblocking.network import Network


def jjnet(width: int = 16, blocks: int = 5) -> nn.Module:
    """ResNet with concatenation instead of addition.

    It has 244,771 parameters, as printed, if the third convolutions have no bias.
    """
    body = [
        Concatenate(*three_convolutions(width * i, width, bias=False), nn.ReLU())
        for i in range(1, blocks + 1)
    ]
    return nn.Sequential(conv(3, width, 5), nn.ReLU(), *body, conv(width * (blocks + 1), 3, 3))


def jjnet_tanh() -> nn.Module:
    """JJNet with tanh after the last convolution (Table 17)."""
    return nn.Sequential(jjnet(), nn.Tanh())


JJNET = Network(jjnet, "JJNet", 244_771)
JJNET_TANH = Network(jjnet_tanh, "JJNet, tanh")
