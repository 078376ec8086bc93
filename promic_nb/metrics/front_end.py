"""The front end of the JPEG AI metrics: 8-bit samples become 10-bit luma (BT.709, full range); grey images are their own luma."""

from __future__ import annotations

import numpy as np

from promic_nb.errors import UserError

PEAK = 1023.0
BT709 = np.array([0.2126, 0.7152, 0.0722])


def luma10(image: np.ndarray, bit_depth: int = 8) -> np.ndarray:
    """10-bit luma, float64 (H, W), whole numbers in 0..1023.

    Args:
        image: uint8 or uint16, grey (H, W) or RGB (H, W, 3).
        bit_depth: of the samples; 2^bit_depth - 1 maps to 1023.
    """
    if image.dtype not in (np.uint8, np.uint16) or not (image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3)):
        raise UserError(f"a metric got an image of {image.dtype} {image.shape}", "Give uint8 or uint16, grey (H, W) or RGB (H, W, 3)")
    peak = 2**bit_depth - 1
    if image.max(initial=0) > peak:
        raise UserError(f"a sample of {image.max()} exceeds bit depth {bit_depth}", "Name the right bit_depth")
    samples = np.round(image.astype(np.float64) / peak * PEAK)
    return samples if image.ndim == 2 else np.round(samples @ BT709)
