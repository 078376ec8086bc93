"""MobileNetV2-45 on the latent, MobileNetV2 on pixels."""

from __future__ import annotations

from torch import nn
from torchvision.models.mobilenetv2 import InvertedResidual
from torchvision.ops import Conv2dNormActivation

from promic_nb.studies.latent_learning.learner import Architecture
from promic_nb.studies.latent_learning.learners.up_scale import up_scale

# (expansion t, channels c, blocks n, stride s). The fourth row is printed with c = 96 and s = 1,
# but the next row has half the input size, so MobileNetV2's own row is used.
TABLE_1B = ((6, 32, 3, 1), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
GROUPS = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), *TABLE_1B[1:])


def _mobilenet(
    start: nn.Sequential, inputs: int, rows: tuple[tuple[int, ...], ...], width: float
) -> tuple[nn.Sequential, int]:
    layers = []
    for t, c, n, s in rows:
        for block in range(n):
            layers.append(InvertedResidual(inputs, round(c * width), s if block == 0 else 1, t))
            inputs = round(c * width)
    outputs = round(1280 * width)
    return nn.Sequential(
        *start, *layers, Conv2dNormActivation(inputs, outputs, 1, activation_layer=nn.ReLU6)
    ), outputs


def mobilenetv2_45(inputs: int, width: float, _: bool) -> tuple[nn.Sequential, int]:
    """Table 1b: up-scaling to 320 channels, then MobileNetV2 without its first two groups."""
    c = round(320 * width)
    return _mobilenet(nn.Sequential(up_scale(inputs, c)), c, TABLE_1B, width)


def mobilenetv2(inputs: int, width: float, _: bool) -> tuple[nn.Sequential, int]:
    """MobileNetV2 on pixels."""
    c = round(32 * width)
    return _mobilenet(
        nn.Sequential(Conv2dNormActivation(inputs, c, 3, 2, activation_layer=nn.ReLU6)),
        c,
        GROUPS,
        width,
    )


MOBILENETV2_45 = Architecture(mobilenetv2_45, scale=16)
MOBILENETV2 = Architecture(mobilenetv2, scale=1)
