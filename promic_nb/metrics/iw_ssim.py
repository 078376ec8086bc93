"""Information content weighted SSIM: Wang and Li, IEEE Trans. Image Processing 20(5), 2011.

MS-SSIM's contrast-structure maps c_j, of the levels of a Laplacian pyramid, are pooled with weights
w_j in place of a mean:

    IW-SSIM = prod_j (sum w_j c_j / sum w_j)^b_j,    w = sum_k log2(1 + ((sv^2 + (1 + g^2) sn^2) S^2
    l_k + sn^2 sv^2) / sn^4),

the information that a Gaussian scale mixture sends over two noisy channels (Eqs. 25-31). Its vector
is a 3x3 neighbourhood of the reference, with the parent coefficient at the three finest levels; l_k
are the eigenvalues of its covariance, sn^2 = 0.4. The coarsest level has the full SSIM and equal
weights.

`piq.information_weighted_ssim(distorted, reference)` in float64 gives the same value, with full
two-dimensional windows and a logarithm for each eigenvalue, several times slower.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import correlate1d

from promic_nb.metrics.channel import channel, valid
from promic_nb.metrics.metric import Metric, on_luma

SMALLEST = 161  # the coarsest of five levels holds one 11x11 window
EXPONENTS = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])
NOISE = 0.4
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
_WINDOW = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
_WINDOW /= _WINDOW.sum()
_BINOMIAL = np.sqrt(2) * np.array([1, 4, 6, 4, 1]) / 16
_EPS = float(np.finfo(float).eps)


def iw_ssim(reference: np.ndarray, distorted: np.ndarray) -> float:
    """IW-SSIM, 1 for equal images.

    Args:
        reference, distorted: luma in 0..255, float64 (H, W), at least 161x161. The order matters
            (2e-3 on one pair of the conformance table). NaN where the reference is flat.
    """
    pyramid, other = _pyramid(reference), _pyramid(distorted)
    last = len(EXPONENTS) - 1
    pooled = []
    for level, (a, b) in enumerate(zip(pyramid, other, strict=True)):
        luminance, contrast = _similarity(a, b)
        if level == last:
            pooled.append(np.mean(luminance * contrast))
            continue
        weight = _information(a, b, pyramid[level + 1] if level < last - 1 else None)
        if not weight.any():
            return float("nan")
        pooled.append((contrast * weight).sum() / weight.sum())
    return float(np.prod(np.abs(pooled) ** (EXPONENTS / EXPONENTS.sum())))


def _pyramid(x: np.ndarray) -> list[np.ndarray]:
    """Four Laplacian levels and the low-pass rest; borders mirrored."""
    levels = []
    for _ in range(len(EXPONENTS) - 1):
        low, high = x, None
        for axis in (1, 0):
            low = correlate1d(low, _BINOMIAL, axis=axis, mode="mirror")
            low = low[:, ::2] if axis else low[::2]
        high = low
        for axis in (1, 0):
            spread = np.zeros([n * 2 if i == axis else n for i, n in enumerate(high.shape)])
            spread[(slice(None), slice(None, None, 2)) if axis else slice(None, None, 2)] = high
            high = correlate1d(spread, _BINOMIAL, axis=axis, mode="mirror")
            high = high[:, : x.shape[1]] if axis else high[: x.shape[0]]
        levels.append(x - high)
        x = low
    return [*levels, x]


def _similarity(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """SSIM's luminance and contrast-structure maps under a valid 11x11 Gaussian window."""
    mean1, mean2, square1, square2, product = (
        valid(x, _WINDOW) for x in (a, b, a * a, b * b, a * b)
    )
    var1, var2 = np.maximum(square1 - mean1**2, 0), np.maximum(square2 - mean2**2, 0)
    contrast = (2 * (product - mean1 * mean2) + C2) / (var1 + var2 + C2)
    return (2 * mean1 * mean2 + C1) / (mean1**2 + mean2**2 + C1), contrast


def _information(a: np.ndarray, b: np.ndarray, parent: np.ndarray | None) -> np.ndarray:
    """Weights w where the SSIM window is valid; all 0 where the reference is flat."""
    gain, noise, _, _ = channel(a, b, _mean3, _EPS)
    h, w = a.shape
    vectors = [a[i : h - 2 + i, j : w - 2 + j] for i in range(3) for j in range(3)]
    if parent is not None:
        vectors.append(_enlarge(parent)[1 : h - 1, 1 : w - 1])
    vectors = np.stack(vectors).reshape(len(vectors), -1)
    covariance = vectors @ vectors.T / vectors.shape[1]
    eigenvalues = np.linalg.eigvalsh(covariance)
    if eigenvalues[0] <= _EPS * max(eigenvalues[-1], 1):
        return np.zeros((h - 10, w - 10))
    whitened = np.linalg.inv(np.linalg.cholesky(covariance)) @ vectors
    scale = np.einsum("kn,kn->n", whitened, whitened).reshape(noise.shape) / len(vectors)

    border = slice(4, -4)
    gain, noise, scale = (x[border, border] for x in (gain, noise, scale))
    per_eigenvalue = (noise + (1 + gain**2) * NOISE) * scale / NOISE**2
    rest = 1 + noise / NOISE
    product, term = np.ones_like(scale), np.empty_like(scale)
    for eigenvalue in (
        eigenvalues
    ):  # one logarithm of a product, not ten: it stays below 1e300 for luma in 0..255
        np.multiply(per_eigenvalue, eigenvalue, out=term)
        term += rest
        product *= term
    return np.log2(product)


def _enlarge(x: np.ndarray) -> np.ndarray:
    """The parent at its children's places: bilinear to 4n - 3 samples, one more on each side by
    extrapolation, every second taken.
    """
    for axis in (0, 1):
        n = x.shape[axis]
        at = np.maximum((np.arange(4 * n - 3) + 0.5) * n / (4 * n - 3) - 0.5, 0)
        low = np.minimum(at.astype(int), n - 1)
        weight = (at - low).reshape((-1, 1) if axis == 0 else (1, -1))
        x_low, x_high = np.take(x, low, axis), np.take(x, np.minimum(low + 1, n - 1), axis)
        x = np.moveaxis(x_low + (x_high - x_low) * weight, axis, 0)
        x = np.concatenate([2 * x[:1] - x[1:2], x, 2 * x[-1:] - x[-2:-1]])[::2]
        x = np.moveaxis(x, 0, axis)
    return x


def _mean3(x: np.ndarray) -> np.ndarray:
    """Mean of 3x3, only where it lies inside."""
    x = x[:-2] + x[1:-1] + x[2:]
    return (x[:, :-2] + x[:, 1:-1] + x[:, 2:]) / 9


IW_SSIM = Metric(on_luma(iw_ssim, 255), "IW-SSIM", smallest=SMALLEST, needs_content=True)
