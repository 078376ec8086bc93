"""Full-reference quality metrics by name, behind the front end of the JPEG AI test conditions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from promic_nb.errors import UserError
from promic_nb.metrics import iw_ssim, libraries, nlpd, psnr_hvs, vif, vif_wavelet, vmaf
from promic_nb.metrics.front_end import Frame, FrontEnd, frame

IDENTICAL_DB = 100.0


@dataclass(frozen=True)
class Metric:
    """A quality metric.

    Attributes:
        function: of the reference and the distorted frame; NaN where it is undefined.
        label: for axes, with the unit.
        smallest: the least height and width that its definition allows.
        higher_is_better: its direction.
        needs_content: undefined where the reference is flat, or says nothing there (unless the
            images are equal).
        identical: its value for equal images.
    """

    function: Callable[[Frame, Frame], float]
    label: str
    smallest: int = 1
    higher_is_better: bool = True
    needs_content: bool = False
    identical: float = 1.0


def _psnr(reference: Frame, distorted: Frame) -> float:
    """10 log10(peak^2 / MSE) of luma in dB, at most 100."""
    mse = np.mean((reference.luma - distorted.luma) ** 2)
    return (
        IDENTICAL_DB
        if mse == 0
        else min(IDENTICAL_DB, 10 * float(np.log10(reference.peak**2 / mse)))
    )


def _on_luma(
    function: Callable[[np.ndarray, np.ndarray], float], peak: float
) -> Callable[[Frame, Frame], float]:
    return lambda a, b: function(a.scaled(peak), b.scaled(peak))


def _with_peak(
    function: Callable[[np.ndarray, np.ndarray, float], float],
) -> Callable[[Frame, Frame], float]:
    return lambda a, b: function(a.luma, b.luma, a.peak)


METRICS: dict[str, Metric] = {
    "psnr": Metric(_psnr, "PSNR (dB)", identical=IDENTICAL_DB),
    "ssim": Metric(_with_peak(libraries.ssim), "SSIM", libraries.SMALLEST_SSIM),
    "ms_ssim": Metric(_with_peak(libraries.ms_ssim), "MS-SSIM", libraries.SMALLEST_MS_SSIM),
    "iw_ssim": Metric(
        _on_luma(iw_ssim.iw_ssim, 255), "IW-SSIM", iw_ssim.SMALLEST, needs_content=True
    ),
    "vmaf": Metric(
        _with_peak(vmaf.vmaf), "VMAF", vmaf.SMALLEST, needs_content=True, identical=97.43
    ),
    "vif": Metric(_on_luma(vif.vif, 255), "VIF (pixel domain)", vif.SMALLEST, needs_content=True),
    "vif_wavelet": Metric(
        _on_luma(vif_wavelet.vif_wavelet, 255),
        "VIF (wavelet domain)",
        vif_wavelet.SMALLEST,
        needs_content=True,
    ),
    "psnr_hvs": Metric(_with_peak(psnr_hvs.psnr_hvs), "PSNR-HVS (dB)", 8, identical=IDENTICAL_DB),
    "psnr_hvs_m": Metric(
        _with_peak(psnr_hvs.psnr_hvs_m), "PSNR-HVS-M (dB)", 8, identical=IDENTICAL_DB
    ),
    "nlpd": Metric(_on_luma(nlpd.nlpd, 1), "NLPD", 65, higher_is_better=False, identical=0.0),
    "fsim": Metric(
        lambda a, b: libraries.fsim(a.rgb, b.rgb, a.peak),
        "FSIM",
        libraries.SMALLEST_FSIM,
        needs_content=True,
    ),
}


def compute(
    reference: np.ndarray,
    distorted: np.ndarray,
    names: Iterable[str] | None = None,
    *,
    bit_depth: int = 8,
    front_end: FrontEnd = "10bit",
) -> dict[str, float]:
    """Quality of `distorted` against `reference`.

    Args:
        reference, distorted: uint8 or uint16, grey (H, W) or RGB (H, W, 3), of one shape.
        names: of `METRICS`; all by default.
        bit_depth: of the samples.
        front_end: "10bit" (samples and luma rounded to 0..1023, as the JPEG AI metrics) or "8bit"
            (0..255).

    Returns:
        Metric name to a finite value. Equal images give `Metric.identical`: 100 dB, similarities 1,
            NLPD 0, VMAF 97.43. NLPD sees no
        mean level: two flat images have 0.

    Raises:
        UserError: unknown metric, unequal shapes, another dtype, images below a metric's smallest
            size, or a flat reference where the metric needs content. The message names the metric,
            the shape and the remedy.
    """
    names = check_names(names)
    who = ", ".join(names)
    reference, distorted = np.asarray(reference), np.asarray(distorted)
    if reference.shape != distorted.shape:
        turned = reference.shape[:2] == distorted.shape[1::-1]
        remedy = (
            "One is transposed: height comes first" if turned else "Both images must have one shape"
        )
        raise UserError(f"{who}: shapes are {reference.shape} and {distorted.shape}", remedy)
    try:
        a, b = (frame(image, bit_depth, front_end) for image in (reference, distorted))
    except UserError as error:
        raise UserError(f"{who}: {error.what}", error.remedy) from None
    return {name: _value(name, a, b) for name in names}


def check_names(names: Iterable[str] | None) -> list[str]:
    """The names as a list, each known and there once; all where None."""
    names = list(dict.fromkeys(METRICS if names is None else names))
    for name in names:
        if name not in METRICS:
            raise UserError(f"metric {name!r} is unknown", f"Choose from {', '.join(METRICS)}")
    return names


def _value(name: str, a: Frame, b: Frame) -> float:
    metric, shape = METRICS[name], a.luma.shape
    if min(shape) < metric.smallest:
        raise UserError(
            f"{name}: an image is {shape}",
            f"It is defined from {metric.smallest} samples a side; leave {name} out, or use larger images",
        )
    if metric.needs_content and np.ptp(a.samples) == 0:
        if np.array_equal(a.samples, b.samples):
            return metric.identical
        raise UserError(
            f"{name}: the reference is flat, of shape {shape}",
            f"It says nothing without content; leave {name} out",
        )
    value = metric.function(a, b)
    if not math.isfinite(value):
        raise UserError(
            f"{name}: no finite value for images of shape {shape}",
            f"Its definition fails on this content; leave {name} out",
        )
    return value
