"""Learning networks: on the latent after Table 1, and the standard ones on pixels that they are cut
from.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import torch
from torch import Tensor, nn
from torchvision.models.mobilenetv2 import InvertedResidual
from torchvision.models.resnet import Bottleneck
from torchvision.models.segmentation.fcn import FCNHead
from torchvision.ops import Conv2dNormActivation

from promic_nb.studies.latent_learning.tables import CHANNELS

EXPANSION = 4  # of torchvision's Bottleneck


class Learner(nn.Module):
    """A backbone with a head.

    Args:
        features: input (N, C, h, w) to the last feature map; any h and w.
        head: of a classifier, feature map to scores (N, classes); of a segmenter, to a score map
            that is enlarged to the pixels.
        scale: pixels a side for each sample of the input: 16 for latents, 1 for pixels.
        dense: whether it segments.
    """

    def __init__(self, features: nn.Sequential, head: nn.Module, scale: int, dense: bool) -> None:
        super().__init__()
        self.features, self.head, self.scale, self.dense = features, head, scale, dense

    def forward(self, x: Tensor) -> Tensor:
        """Scores (N, classes), or (N, classes, H, W) in pixels."""
        scores = self.head(self.features(x))
        if not self.dense:
            return scores
        size = [self.scale * n for n in x.shape[-2:]]
        return nn.functional.interpolate(scores, size, mode="bilinear", align_corners=False)


def up_scale(inputs: int, outputs: int) -> nn.Sequential:
    """Table 1's first row: pixel shuffle to twice the size, then a 1x1 convolution.

    The text names a deconvolutional layer and a pixel shuffle; the layer counts in the networks'
    names leave room for one convolution, so the pixel shuffle is taken to be the deconvolution.
    Channels that do not fill a 2x2 square are filled up with zeros.
    """
    missing = -inputs % 4
    return nn.Sequential(
        nn.ZeroPad3d((0, 0, 0, 0, 0, missing)) if missing else nn.Identity(),
        nn.PixelShuffle(2),
        Conv2dNormActivation((inputs + missing) // 4, outputs, 1),
    )


def _stage(inputs: int, planes: int, blocks: int, stride: int, dilation: int = 1) -> nn.Sequential:
    """One stage of ResNet-50: `blocks` bottlenecks, the first with `stride`; as torchvision builds
    it.
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
    """Stages (planes, blocks, stride) behind `start`.

    A segmenter stays at an eighth of the pixels and dilates the later stages instead.
    """
    stages, dilation = [], 1
    for planes, blocks, stride in rows:
        if dense and planes > 128:
            stride, dilation = 1, dilation * stride
        planes = round(planes * width)
        stages.append(_stage(inputs, planes, blocks, stride, dilation))
        inputs = planes * EXPANSION
    return nn.Sequential(*start, *stages), inputs


RESNET50 = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))  # planes, blocks, stride


def resnet41(inputs: int, width: float, dense: bool) -> tuple[nn.Sequential, int]:
    """Table 1a: up-scaling and the last three stages of ResNet-50, the first of them without
    stride.
    """
    c = round(256 * width)
    return _resnet(
        nn.Sequential(up_scale(inputs, c)), c, ((128, 4, 1), *RESNET50[2:]), width, dense
    )


def resnet49(inputs: int, width: float, dense: bool) -> tuple[nn.Sequential, int]:
    """Section 4.6, for the latents of large pictures: ResNet-50 without its first convolution and
    pooling.
    """
    return _resnet(nn.Sequential(), inputs, RESNET50, width, dense)


def resnet50(inputs: int, width: float, dense: bool) -> tuple[nn.Sequential, int]:
    """ResNet-50 on pixels."""
    c = round(64 * width)
    start = nn.Sequential(Conv2dNormActivation(inputs, c, 7, 2), nn.MaxPool2d(3, 2, 1))
    return _resnet(start, c, RESNET50, width, dense)


# (expansion t, channels c, blocks n, stride s). The fourth row is printed with c = 96 and s = 1,
# but the next row's input is half as large: it is MobileNetV2's own row.
TABLE_1B = ((6, 32, 3, 1), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
MOBILENETV2 = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), *TABLE_1B[1:])


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
        MOBILENETV2,
        width,
    )


# Name to (backbone, pixels a side for each sample of its input).
LEARNERS: dict[str, tuple[Callable[[int, float, bool], tuple[nn.Sequential, int]], int]] = {
    "resnet41": (resnet41, 16),
    "mobilenetv2_45": (mobilenetv2_45, 16),
    "resnet49": (resnet49, 16),
    "resnet50": (resnet50, 1),
    "mobilenetv2": (mobilenetv2, 1),
}


def build_learner(
    name: str, inputs: int, classes: int, *, width: float = 1.0, dense: bool = False, seed: int = 0
) -> Learner:
    """A learning network with random weights.

    Args:
        name: one of `LEARNERS`.
        inputs: channels of the latent, or 3.
        width: of every layer, as a share of the published one.
        dense: segment pixels (with torchvision's FCN head; the paper does not print its own)
            instead of classifying. For ResNets.
    """
    torch.manual_seed(seed)
    backbone, scale = LEARNERS[name]
    features, outputs = backbone(inputs, width, dense)
    head = (
        FCNHead(outputs, classes)
        if dense
        else nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(outputs, classes))
    )
    return Learner(features, head, scale, dense)


def counted_layers(network: nn.Module) -> int:
    """Layers as the names count them: convolutions and linear layers, without those in shortcuts."""
    return sum(
        isinstance(m, nn.Conv2d | nn.Linear) and "downsample" not in name
        for name, m in network.named_modules()
    )


def network_sizes(inputs: int = CHANNELS, classes: int = 1000) -> pd.DataFrame:
    """Columns network, layers (as the names count them), parameters_m (millions) of each learner at
    full width.
    """
    rows = []
    for name, (_, scale) in LEARNERS.items():
        network = build_learner(name, inputs if scale > 1 else 3, classes)
        rows.append(
            (name, counted_layers(network), sum(p.numel() for p in network.parameters()) / 1e6)
        )
    return pd.DataFrame(rows, columns=["network", "layers", "parameters_m"])
