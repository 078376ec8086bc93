"""Normalized Laplacian pyramid distance: Laparra, Berardino, Balle, Simoncelli, Electronic Imaging
2016; Eqs. 28-31 of the dissertation.

The variant is the one that the JPEG AI metrics run: luma in 0..1, six levels (the low-pass rest is
not a level), reflected borders, bilinear upsampling with aligned corners, mean of the levels' RMS.
Other variants differ by up to 10 %.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.sparse import csr_array

from promic_nb.metrics.metric import Metric, on_luma

LEVELS = 6
LOW_PASS = np.array([0.05, 0.25, 0.4, 0.25, 0.05])
# Divisive normalization, level by level: sigma, then weights of the neighbours above, left, right,
# below (the paper's fit).
NORMALIZATION = (
    (0.0248, 0.1011, 0.1493, 0.1460, 0.1015),
    (0.0185, 0.0757, 0.1986, 0.1846, 0.0837),
    (0.0179, 0.0477, 0.2138, 0.2243, 0.0467),
    (0.0191, 0.0, 0.2503, 0.2616, 0.0),
    (0.0220, 0.0, 0.2598, 0.2552, 0.0),
    (0.2782, 0.0, 0.2215, 0.0717, 0.0),
)


def nlpd(reference: np.ndarray, distorted: np.ndarray) -> float:
    """Distance, 0 for equal images; lower is better.

    Args:
        reference, distorted: luma in 0..1, float64 (H, W), at least 65x65.
    """
    pairs = zip(_pyramid(reference), _pyramid(distorted), strict=True)
    return float(np.mean([np.sqrt(np.mean((a - b) ** 2)) for a, b in pairs]))


def _pyramid(image: np.ndarray) -> list[np.ndarray]:
    levels = []
    for sigma, *weights in NORMALIZATION:
        (down_rows, up_rows), (down_columns, up_columns) = (_resampling(n) for n in image.shape)
        low = _along_both(down_rows, down_columns, image)
        band = image - _along_both(up_rows, up_columns, low)
        levels.append(band / (sigma + _neighbours(np.abs(band), weights)))
        image = low
    return levels


def _along_both(rows: csr_array, columns: csr_array, x: np.ndarray) -> np.ndarray:
    return (columns @ np.ascontiguousarray((rows @ x).T)).T


@lru_cache(maxsize=64)
def _resampling(n: int) -> tuple[csr_array, csr_array]:
    """Down and up along one side of n samples, as matrices (m, n) and (n, m) with m = ceil(n / 2):
    few entries a row, so that they cost less than filtering what is thrown away.

    Down: the low-pass filter, every second sample. Up: bilinear to 2m samples with aligned corners,
        the filter, and for odd n the
    nearest n of the 2m samples.
    """
    m = (n + 1) // 2
    at = np.linspace(0, m - 1, 2 * m)
    low = np.minimum(at.astype(int), m - 2)
    entries = (
        np.concatenate([1 - (at - low), at - low]),
        (np.tile(np.arange(2 * m), 2), np.concatenate([low, low + 1])),
    )
    up = _low_pass(2 * m) @ csr_array(entries, shape=(2 * m, m))
    return _low_pass(n)[::2], up[np.arange(n) * 2 * m // n]


def _low_pass(n: int) -> csr_array:
    """The filter along n samples, borders reflected: (n, n)."""
    at = np.arange(n)[:, None] + np.arange(-2, 3)
    at = (n - 1) - np.abs((n - 1) - np.abs(at))
    return csr_array((np.tile(LOW_PASS, n), (np.repeat(np.arange(n), 5), at.ravel())), shape=(n, n))


def _neighbours(x: np.ndarray, weights: list[float]) -> np.ndarray:
    """Weighted sum of the neighbours above, left, right and below, borders reflected."""
    p = np.pad(x, 1, mode="reflect")
    shifted = (p[:-2, 1:-1], p[1:-1, :-2], p[1:-1, 2:], p[2:, 1:-1])
    total = np.zeros_like(x)
    for weight, neighbour in zip(weights, shifted, strict=True):
        if weight:
            total = total + weight * neighbour
    return total


NLPD = Metric(on_luma(nlpd, 1), "NLPD", smallest=65, higher_is_better=False, identical=0.0)
