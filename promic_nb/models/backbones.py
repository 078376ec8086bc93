"""Backbones in stages, so that a translator can stand in for the first two: the front ends after
stage 2, at a stride of 4.
"""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from torch import nn
from torchvision.models import resnet50
from torchvision.models.resnet import Bottleneck
from torchvision.ops import FrozenBatchNorm2d

from promic_nb.core.registry import Registry
from promic_nb.models.config import DetectorConfig

# front (planes -> stride 4), stages 3, 4, 5 (strides 8, 16, 32) and the channels after stages 2..5
Stages = tuple[nn.Sequential, nn.ModuleList, tuple[int, int, int, int]]


def _block(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
        nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


def small(config: DetectorConfig) -> Stages:
    """Four stages of two 3x3 convolutions, 32 to 128 channels."""
    widths = (32, 64, 96, 128)
    stem = nn.Sequential(
        nn.Conv2d(len(config.mean), 16, 5, 2, 2, bias=False), nn.BatchNorm2d(16), nn.ReLU()
    )
    stages = nn.ModuleList(_block(a, b, 2) for a, b in itertools.pairwise(widths))
    return nn.Sequential(stem, _block(16, widths[0], 2)), stages, widths


def resnet_50(config: DetectorConfig) -> Stages:
    """ResNet-50 with the stride and the norms of `config`."""
    norm = FrozenBatchNorm2d if config.norm == "frozen" else nn.BatchNorm2d
    net = resnet50(weights=None, norm_layer=partial(norm, eps=config.norm_eps))
    for block in net.modules():
        if isinstance(block, Bottleneck) and config.stride_in_1x1:
            block.conv1.stride, block.conv2.stride = block.conv2.stride, (1, 1)
    parts = OrderedDict(
        conv1=net.conv1, bn1=net.bn1, relu=net.relu, maxpool=net.maxpool, layer1=net.layer1
    )
    front = nn.Sequential(parts)
    return front, nn.ModuleList([net.layer2, net.layer3, net.layer4]), (256, 512, 1024, 2048)


@dataclass(frozen=True)
class Backbone:
    """A backbone in stages.

    Attributes:
        build: its stages with random weights.
        stage2_channels: after stage 2, which a translator has to give.
    """

    build: Callable[[DetectorConfig], Stages]
    stage2_channels: int


BACKBONES = Registry.of(
    "backbone", {"small": Backbone(small, 32), "resnet50": Backbone(resnet_50, 256)}, __name__
)
