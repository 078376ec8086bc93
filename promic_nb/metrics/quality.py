"""Full-reference quality metrics by name, on the 10-bit luma of the JPEG AI test conditions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from promic_nb.errors import UserError
from promic_nb.metrics import nlpd as _nlpd
from promic_nb.metrics import psnr_hvs as _hvs
from promic_nb.metrics.front_end import PEAK, luma10

IDENTICAL_DB = 100.0


@dataclass(frozen=True)
class Metric:
    """A quality metric of two 10-bit lumas, float64 (H, W) in 0..1023.

    Attributes:
        label: for axes, with the unit.
        smallest: the least height and width that its definition allows.
        higher_is_better: its direction.
    """

    function: Callable[[np.ndarray, np.ndarray], float]
    label: str
    smallest: int = 1
    higher_is_better: bool = True


def _psnr(reference: np.ndarray, distorted: np.ndarray) -> float:
    mse = np.mean((reference - distorted) ** 2)
    return IDENTICAL_DB if mse == 0 else min(IDENTICAL_DB, 10 * float(np.log10(PEAK**2 / mse)))


def _ms_ssim(reference: np.ndarray, distorted: np.ndarray) -> float:
    import torch
    from pytorch_msssim import ms_ssim

    a, b = (torch.from_numpy(x)[None, None].float() for x in (reference, distorted))
    return float(ms_ssim(a, b, data_range=PEAK))


METRICS: dict[str, Metric] = {
    "psnr": Metric(_psnr, "PSNR (dB)"),
    "ms_ssim": Metric(_ms_ssim, "MS-SSIM", smallest=161),
    "psnr_hvs": Metric(lambda a, b: _hvs.psnr_hvs(a, b, PEAK), "PSNR-HVS (dB)", smallest=8),
    "psnr_hvs_m": Metric(lambda a, b: _hvs.psnr_hvs_m(a, b, PEAK), "PSNR-HVS-M (dB)", smallest=8),
    "nlpd": Metric(lambda a, b: _nlpd.nlpd(a / PEAK, b / PEAK), "NLPD", smallest=65, higher_is_better=False),
}


def compute(reference: np.ndarray, distorted: np.ndarray, names: Iterable[str] | None = None, *, bit_depth: int = 8) -> dict[str, float]:
    """Quality of `distorted` against `reference`.

    Args:
        reference, distorted: uint8 or uint16, grey (H, W) or RGB (H, W, 3), of one shape.
        names: of `METRICS`; all by default.
        bit_depth: of the samples.

    Returns:
        Metric name to value: dB values are 100 and similarities 1 for equal images, NLPD is 0.

    Raises:
        UserError: unknown metric, unequal shapes, or images below a metric's smallest size.
    """
    names = list(METRICS if names is None else names)
    if reference.shape != distorted.shape:
        raise UserError(f"metrics got shapes {reference.shape} and {distorted.shape}", "Both images must have one shape")
    for name in names:
        if name not in METRICS:
            raise UserError(f"metric {name!r} is unknown", f"Choose from {', '.join(METRICS)}")
        if min(reference.shape[:2]) < METRICS[name].smallest:
            raise UserError(f"{name} got an image of {reference.shape[:2]}", f"It is defined from {METRICS[name].smallest} samples a side")
    a, b = luma10(reference, bit_depth), luma10(distorted, bit_depth)
    return {name: METRICS[name].function(a, b) for name in names}
