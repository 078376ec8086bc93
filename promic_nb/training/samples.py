"""Training crops for detectors and translators.

Pixels and latents are cropped on the same 16-pixel grid. Other augmentation is done before encoding
(`datasets.views`).

Nothing is resized: latents cannot be resized without error (see docs/detectors.md), and pixel and
latent models should see the same content.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from promic_nb.models.inputs import Batch
from promic_nb.training.fit import SampleStream

GRID = 16
MIN_INSIDE = 0.3  # a box is kept if at least this share of its area is inside the crop

# Side in pixels, a multiple of 16; or the minimum share of each side of the slice (Detectron2's
# relative_range).
Crop = int | float
# Top, left, height and width in pixels on the grid, and whether to mirror the crop.
Window = tuple[int, int, int, int, bool]

_NOTHING = torch.zeros(0)
_NO_CLASSES = torch.zeros(0, dtype=torch.int64)


class Sample(NamedTuple):
    """A crop: its input (C, h, w) and boxes (n, 4).

    On request also pixels (1, H, W), a bool mask (H, W) for each box, and the number of its class.
    """

    inputs: Tensor
    boxes: Tensor
    pixels: Tensor = _NOTHING
    masks: Tensor = _NOTHING
    classes: Tensor = _NO_CLASSES


def _window(rng: np.random.Generator, size: tuple[int, int], crop: Crop, flips: bool) -> Window:
    """A random crop on the grid."""
    if isinstance(crop, int):
        height, width = (min(crop, n + -n % GRID) for n in size)
    else:
        height, width = (max(GRID, int(n * rng.uniform(crop, 1)) // GRID * GRID) for n in size)
    top, left = (
        int(rng.integers(0, max(1, (n - side) // GRID + 1))) * GRID
        for n, side in zip(size, (height, width), strict=True)
    )
    return top, left, height, width, flips and bool(rng.random() < 0.5)


def _cut(array: np.ndarray, window: Window) -> Tensor:
    """A crop of pixels (H, W) or latents (C, H/16, W/16) as float32 (1 or C, h, w)."""
    top, left, height, width, flip = window
    if array.ndim == 2:
        part = array[None, top : top + height, left : left + width]
    else:
        part = array[:, top // GRID : (top + height) // GRID, left // GRID : (left + width) // GRID]
    return torch.from_numpy(np.ascontiguousarray(part[..., ::-1] if flip else part)).float()


def crop_boxes(boxes: np.ndarray, window: Window) -> np.ndarray:
    """Boxes (n, 4) in the crop's coordinates; boxes mostly outside are dropped."""
    return _crop_boxes(boxes, window)[0]


def _crop_boxes(boxes: np.ndarray, window: Window) -> tuple[np.ndarray, np.ndarray]:
    """The same as `crop_boxes`, and the indices of the boxes that are kept."""
    top, left, height, width, flip = window
    moved: np.ndarray = boxes - np.array([left, top, left, top], np.float32)
    clipped: np.ndarray = moved.clip(0, np.array([width, height, width, height], np.float32))
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    stays = np.flatnonzero(np.prod(clipped[:, 2:] - clipped[:, :2], axis=1) >= MIN_INSIDE * area)
    kept = clipped[stays]
    if flip:
        kept = np.stack([width - kept[:, 2], kept[:, 1], width - kept[:, 0], kept[:, 3]], axis=1)
    return kept, stays


def detection_crops(
    inputs: Sequence[np.ndarray],
    boxes: Sequence[np.ndarray],
    size: tuple[int, int],
    crop: Crop,
    seed: int,
    *,
    flips: bool = False,
    pixels: Sequence[np.ndarray] | None = None,
    labels: Sequence[np.ndarray] | None = None,
    classes: Sequence[np.ndarray] | None = None,
) -> SampleStream:
    """A stream of `Sample`.

    Args:
        inputs: slices, uint8 (H, W), or their latents, float32 (C, H/16, W/16).
        boxes: of each slice, float32 (n, 4), xyxy pixels.
        size: (H, W) of the slices.
        crop: side in pixels, a multiple of 16; or a share below 1: sides are drawn between that
            share of the slice's side and the whole side.
        flips: mirror half of the crops on their grid, which is wrong for latents; only for the
            diagnosis (augmentation "grid").
        pixels: for each input a slice that is cropped with it, for online GDTT.
        labels: for each input a label image, (H, W), in which box k is object k + 1, for masks
            (`datasets.boxes.objects`).
        classes: for each input the number of each box's class, int64 (n,).
    """

    def draw(rng: np.random.Generator) -> Sample:
        i = int(rng.integers(len(inputs)))
        window = _window(rng, size, crop, flips)
        here, stays = _crop_boxes(boxes[i], window)
        sample = Sample(_cut(inputs[i], window), torch.from_numpy(here))
        if pixels is not None:
            sample = sample._replace(pixels=_cut(pixels[i], window))
        if labels is not None:
            sample = sample._replace(
                masks=_cut(labels[i], window) == torch.from_numpy(stays + 1)[:, None, None]
            )
        if classes is not None:
            sample = sample._replace(classes=torch.from_numpy(classes[i][stays]))
        return sample

    return SampleStream(draw, seed)


def collate(samples: list[Sample], cell: int) -> Batch:
    """A `Batch` of crops; `cell` is the side in pixels of one input position, 1 or 16."""
    inputs, boxes, pixels, masks, classes = (list(part) for part in zip(*samples, strict=True))
    sizes = [(cell * x.shape[-2], cell * x.shape[-1]) for x in inputs]
    told = all(len(c) == len(b) for c, b in zip(classes, boxes, strict=True))
    return Batch(inputs, sizes, boxes, pixels, masks, classes if told else ())


def paired_crops(
    pixels: Sequence[np.ndarray],
    latents: Sequence[np.ndarray],
    size: tuple[int, int],
    crop: int,
    seed: int,
    *,
    flips: bool = False,
) -> SampleStream:
    """A stream of (pixel crop, latent crop) at the same position, for GDTT.

    Args:
        flips: as in `detection_crops`.
    """

    def draw(rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        i = int(rng.integers(len(pixels)))
        window = _window(rng, size, crop, flips)
        return _cut(pixels[i], window), _cut(latents[i], window)

    return SampleStream(draw, seed)
