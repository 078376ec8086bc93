"""Visual information fidelity in the wavelet domain: Sheikh and Bovik, IEEE Trans.

Image Processing 15(2), 2006, as the authors' vifvec.

Two of the six orientations of a four-level steerable pyramid (sp5 of Simoncelli's toolbox, from
`pyrtools`) are cut into blocks of 3x3 coefficients, a Gaussian scale mixture: block = S U with
covariance C_U (eigenvalues l_k) and S^2 = block' C_U^-1 block / 9. A window gives the gain g and
noise sv^2 of the distortion channel at each block, and

    VIF = sum_bands,blocks,k log2(1 + g^2 S^2 l_k / (sv^2 + sn^2)) / sum log2(1 + S^2 l_k / sn^2),
    sn^2 = 0.4.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from scipy.ndimage import correlate1d

from promic_nb.metrics.channel import channel, without_inversion
from promic_nb.metrics.metric import Metric, on_luma

SMALLEST = 72  # four levels of the pyramid's 9-tap low-pass
LEVELS, ORIENTATIONS, BLOCK, NOISE = 4, (0, 3), 3, 0.4
_EPS = 1e-15


def vif_wavelet(reference: np.ndarray, distorted: np.ndarray) -> float:
    """Wavelet-domain VIF: 1 for equal images, 0 where no information is left, above 1 where
    contrast was raised.

    Args:
        reference, distorted: luma in 0..255, float64 (H, W), at least 72x72. The order matters. NaN
            where the reference is flat.
    """
    received = sent = 0.0
    for (level, a), (_, b) in zip(_bands(reference), _bands(distorted), strict=True):
        # The window grows with resolution: 17 coefficients at the finest level, 3 at the coarsest.
        window = 2 ** (LEVELS - level) + 1
        border = -(-(window // 2) // BLOCK)
        inner = slice(border, -border)
        scale, eigenvalues = _mixture(a)
        gain, noise = (x[inner, inner] for x in _channel(a, b, window))
        snr = scale[inner, inner] / NOISE
        ratio = gain**2 * NOISE / (noise + NOISE)
        for eigenvalue in eigenvalues:
            received += np.log2(1 + ratio * snr * eigenvalue).sum()
            sent += np.log2(1 + snr * eigenvalue).sum()
    return float(received / sent) if sent else float("nan")


def _bands(image: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Level (0: finest) and coefficients of each band in use, cut to whole blocks."""
    import pyrtools

    filters = pyrtools.steerable_filters("sp5_filters")
    kernels = [filters["bfilts"][:, i].reshape(7, 7).T for i in ORIENTATIONS]
    low = pyrtools.corrDn(image, filters["lo0filt"], "reflect1")
    for level in range(LEVELS):
        h, w = (n // BLOCK * BLOCK for n in low.shape)
        for kernel in kernels:
            yield level, pyrtools.corrDn(low, kernel, "reflect1")[:h, :w]
        low = pyrtools.corrDn(low, filters["lofilt"], "reflect1", step=(2, 2))


def _mixture(band: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """S^2 of each block (H / 3, W / 3) and the nine eigenvalues of C_U, which comes from all
    overlapping blocks.
    """
    h, w = band.shape
    shifts = [(i, j) for j in range(BLOCK) for i in range(BLOCK)]
    overlapping = np.stack(
        [band[i : h - BLOCK + 1 + i, j : w - BLOCK + 1 + j].ravel() for i, j in shifts]
    )
    covariance = np.cov(overlapping, bias=True)
    eigenvalues = np.linalg.eigvalsh(covariance)
    if eigenvalues[-1] <= _EPS:
        return np.zeros((h // BLOCK, w // BLOCK)), np.zeros(len(shifts))
    blocks = np.stack([band[i::BLOCK, j::BLOCK].ravel() for i, j in shifts])
    scale = (np.linalg.solve(covariance, blocks) * blocks).sum(0) / len(shifts)
    return scale.reshape(h // BLOCK, w // BLOCK), eigenvalues


def _channel(a: np.ndarray, b: np.ndarray, window: int) -> tuple[np.ndarray, np.ndarray]:
    """Gain and noise variance around the centre of each block."""
    gain, noise, _, var2 = channel(
        a, b, partial(_window_mean, window=window), _EPS, samples=window**2
    )
    return without_inversion(gain, noise, var2, _EPS)


def _window_mean(x: np.ndarray, window: int) -> np.ndarray:
    """Mean over a window at the centre of each block, borders mirrored."""
    weights = np.full(window, 1 / window)
    x = correlate1d(x, weights, axis=0, mode="mirror")[BLOCK // 2 :: BLOCK]
    return correlate1d(x, weights, axis=1, mode="mirror")[:, BLOCK // 2 :: BLOCK]


VIF_WAVELET = Metric(
    on_luma(vif_wavelet, 255), "VIF (wavelet domain)", smallest=SMALLEST, needs_content=True
)
