"""Full-reference quality metrics by name, behind the front end of the JPEG AI test conditions."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from promic_nb.errors import ContractError, UserError
from promic_nb.metrics.front_end import Frame, FrontEnd, frame
from promic_nb.metrics.metric import Metric
from promic_nb.metrics.registry import METRICS


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
        NLPD 0, VMAF 97.43. NLPD sees no mean level: two flat images have 0.

    Raises:
        UserError: unknown metric, unequal shapes, another dtype, images below a metric's smallest
            size, or a flat reference where the metric needs content. The message names the metric,
            the shape and the remedy.

    Example:
        >>> image = np.tile(np.arange(64, dtype=np.uint8), (64, 1))
        >>> compute(image, image + 2, ["psnr", "ssim"]).keys()
        dict_keys(['psnr', 'ssim'])
        >>> compute(image, image, ["psnr"])
        {'psnr': 100.0}
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
    return {name: measure(name, METRICS[name], a, b) for name in names}


def check_names(names: Iterable[str] | None) -> list[str]:
    """The names as a list, each known and there once; all where None."""
    return [METRICS.check(n) for n in dict.fromkeys(METRICS if names is None else names)]


def measure(name: str, metric: Metric, a: Frame, b: Frame) -> float:
    """A metric of two frames of one size, as `compute`; `name` is for messages."""
    shape = a.luma.shape
    if min(shape) < metric.smallest:
        raise UserError(
            f"{name}: an image is {shape}",
            f"It is defined from {metric.smallest} samples a side; leave {name} out, or use larger "
            "images",
        )
    if metric.needs_content and np.ptp(a.samples) == 0:
        if np.array_equal(a.samples, b.samples):
            return metric.identical
        raise UserError(
            f"{name}: the reference is flat, of shape {shape}",
            f"It says nothing without content; leave {name} out",
        )
    try:
        value = metric.function(a, b)
    except UserError:
        raise
    except Exception as error:
        why = f"it fails ({type(error).__name__}: {error})"
        raise ContractError("metric", name, why) from error
    if not isinstance(value, float):
        raise ContractError("metric", name, f"it returns {type(value).__name__}, not float")
    if not math.isfinite(value):
        raise UserError(
            f"{name}: no finite value for images of shape {shape}",
            f"Its definition fails on this content; leave {name} out",
        )
    return value
