"""Visual information fidelity in the pixel domain: Sheikh and Bovik, IEEE Trans. Image Processing 15(2), 2006, with Gaussian windows in
place of subbands (the authors' vifp_mscale). This is the VIF of the JPEG AI metrics; `vif_wavelet` is the one that the paper describes.

At each of four scales, local moments under a Gaussian window of N = 17, 9, 5, 3 samples (sigma N / 5) give the gain g = s12 / s1^2 and
the noise sv^2 = s2^2 - g s12 of the distortion channel. Then

    VIF = sum log10(1 + g^2 s1^2 / (sv^2 + sn^2)) / sum log10(1 + s1^2 / sn^2),    sn^2 = 2.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import correlate1d

SMALLEST = 41  # below, the fourth scale has no full window
NOISE = 2.0
_EPS = 1e-10


def vif(reference: np.ndarray, distorted: np.ndarray) -> float:
    """Pixel-domain VIF: 1 for equal images, 0 where no information is left, above 1 where contrast was raised.

    Args:
        reference, distorted: luma in 0..255, float64 (H, W), at least 41x41. The order matters. NaN where the reference is flat.
    """
    received = sent = 0.0
    a, b = reference, distorted
    for scale, n in enumerate((17, 9, 5, 3)):
        window = np.exp(-((np.arange(n) - n // 2) ** 2) / (2 * (n / 5) ** 2))
        window /= window.sum()
        if scale:
            a, b = (_valid(x, window)[::2, ::2] for x in (a, b))
        gain, noise, signal = _channel(*(_valid(x, window) for x in (a, b, a * a, b * b, a * b)))
        received += np.log10(1 + gain**2 * signal / (noise + NOISE)).sum()
        sent += np.log10(1 + signal / NOISE).sum()
    return float(received / sent) if sent else float("nan")


def _channel(mean1, mean2, square1, square2, product) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gain, noise variance and signal variance; where a variance vanishes or the gain is negative, the authors' rules."""
    var1 = np.maximum(square1 - mean1**2, 0)
    var2 = np.maximum(square2 - mean2**2, 0)
    covariance = product - mean1 * mean2
    gain = covariance / (var1 + _EPS)
    noise = var2 - gain * covariance
    flat1, flat2 = var1 < _EPS, var2 < _EPS
    gain[flat1 | flat2] = 0
    noise[flat1] = var2[flat1]
    noise[flat2] = 0
    inverted = gain < 0
    noise[inverted] = var2[inverted]
    gain[inverted] = 0
    var1[flat1] = 0
    return gain, np.maximum(noise, _EPS), var1


def _valid(x: np.ndarray, window: np.ndarray) -> np.ndarray:
    """Separable correlation, only where the window lies inside."""
    half = len(window) // 2
    x = correlate1d(x, window, axis=0)[half : x.shape[0] - half]
    return correlate1d(x, window, axis=1)[:, half : x.shape[1] - half]
