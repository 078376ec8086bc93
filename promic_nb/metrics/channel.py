"""The distortion channel that VIF and IW-SSIM share: the distorted signal as the reference times a
gain, plus noise, in each window.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.ndimage import correlate1d


def channel(
    a: np.ndarray,
    b: np.ndarray,
    mean: Callable[[np.ndarray], np.ndarray],
    eps: float,
    samples: int = 1,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Gain, noise variance, and the variances of reference and distorted signal, where the windows
    stand.

    Gain is s12 / s1^2 and noise s2^2 - gain s12. Where the reference has no variance, all of the
    distorted signal is noise; where the distorted one has none, there is no noise; the gain is 0 in
    both.

    Args:
        a, b: reference and distorted, float64 (H, W).
        mean: windowed mean of an image.
        eps: a variance below this counts as none.
        samples: moments are sums over so many samples; 1 for means.
    """
    mean1, mean2, square1, square2, product = (mean(x) for x in (a, b, a * a, b * b, a * b))
    var1, var2 = (
        np.maximum(square - m**2, 0) * samples for square, m in ((square1, mean1), (square2, mean2))
    )
    covariance = (product - mean1 * mean2) * samples
    gain = covariance / (var1 + eps)
    noise = (var2 - gain * covariance) / samples
    flat1, flat2 = var1 < eps, var2 < eps
    gain[flat1 | flat2] = 0
    noise[flat1] = var2[flat1]
    noise[flat2] = 0
    return gain, noise, var1, var2


def without_inversion(
    gain: np.ndarray, noise: np.ndarray, var2: np.ndarray, eps: float
) -> tuple[np.ndarray, np.ndarray]:
    """Gain and noise by VIF's authors' last rules: a negative gain is all noise, and there always
    is some noise.
    """
    inverted = gain < 0
    return np.where(inverted, 0, gain), np.maximum(np.where(inverted, var2, noise), eps)


def valid(x: np.ndarray, window: np.ndarray) -> np.ndarray:
    """Separable correlation, only where the window lies inside."""
    half = len(window) // 2
    x = correlate1d(x, window, axis=0)[half : x.shape[0] - half]
    return correlate1d(x, window, axis=1)[:, half : x.shape[1] - half]
