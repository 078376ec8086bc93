"""PSNR-HVS and PSNR-HVS-M: Egiazarian et al., VPQM 2006; Ponomarenko et al., VPQM 2007; Eqs. 24-27
of the dissertation.

Images are padded to multiples of 8 by repetition, as the JPEG AI metrics do (the authors drop
partial blocks).
"""

from __future__ import annotations

import numpy as np
from scipy.fft import dctn

from promic_nb.metrics.metric import IDENTICAL_DB, Metric, with_peak

# Contrast sensitivity of the 8x8 DCT coefficients, from the authors' program (relative to the JPEG
# luma table).
CSF = np.array(
    [
        [1.608443, 2.339554, 2.573509, 1.608443, 1.072295, 0.643377, 0.504610, 0.421887],
        [2.144591, 2.144591, 1.838221, 1.354478, 0.989811, 0.443708, 0.428918, 0.467911],
        [1.838221, 1.979622, 1.608443, 1.072295, 0.643377, 0.451493, 0.372972, 0.459555],
        [1.838221, 1.513829, 1.169777, 0.887417, 0.504610, 0.295806, 0.321689, 0.415082],
        [1.429727, 1.169777, 0.695543, 0.459555, 0.378457, 0.236102, 0.249855, 0.334222],
        [1.072295, 0.735288, 0.467911, 0.402111, 0.317717, 0.247453, 0.227744, 0.279729],
        [0.525206, 0.402111, 0.329937, 0.295806, 0.249855, 0.212687, 0.214459, 0.254803],
        [0.357432, 0.279729, 0.270896, 0.262603, 0.229778, 0.257351, 0.249855, 0.259950],
    ]
)
# Masking: squared inverse of the JPEG luma quantization table, in units of its first entries; the
# DC coefficient does not mask.
MASKING = np.array(
    [
        [0.390625, 0.826446, 1.000000, 0.390625, 0.173611, 0.062500, 0.038447, 0.026874],
        [0.694444, 0.694444, 0.510204, 0.277008, 0.147929, 0.029727, 0.027778, 0.033058],
        [0.510204, 0.591716, 0.390625, 0.173611, 0.062500, 0.030779, 0.021004, 0.031888],
        [0.510204, 0.346021, 0.206612, 0.118906, 0.038447, 0.013212, 0.015625, 0.026015],
        [0.308642, 0.206612, 0.073046, 0.031888, 0.021626, 0.008417, 0.009426, 0.016866],
        [0.173611, 0.081633, 0.033058, 0.024414, 0.015242, 0.009246, 0.007831, 0.011815],
        [0.041649, 0.024414, 0.016437, 0.013212, 0.009426, 0.006830, 0.006944, 0.009803],
        [0.019290, 0.011815, 0.011080, 0.010412, 0.007972, 0.010000, 0.009426, 0.010203],
    ]
)


def psnr_hvs(reference: np.ndarray, distorted: np.ndarray, peak: float) -> float:
    """PSNR-HVS in dB, 100 for equal images. Inputs: luma, float64 (H, W), 0..peak."""
    return _db(_blocks_dct(reference), _blocks_dct(distorted), peak, masked=False)


def psnr_hvs_m(reference: np.ndarray, distorted: np.ndarray, peak: float) -> float:
    """PSNR-HVS-M (with contrast masking) in dB, 100 for equal images.

    Inputs: luma, float64 (H, W), 0..peak.
    """
    return _db(_blocks_dct(reference), _blocks_dct(distorted), peak, masked=True)


def _db(
    a: tuple[np.ndarray, np.ndarray], b: tuple[np.ndarray, np.ndarray], peak: float, masked: bool
) -> float:
    difference = np.abs(a[1] - b[1])
    if masked:
        threshold = np.maximum(_mask(*a), _mask(*b))[:, None, None] / MASKING
        reduced = np.maximum(difference - threshold, 0)
        reduced[:, 0, 0] = difference[:, 0, 0]
        difference = reduced
    mse = np.mean((difference * CSF) ** 2)
    return IDENTICAL_DB if mse == 0 else min(IDENTICAL_DB, 10 * float(np.log10(peak**2 / mse)))


def _blocks_dct(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """8x8 blocks (N, 8, 8) and their orthonormal DCT."""
    h, w = image.shape
    padded = np.pad(image, ((0, -h % 8), (0, -w % 8)), mode="edge")
    blocks = (
        padded.reshape(padded.shape[0] // 8, 8, padded.shape[1] // 8, 8)
        .swapaxes(1, 2)
        .reshape(-1, 8, 8)
    )
    return blocks, dctn(blocks, axes=(1, 2), norm="ortho")


def _mask(blocks: np.ndarray, dct: np.ndarray) -> np.ndarray:
    """Masking effect of each block: sqrt(E_w delta) / 32, E_w the weighted AC energy, delta the
    quarters' share of the variance (Eq. 25).
    """
    weights = MASKING.copy()
    weights[0, 0] = 0
    energy = (dct**2 * weights).sum((1, 2))
    whole = _deviation(blocks)
    quarters = sum(_deviation(blocks[:, i : i + 4, j : j + 4]) for i in (0, 4) for j in (0, 4))
    delta = np.divide(quarters, whole, out=np.zeros_like(whole), where=whole > 0)
    return np.sqrt(energy * delta) / 32


def _deviation(x: np.ndarray) -> np.ndarray:
    """Sample variance times the number of samples, as the authors' program computes it."""
    n = x.shape[1] * x.shape[2]
    return x.var((1, 2), ddof=1) * n


PSNR_HVS, PSNR_HVS_M = (
    Metric(with_peak(function), label, "dB", smallest=8, identical=IDENTICAL_DB)
    for function, label in ((psnr_hvs, "PSNR-HVS"), (psnr_hvs_m, "PSNR-HVS-M"))
)
