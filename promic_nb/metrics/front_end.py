"""The front end of the JPEG AI metrics: samples become 10-bit RGB, and that BT.709 luma (full
range); a grey image is its own luma.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from promic_nb.errors import UserError

FrontEnd = Literal["10bit", "8bit"]
PEAKS: dict[str, float] = {"10bit": 1023.0, "8bit": 255.0}
BT709 = np.array([0.2126, 0.7152, 0.0722])


@dataclass(frozen=True)
class Frame:
    """What the metrics see of an image.

    Attributes:
        samples: float64 (H, W) or (H, W, 3), whole numbers in 0..peak.
        peak: 1023 or 255.
    """

    samples: np.ndarray
    peak: float

    @cached_property
    def luma(self) -> np.ndarray:
        """Y = .2126 R + .7152 G + .0722 B, rounded; float64 (H, W) in 0..peak."""
        return self.samples if self.samples.ndim == 2 else np.round(self.samples @ BT709)

    @property
    def rgb(self) -> np.ndarray:
        """Float64 (H, W, 3) in 0..peak; grey is repeated."""
        return (
            self.samples
            if self.samples.ndim == 3
            else np.repeat(self.samples[..., None], 3, axis=2)
        )

    def scaled(self, peak: float) -> np.ndarray:
        """Luma in 0..`peak`."""
        return self.luma * (peak / self.peak)


def frame(image: np.ndarray, bit_depth: int = 8, front_end: FrontEnd = "10bit") -> Frame:
    """An image as the metrics see it.

    Args:
        image: uint8 or uint16, grey (H, W) or RGB (H, W, 3).
        bit_depth: of the samples; 2^bit_depth - 1 maps to the peak.
        front_end: "10bit" as the JPEG AI metrics, or "8bit". On colour, the 8-bit rounding of luma
            moves PSNR-HVS-M by up to 0.45 dB.

    Raises:
        UserError: another dtype or shape, no samples, or a sample above 2^bit_depth - 1.
    """
    if front_end not in PEAKS:
        raise UserError(f"front end {front_end!r} is unknown", f"Choose from {', '.join(PEAKS)}")
    if (
        image.dtype not in (np.uint8, np.uint16)
        or not (image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3))
        or not image.size
    ):
        remedy = "Give uint8 or uint16, grey (H, W) or RGB (H, W, 3)"
        if image.dtype.kind == "f" and not np.isfinite(image).all():
            remedy = f"It has samples that are not finite. {remedy}"
        raise UserError(f"an image is {image.dtype} {image.shape}", remedy)
    peak, most = PEAKS[front_end], 2**bit_depth - 1
    if image.max() > most:
        raise UserError(
            f"a sample of {image.max()} exceeds bit depth {bit_depth} in an image of {image.shape}",
            "Name the right bit_depth",
        )
    return Frame(np.round(image / most * peak), peak)
