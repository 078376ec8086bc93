"""Metrics that a well-kept library has right, with the arguments that make it so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from promic_nb.metrics.metric import Metric, with_peak

if TYPE_CHECKING:
    from torch import Tensor


def ssim(reference: np.ndarray, distorted: np.ndarray, peak: float) -> float:
    """Structural similarity: Wang, Bovik, Sheikh and Simoncelli, IEEE Trans.

    Image Processing 13(4), 2004; 1 for equal images.

    The paper's 11x11 Gaussian window of sigma 1.5 and population covariance. skimage's default
    window is another, as is the downsampling that piq does by default.

    Args:
        reference, distorted: luma, float64 (H, W) in 0..peak, at least 11x11.
    """
    from skimage.metrics import structural_similarity

    return float(
        structural_similarity(
            reference,
            distorted,
            data_range=peak,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
    )


def ms_ssim(reference: np.ndarray, distorted: np.ndarray, peak: float) -> float:
    """Multi-scale SSIM: Wang, Simoncelli and Bovik, Asilomar 2003; Eqs. 14-23 of the dissertation;
    1 for equal images.

    By `pytorch_msssim`, as the JPEG AI metrics. Odd sizes differ by up to 5e-3 from the authors'
    program, which halves them otherwise.

    Args:
        reference, distorted: luma, float64 (H, W) in 0..peak, at least 161x161.
    """
    from pytorch_msssim import ms_ssim

    return float(ms_ssim(_tensor(reference), _tensor(distorted), data_range=peak))


def fsim(reference: np.ndarray, distorted: np.ndarray, peak: float) -> float:
    """Feature similarity with colour (FSIMc): Zhang, Zhang, Mou and Zhang, IEEE Trans.

    Image Processing 20(8), 2011; 1 for equal images.

    By `piq` in float64. Images are averaged to about 256 samples on the shorter side, as the
    authors do; of grey images, FSIMc is FSIM.

    Args:
        reference, distorted: RGB, float64 (H, W, 3) in 0..peak, at least 48x48.
    """
    import piq

    a, b = (_tensor(np.moveaxis(x, 2, 0) / peak) for x in (reference, distorted))
    return float(piq.fsim(b, a))


def _tensor(x: np.ndarray) -> Tensor:
    """Float64 (1, C, H, W)."""
    import torch

    return torch.from_numpy(np.ascontiguousarray(x)).reshape(1, -1, *x.shape[-2:])


SSIM = Metric(with_peak(ssim), "SSIM", smallest=11)  # skimage's window of sigma 1.5
MS_SSIM = Metric(with_peak(ms_ssim), "MS-SSIM", smallest=161)  # five scales halve it to 11
FSIM = Metric(  # its largest filter is 48 samples long
    lambda a, b: fsim(a.rgb, b.rgb, a.peak), "FSIM", smallest=48, needs_content=True
)
