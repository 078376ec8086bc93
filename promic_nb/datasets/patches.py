"""Mitochondria as pictures: patches for classification, and crops with masks for segmentation, cut
from labelled slices.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from promic_nb.datasets.boxes import Objects
from promic_nb.datasets.layout import SliceStack, Split
from promic_nb.datasets.pictures import Pictures, Sample

GRID = 16  # sides are multiples of the codecs' stride
SIDES = (48, 160)  # pixels; what a mitochondrion with its surroundings takes
MARGIN = 1.25  # side of a patch over the longer side of its box
CLEAR = 0.02  # share of mitochondria that a patch "without" may have
TRIES = 20

# Samples of a slice: image (H, W), its objects, and the generator of what is drawn.
Cut = Callable[[np.ndarray, Objects, np.random.Generator], list[Sample]]


def mitochondria_patches(stack: SliceStack, train_every: int = 1, test_every: int = 1) -> Pictures:
    """Square patches of different sides: one around each mitochondrion, and one of the same side
    where there is none.

    Objects whose patch does not fit into the slice are left out.
    """
    train = _both(stack, "train", train_every, _patches)
    test = _both(stack, "test", test_every, _patches)
    return Pictures(
        "mitochondria",
        ("background", "mitochondrion"),
        train,
        test,
        f"patches of {SIDES[0]} to {SIDES[1]} pixels of {stack.name}",
    )


def mitochondria_masks(
    stack: SliceStack, train_every: int = 1, test_every: int = 1, side: int = 128
) -> Pictures:
    """Crops of `side` pixels around mitochondria with their masks; each crop of a slice once."""

    def cut(image: np.ndarray, objects: Objects, _: np.random.Generator) -> list[Sample]:
        mask = objects.labels > 0
        corners = sorted({_corner(box, side, mask.shape) for box in objects.boxes})
        return [
            (
                _rgb(image[r : r + side, c : c + side]),
                mask[r : r + side, c : c + side].astype(np.uint8),
            )
            for r, c in corners
        ]

    train = _both(stack, "train", train_every, cut)
    test = _both(stack, "test", test_every, cut)
    return Pictures(
        "mitochondria",
        ("background", "mitochondrion"),
        train,
        test,
        f"crops of {side} pixels of {stack.name}",
    )


def _both(stack: SliceStack, split: Split, every: int, cut: Cut) -> list[Sample]:
    return [
        s
        for i in stack.ids(split, every)
        for s in cut(
            stack.image(split, i),
            stack.objects(split, i),
            np.random.default_rng((i, split == "test")),
        )
    ]


def _patches(image: np.ndarray, objects: Objects, rng: np.random.Generator) -> list[Sample]:
    found: list[Sample] = []
    mask = objects.labels > 0
    for x0, y0, x1, y1 in objects.boxes:
        side = int(np.clip(round(MARGIN * max(x1 - x0, y1 - y0) / GRID) * GRID, *SIDES))
        if side > min(mask.shape):
            continue
        corners = [_corner((x0, y0, x1, y1), side, mask.shape)]
        corners += [
            tuple(int(rng.integers(0, n - side + 1)) for n in mask.shape) for _ in range(TRIES)
        ]
        windows = [np.s_[r : r + side, c : c + side] for r, c in corners]
        clear = next((w for w in windows[1:] if mask[w].mean() <= CLEAR), None)
        if clear:  # always in pairs, so that both classes are equally frequent and large
            found += [(_rgb(image[windows[0]]), 1), (_rgb(image[clear]), 0)]
    return found


def _corner(box: Sequence[float], side: int, size: tuple[int, ...]) -> tuple[int, ...]:
    """Top and left of a window of `side` around a box (xyxy), moved into an image of `size`."""
    x0, y0, x1, y1 = box
    return tuple(
        int(np.clip(round((a + b - side) / 2), 0, n - side))
        for a, b, n in ((y0, y1, size[0]), (x0, x1, size[1]))
    )


def _rgb(grey: np.ndarray) -> np.ndarray:
    return np.repeat(grey[..., None], 3, axis=2)
