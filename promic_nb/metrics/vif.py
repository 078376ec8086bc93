"""Visual information fidelity in the pixel domain: Sheikh and Bovik, IEEE Trans.

Image Processing 15(2), 2006, with Gaussian windows in place of subbands (the authors' vifp_mscale).
This is the VIF of the JPEG AI metrics; `vif_wavelet` is the one that the paper describes.

At each of four scales, local moments under a Gaussian window of N = 17, 9, 5, 3 samples (sigma N /
5) give the gain g = s12 / s1^2 and the noise sv^2 = s2^2 - g s12 of the distortion channel. Then

    VIF = sum log10(1 + g^2 s1^2 / (sv^2 + sn^2)) / sum log10(1 + s1^2 / sn^2),    sn^2 = 2.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from promic_nb.metrics.channel import channel, valid, without_inversion
from promic_nb.metrics.metric import Metric, on_luma

SMALLEST = 41  # below, the fourth scale has no full window
NOISE = 2.0
_EPS = 1e-10


def vif(reference: np.ndarray, distorted: np.ndarray) -> float:
    """Pixel-domain VIF: 1 for equal images, 0 where no information is left, above 1 where contrast
    was raised.

    Args:
        reference, distorted: luma in 0..255, float64 (H, W), at least 41x41. The order matters. NaN
            where the reference is flat.
    """
    received = sent = 0.0
    a, b = reference, distorted
    for scale, n in enumerate((17, 9, 5, 3)):
        window = np.exp(-((np.arange(n) - n // 2) ** 2) / (2 * (n / 5) ** 2))
        window /= window.sum()
        if scale:
            a, b = (valid(x, window)[::2, ::2] for x in (a, b))
        gain, noise, signal, var2 = channel(a, b, partial(valid, window=window), _EPS)
        gain, noise = without_inversion(gain, noise, var2, _EPS)
        signal[signal < _EPS] = 0
        received += np.log10(1 + gain**2 * signal / (noise + NOISE)).sum()
        sent += np.log10(1 + signal / NOISE).sum()
    return float(received / sent) if sent else float("nan")


VIF = Metric(on_luma(vif, 255), "VIF (pixel domain)", smallest=SMALLEST, needs_content=True)
