"""What detectors and translators are trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from promic_nb.training.samples import Crop

Size = tuple[int, int]


@dataclass(frozen=True)
class Slices:
    """The slices of one split as a detector sees them, with their objects.

    Attributes:
        inputs: pixels, uint8 (H, W), or latents, float32 (C, ceil(H/16), ceil(W/16)).
        boxes: of each slice, float32 (n, 4), xyxy pixels.
        size: (H, W) of the slices in pixels.
        labels: for a detector with masks, the label image of each slice
            (`datasets.boxes.objects`).
        classes: of each slice int64 (n,), the number of each object's class; None: one class.
    """

    inputs: Sequence[np.ndarray]
    boxes: Sequence[np.ndarray]
    size: Size
    labels: Sequence[np.ndarray] | None = None
    classes: Sequence[np.ndarray] | None = None

    @property
    def cell(self) -> int:
        """Side in pixels of one input position: 1, or 16 for latents."""
        return 1 if self.inputs[0].ndim == 2 else 16


@dataclass(frozen=True)
class DetectorData:
    """What a detector is trained and evaluated on.

    Attributes:
        train: slices that crops are taken from.
        validation: whole slices, for a solver that evaluates during training.
        crop, flips: see `samples.detection_crops`.
        seed: of the crops.
    """

    train: Slices
    validation: Slices | None = None
    crop: Crop = 256
    seed: int = 0
    flips: bool = False


@dataclass(frozen=True)
class TranslatorData:
    """Pairs of pixels and latents for GDTT.

    Attributes:
        pixels: what the teacher sees, uint8 (H, W).
        latents: of the same slices, float32 (C, ceil(H/16), ceil(W/16)).
        size: (H, W) of the slices.
        crop: side of the crops in pixels, a multiple of 64.
        seed: of the crops.
        flips: see `samples.detection_crops`.
    """

    pixels: Sequence[np.ndarray]
    latents: Sequence[np.ndarray]
    size: Size
    crop: int = 256
    seed: int = 0
    flips: bool = False
