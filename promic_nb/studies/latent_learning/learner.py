"""A learning network: a backbone on the latent or on pixels, with a head."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
import torch
from torch import Tensor, nn
from torchvision.models.segmentation.fcn import FCNHead

from promic_nb.studies.latent_learning.registry import LEARNERS
from promic_nb.studies.latent_learning.tables import CHANNELS


@dataclass(frozen=True)
class Architecture:
    """An entry of the registry of learners.

    Attributes:
        build: takes the input channels, the width as a share of the published one, and whether it
            segments; returns a backbone and its number of output channels.
        scale: side in pixels of one input sample: 16 for latents, 1 for pixels.
    """

    build: Callable[[int, float, bool], tuple[nn.Sequential, int]]
    scale: int


class Learner(nn.Module):
    """A backbone with a head.

    Args:
        features: from the input (N, C, h, w) to the last feature map; any h and w.
        head: from the feature map to scores (N, classes), or, in a segmenter, to a score map that
            is enlarged to the size in pixels.
        scale: side in pixels of one input sample: 16 for latents, 1 for pixels.
        dense: whether it segments.
    """

    def __init__(self, features: nn.Sequential, head: nn.Module, scale: int, dense: bool) -> None:
        super().__init__()
        self.features, self.head, self.scale, self.dense = features, head, scale, dense

    def forward(self, x: Tensor) -> Tensor:
        """Scores (N, classes), or (N, classes, H, W) for a segmenter."""
        scores = self.head(self.features(x))
        if not self.dense:
            return scores
        size = [self.scale * n for n in x.shape[-2:]]
        return nn.functional.interpolate(scores, size, mode="bilinear", align_corners=False)


def build_learner(
    name: str, inputs: int, classes: int, *, width: float = 1.0, dense: bool = False, seed: int = 0
) -> Learner:
    """A learning network with random weights.

    Args:
        name: one of `LEARNERS`.
        inputs: channels of the latent, or 3 for pixels.
        width: of every layer, as a share of the published width.
        dense: segment instead of classify, for ResNets only. The head is torchvision's FCN
            head; the paper does not describe its own.

    Raises:
        UserError: the name is unknown.

    Example:
        >>> learner = build_learner("resnet41", 16, 10, width=0.125)
        >>> learner.eval()(torch.rand(2, 16, 4, 4)).shape
        torch.Size([2, 10])
    """
    architecture = LEARNERS[name]
    torch.manual_seed(seed)
    features, outputs = architecture.build(inputs, width, dense)
    head = (
        FCNHead(outputs, classes)
        if dense
        else nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(outputs, classes))
    )
    return Learner(features, head, architecture.scale, dense)


def counted_layers(network: nn.Module) -> int:
    """Number of layers as in the network names.

    Convolutions and linear layers count, shortcuts do not.
    """
    return sum(
        isinstance(m, nn.Conv2d | nn.Linear) and "downsample" not in name
        for name, m in network.named_modules()
    )


def network_sizes(inputs: int = CHANNELS, classes: int = 1000) -> pd.DataFrame:
    """The size of each learner at full width.

    Columns network, layers (as in the network names), parameters_m (millions).
    """
    rows = []
    for name, architecture in LEARNERS.items():
        network = build_learner(name, inputs if architecture.scale > 1 else 3, classes)
        rows.append(
            (name, counted_layers(network), sum(p.numel() for p in network.parameters()) / 1e6)
        )
    return pd.DataFrame(rows, columns=["network", "layers", "parameters_m"])
