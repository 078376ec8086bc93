"""Samples of any depth as the 8 bits that codecs and detectors here read, and back; colour as luma.

The one place where either is done: data sets, commands and codecs share it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike

from promic_nb.errors import UserError

BT601 = (0.299, 0.587, 0.114)  # weights of R, G and B in luma (ITU-R BT.601, E'Y)
TAILS = (0.1, 99.9)  # percentiles that a window estimated from images spans


@dataclass(frozen=True)
class Window:
    """The range of samples that 8 bits show: `low` becomes 0, `high` 255, linearly; what lies
    outside is clipped.

    Args:
        low, high: samples, in units of the image; low below high, both finite.

    Raises:
        UserError: they are no range.

    Example:
        >>> window = Window(100, 355)
        >>> window.to_uint8(np.array([[0, 100, 101, 65535]], np.uint16)).tolist()
        [[0, 0, 1, 255]]
        >>> window.from_uint8(np.array([[0, 1, 255]], np.uint8), np.uint16).tolist()
        [[100, 101, 355]]
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise UserError(
                f"the window {self.low:g}..{self.high:g} is no range of samples",
                "Give two finite numbers, the lower one first",
            )

    def to_uint8(self, image: np.ndarray) -> np.ndarray:
        """uint8 samples, of the same shape, of whole or floating-point ones.

        Raises:
            UserError: a sample that is not finite.
        """
        samples = np.asarray(image, np.float64)
        if not np.isfinite(samples).all():
            raise UserError("an image has samples that are not finite", "Replace them by a number")
        scaled = (samples - self.low) * (255 / (self.high - self.low))
        return np.rint(np.clip(scaled, 0, 255)).astype(np.uint8)

    def from_uint8(self, image: np.ndarray, dtype: DTypeLike = np.uint16) -> np.ndarray:
        """The samples that uint8 ones stand for, rounded and clipped where `dtype` is whole."""
        samples = self.low + np.asarray(image, np.float64) * ((self.high - self.low) / 255)
        kind = np.dtype(dtype)
        if kind.kind in "ui":
            limits = np.iinfo(kind)
            samples = np.clip(np.rint(samples), limits.min, limits.max)
        return samples.astype(kind)


def estimate(images: Iterable[np.ndarray], tails: tuple[float, float] = TAILS) -> Window:
    """A window for images that are to be seen alike: the median over images of two percentiles,
    in whole numbers where the samples are.

    Example:
        >>> estimate([np.arange(1001, dtype=np.uint16).reshape(7, 143)], (10, 90))
        Window(low=100.0, high=900.0)
    """
    whole, ends = True, []
    for image in images:
        whole &= image.dtype.kind in "ui"
        ends.append(np.percentile(image, tails))
    low, high = np.median(ends, axis=0)
    low, high = (np.floor(low), np.ceil(high)) if whole else (low, high)
    return Window(float(low), float(high if high > low else low + 1))


def luma(image: np.ndarray) -> np.ndarray:
    """Luma by ITU-R BT.601 of an RGB or RGBA image (H, W, 3 or 4), alpha ignored; (H, W) of the
    same dtype, rounded where it is whole. A grey image (H, W), or (H, W, 1 or 2) with alpha, stays.

    Raises:
        UserError: another shape.

    Example:
        >>> luma(np.array([[[255, 0, 0], [7, 7, 7]]], np.uint8)).tolist()
        [[76, 7]]
    """
    if image.ndim == 2:
        return image
    if image.ndim != 3 or image.shape[2] not in (1, 2, 3, 4):
        raise UserError(
            f"an image of shape {image.shape} is neither grey nor RGB(A)",
            "Give (H, W) or (H, W, 3)",
        )
    if image.shape[2] < 3:
        return np.ascontiguousarray(image[..., 0])
    grey = image[..., :3].astype(np.float64) @ np.array(BT601)
    return (np.rint(grey) if image.dtype.kind in "ui" else grey).astype(image.dtype)
