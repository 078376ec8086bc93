"""Training crops for detectors and translators: pixels and latents cut, and flipped, on the same 16-pixel grid."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from promic_nb.models.detector import Batch
from promic_nb.training.fit import SampleStream

GRID = 16
MIN_INSIDE = 0.3  # a box stays when this share of its area is inside the crop


def _window(rng: np.random.Generator, size: tuple[int, int], crop: int) -> tuple[int, int, bool]:
    """Top and left of a random crop on the grid, and whether to flip it."""
    top, left = (int(rng.integers(0, max(1, (n - crop) // GRID + 1))) * GRID for n in size)
    return top, left, bool(rng.random() < 0.5)


def _cut(array: np.ndarray, top: int, left: int, crop: int, flip: bool) -> Tensor:
    """A crop of pixels (H, W) or latents (C, H/16, W/16) as float32 (1 or C, h, w)."""
    if array.ndim == 2:
        part = array[None, top : top + crop, left : left + crop]
    else:
        part = array[:, top // GRID : (top + crop) // GRID, left // GRID : (left + crop) // GRID]
    return torch.from_numpy(np.ascontiguousarray(part[..., ::-1] if flip else part)).float()


def crop_boxes(boxes: np.ndarray, top: int, left: int, crop: int, flip: bool) -> np.ndarray:
    """Boxes (n, 4) of the slice in the coordinates of the crop; those mostly outside are dropped."""
    moved = boxes - np.array([left, top, left, top], np.float32)
    clipped = moved.clip(0, crop)
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    inside = np.prod(clipped[:, 2:] - clipped[:, :2], axis=1)
    kept = clipped[inside >= MIN_INSIDE * area]
    if flip:
        kept = np.stack([crop - kept[:, 2], kept[:, 1], crop - kept[:, 0], kept[:, 3]], axis=1)
    return kept


def detection_crops(inputs: Sequence[np.ndarray], boxes: Sequence[np.ndarray], size: tuple[int, int], crop: int, seed: int) -> SampleStream:
    """Stream of (input crop, boxes).

    Args:
        inputs: slices, uint8 (H, W), or their latents, float32 (C, H/16, W/16).
        boxes: of each slice, float32 (n, 4), xyxy pixels.
        size: (H, W) of the slices.
        crop: side in pixels, a multiple of 16.
    """

    def draw(rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        i = int(rng.integers(len(inputs)))
        window = _window(rng, size, crop)
        return _cut(inputs[i], *window[:2], crop, window[2]), torch.from_numpy(crop_boxes(boxes[i], *window[:2], crop, window[2]))

    return SampleStream(draw, seed)


def collate(samples: list[tuple[Tensor, Tensor]], crop: int) -> Batch:
    """A `Batch` of crops."""
    return Batch(torch.stack([x for x, _ in samples]), (crop, crop), [b for _, b in samples])


def paired_crops(pixels: Sequence[np.ndarray], latents: Sequence[np.ndarray], size: tuple[int, int], crop: int, seed: int) -> SampleStream:
    """Stream of (pixel crop, latent crop) of the same place, for GDTT."""

    def draw(rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        i = int(rng.integers(len(pixels)))
        top, left, flip = _window(rng, size, crop)
        return _cut(pixels[i], top, left, crop, flip), _cut(latents[i], top, left, crop, flip)

    return SampleStream(draw, seed)
