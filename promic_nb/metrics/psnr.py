"""Peak signal-to-noise ratio."""

from __future__ import annotations

import numpy as np

from promic_nb.metrics.metric import IDENTICAL_DB, Metric, with_peak


def psnr(reference: np.ndarray, distorted: np.ndarray, peak: float) -> float:
    """10 log10(peak^2 / MSE) in dB, at most 100.

    Args:
        reference, distorted: luma, float64 (H, W) in 0..peak.

    Example:
        >>> round(psnr(np.zeros((16, 16)), np.full((16, 16), 25.5), 255), 6)
        20.0
    """
    mse = np.mean((reference - distorted) ** 2)
    return IDENTICAL_DB if mse == 0 else min(IDENTICAL_DB, 10 * float(np.log10(peak**2 / mse)))


PSNR = Metric(with_peak(psnr), "PSNR", "dB", identical=IDENTICAL_DB)
