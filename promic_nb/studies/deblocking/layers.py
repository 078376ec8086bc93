"""Layers shared by several networks. All keep height and width."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def conv(inputs: int, outputs: int, kernel: int = 3, bias: bool = True) -> nn.Conv2d:
    """A convolution that keeps height and width."""
    return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=bias)


class Add(nn.Sequential):
    """x + f(x)."""

    def forward(self, x: Tensor) -> Tensor:
        return x + super().forward(x)


class Concatenate(nn.Sequential):
    """The channels of x, followed by those of f(x)."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, super().forward(x)], dim=1)


def three_convolutions(
    inputs: int, outputs: int, middle: int = 32, bias: bool = True
) -> list[nn.Module]:
    """The layers inside a block of ResNet and JJNet; `bias` applies to the third convolution."""
    return [
        conv(inputs, middle, 5),
        nn.ReLU(),
        conv(middle, middle, 3),
        nn.ReLU(),
        conv(middle, outputs, 1, bias),
    ]


def dense_block(inputs: int, growth: int, layers: int = 3) -> nn.Sequential:
    """Each layer reads all earlier feature maps (Fig. 13); inputs + layers x growth channels."""
    return nn.Sequential(
        *(Concatenate(conv(inputs + i * growth, growth), nn.ReLU()) for i in range(layers))
    )
