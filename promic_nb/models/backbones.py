"""Backbones in stages, so that a translator can stand in for the first two: `front` ends after stage 2, at a stride of 4."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from torch import nn
from torchvision.models import resnet50
from torchvision.ops import FrozenBatchNorm2d

# front (1 plane -> stride 4), stages 3, 4, 5 (strides 8, 16, 32) and the channels after stages 2..5
Stages = tuple[nn.Sequential, nn.ModuleList, tuple[int, int, int, int]]


def _block(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(),
        nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(),
    )  # fmt: skip


def small() -> Stages:
    """Four stages of two 3x3 convolutions, 32 to 128 channels."""
    widths = (32, 64, 96, 128)
    stem = nn.Sequential(nn.Conv2d(1, 16, 5, 2, 2, bias=False), nn.BatchNorm2d(16), nn.ReLU())
    stages = nn.ModuleList(_block(a, b, 2) for a, b in itertools.pairwise(widths))
    return nn.Sequential(stem, _block(16, widths[0], 2)), stages, widths


def resnet_50() -> Stages:
    """ResNet-50 with frozen batch norms; the grey plane is repeated to three channels before the stem."""
    net = resnet50(weights=None, norm_layer=FrozenBatchNorm2d)
    front = nn.Sequential(_Repeat(3), net.conv1, net.bn1, net.relu, net.maxpool, net.layer1)
    return front, nn.ModuleList([net.layer2, net.layer3, net.layer4]), (256, 512, 1024, 2048)


class _Repeat(nn.Module):
    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    def forward(self, x):
        return x.expand(-1, self.times, -1, -1)


BACKBONES: dict[str, Callable[[], Stages]] = {"small": small, "resnet50": resnet_50}
