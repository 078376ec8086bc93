"""What detectors read, and the two fronts that bring it to the features after stage 2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from promic_nb.models.config import DetectorConfig
from promic_nb.models.translator import DomainTranslator

# inputs are padded to multiples of so many pixels, as in Detectron2, so that p2..p5 have exact
# strides
DIVISOR = 32
Tensors = Sequence[Tensor] | Tensor  # one for each image; together where all have one size


@dataclass
class Batch:
    """Images or latents, of one size or of several.

    Attributes:
        inputs: for each image pixels (1 or 3, H, W) in 0..255, RGB, or a latent (C, ceil(H/16),
            ceil(W/16)); float32.
        sizes: of each image (H, W) in pixels.
        boxes: of each image float32 (n, 4), xyxy pixels; empty for prediction.
        pixels: of each image what a teacher sees while the detector sees its latent; for online
            GDTT only.
        masks: of each image bool (n, H, W), one for each box; for detectors with masks only.
        classes: of each image int64 (n,), the number of each object's class; none: all of class 0.
    """

    inputs: Tensors
    sizes: list[tuple[int, int]]
    boxes: list[Tensor]
    pixels: Sequence[Tensor] = ()
    masks: Sequence[Tensor] = ()
    classes: Sequence[Tensor] = ()

    def to(self, device: torch.device) -> Batch:
        """The batch on a device."""
        inputs, boxes, pixels, masks, classes = (
            [x.to(device) for x in part]
            for part in (self.inputs, self.boxes, self.pixels, self.masks, self.classes)
        )
        return Batch(inputs, self.sizes, boxes, pixels, masks, classes)


def stack(inputs: Tensors, divisor: int, mode: Literal["constant", "replicate"]) -> Tensor:
    """(C, h, w) tensors as one (N, C, h', w'), padded on the right and below to the largest, and to
    a multiple of `divisor`. Its memory has the channels last: convolutions are faster so.
    """
    h, w = (max(x.shape[i] for x in inputs) for i in (-2, -1))
    h, w = (n + -n % divisor for n in (h, w))
    padded = torch.cat(
        [F.pad(x[None], (0, w - x.shape[-1], 0, h - x.shape[-2]), mode=mode) for x in inputs]
    )
    # Not `contiguous`: for a single channel it returns the tensor as it is, with strides that
    # convolutions take for the other format.
    return torch.empty_like(padded, memory_format=torch.channels_last).copy_(padded)


class PixelFront(nn.Module):
    """Normalization, stem and stage 2.

    Args:
        layers: stem and stage 2.
        config: for mean and std, in RGB order; a grey image stands in every plane.
        bgr: whether the layers take their planes in reverse order, as Detectron2's do.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, layers: nn.Module, config: DetectorConfig, bgr: bool = False) -> None:
        super().__init__()
        self.layers, self.bgr, self.planes = layers, bgr, len(config.mean)
        self.register_buffer("mean", torch.tensor(config.mean).view(-1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(config.std).view(-1, 1, 1), persistent=False)
        if config.frozen_stages >= 2:
            self.requires_grad_(False)

    def forward(self, pixels: Tensors) -> Tensor:
        """Images to (N, C, H'/4, W'/4), H' and W' the next multiples of 32; the padding has the
        mean's colour.
        """
        planes = [(x.expand(self.planes, -1, -1) - self.mean) / self.std for x in pixels]
        x = stack(planes, DIVISOR, "constant")
        return self.layers(x.flip(1) if self.bgr else x)


class LatentFront(nn.Module):
    """A translator in the place of stem and stage 2."""

    def __init__(self, translator: DomainTranslator) -> None:
        super().__init__()
        self.translator = translator

    def forward(self, latents: Tensors) -> Tensor:
        """Latents to features of the size that `PixelFront` gives for the images; the last row and
        column are repeated.
        """
        return self.translator(stack(latents, DIVISOR // 16, "replicate"))
