"""ResNet-41 and ResNet-49 on the latent, ResNet-50 on pixels."""

from __future__ import annotations

from torch import nn
from torchvision.models.resnet import Bottleneck
from torchvision.ops import Conv2dNormActivation

from promic_nb.studies.latent_learning.learner import Architecture
from promic_nb.studies.latent_learning.learners.up_scale import up_scale

EXPANSION = 4  # of torchvision's Bottleneck
STAGES = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))  # of ResNet-50: planes, blocks, stride


def _stage(inputs: int, planes: int, blocks: int, stride: int, dilation: int = 1) -> nn.Sequential:
    """One stage of ResNet-50 as torchvision builds it.

    It has `blocks` bottlenecks, the first with `stride`.
    """
    outputs = planes * EXPANSION
    shortcut = nn.Sequential(
        nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
    )
    first = Bottleneck(inputs, planes, stride, shortcut, dilation=dilation)
    return nn.Sequential(
        first, *(Bottleneck(outputs, planes, dilation=dilation) for _ in range(blocks - 1))
    )


def _resnet(
    start: nn.Sequential,
    inputs: int,
    rows: tuple[tuple[int, int, int], ...],
    width: float,
    dense: bool,
) -> tuple[nn.Sequential, int]:
    """Stages (planes, blocks, stride) after `start`.

    A segmenter stays at an eighth of the pixel resolution and dilates the later stages instead.
    """
    stages, dilation = [], 1
    for planes, blocks, stride in rows:
        if dense and planes > 128:
            stride, dilation = 1, dilation * stride
        planes = round(planes * width)
        stages.append(_stage(inputs, planes, blocks, stride, dilation))
        inputs = planes * EXPANSION
    return nn.Sequential(*start, *stages), inputs


def resnet41(inputs: int, width: float, dense: bool) -> tuple[nn.Sequential, int]:
    """Table 1a: up-scaling and the last three stages of ResNet-50, the first one without stride."""
    c = round(256 * width)
    return _resnet(nn.Sequential(up_scale(inputs, c)), c, ((128, 4, 1), *STAGES[2:]), width, dense)


def resnet49(inputs: int, width: float, dense: bool) -> tuple[nn.Sequential, int]:
    """ResNet-50 without its first convolution and pooling.

    It reads the latents of large pictures (section 4.6).
    """
    return _resnet(nn.Sequential(), inputs, STAGES, width, dense)


def resnet50(inputs: int, width: float, dense: bool) -> tuple[nn.Sequential, int]:
    """ResNet-50 on pixels."""
    c = round(64 * width)
    start = nn.Sequential(Conv2dNormActivation(inputs, c, 7, 2), nn.MaxPool2d(3, 2, 1))
    return _resnet(start, c, STAGES, width, dense)


RESNET41 = Architecture(resnet41, scale=16)
RESNET49 = Architecture(resnet49, scale=16)
RESNET50 = Architecture(resnet50, scale=1)
