"""Bjontegaard deltas (ITU-T VCEG-M33; Eqs. 6-13 of the dissertation) over the `bjontegaard`
package, with input that makes sense.

The standard integrates over the logarithm of the rate; the dissertation's equations have the rate
itself. Both domains are here. A delta is the test curve minus the reference curve (Eqs. 6-13 write
A - B, and the text reads them both ways).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import bjontegaard
import numpy as np
from scipy.interpolate import Akima1DInterpolator, PchipInterpolator

from promic_nb.errors import UserError

Domain = Literal["log", "linear"]
Method = Literal["pchip", "akima"]
# The package's "cubic" is left out: with more than four points it is a fit that misses them.
INTERPOLATORS = {"pchip": PchipInterpolator, "akima": Akima1DInterpolator}


@dataclass(frozen=True)
class Limits:
    """What two curves need to be compared.

    Attributes:
        points: least number of points of each.
        overlap: least share of the smaller range that both have, 0..1.
    """

    points: int = 4
    overlap: float = 0.75


LIMITS = Limits()


@dataclass(frozen=True)
class Delta:
    """A Bjontegaard delta.

    Attributes:
        value: percent of rate (`bd_rate`) or units of quality (`bd_quality`).
        overlap: shared part of the two curves' ranges, 0..1, of the smaller range.
        points: points of the two curves.
    """

    value: float
    overlap: float
    points: tuple[int, int]


def bd_rate(
    rate: Sequence[float],
    quality: Sequence[float],
    rate_test: Sequence[float],
    quality_test: Sequence[float],
    *,
    higher_is_better: bool = True,
    domain: Domain = "log",
    method: Method = "pchip",
    limits: Limits = LIMITS,
) -> Delta:
    """Average rate difference of the test curve at equal quality, in percent; negative: the test
    curve needs less.

    Args:
        rate, quality: the reference curve, in any order; rates in bpp.
        rate_test, quality_test: the test curve.
        higher_is_better: direction of the quality; NLPD's is False.
        domain: "log": mean difference of log10 rate, as percent (the standard); "linear": mean
            difference of the rate, as percent of the reference's mean rate (Eq. 6 of the
            dissertation).
        method: interpolation through the points.
        limits: refuse curves with fewer points or less overlap.

    Raises:
        UserError: too few points, too little overlap, quality that does not rise with rate, or
            values that are not finite.

    Example:
        >>> rate, psnr = [0.1, 0.2, 0.4, 0.8], [30.0, 33.0, 36.0, 39.0]
        >>> delta = bd_rate(rate, psnr, [r / 2 for r in rate], psnr)
        >>> round(delta.value, 6), delta.overlap  # half the rate at each quality
        (-50.0, 1.0)
    """
    _check_choices(domain, method)
    sign = 1 if higher_is_better else -1
    (r0, q0), (r1, q1) = (
        _curve(r, sign * np.asarray(q, float), limits.points)
        for r, q in ((rate, quality), (rate_test, quality_test))
    )
    for q in (q0, q1):
        if (np.diff(q) <= 0).any():
            raise UserError(
                f"quality does not rise with rate: {(sign * q).tolist()}",
                "BD-rate is undefined here; use bd_quality",
            )
    overlap = _overlap(q0, q1, limits.overlap, "quality")
    if domain == "log":
        value = bjontegaard.bd_rate(
            r0, q0, r1, q1, method=method, require_matching_points=False, min_overlap=0
        )
    else:
        reference, test = _areas((q0, r0), (q1, r1), method=method)
        value = 100 * (test / reference - 1)
    return Delta(float(value), overlap, (len(r0), len(r1)))


def bd_quality(
    rate: Sequence[float],
    quality: Sequence[float],
    rate_test: Sequence[float],
    quality_test: Sequence[float],
    *,
    domain: Domain = "log",
    method: Method = "pchip",
    limits: Limits = LIMITS,
) -> Delta:
    """Average quality difference of the test curve at equal rate, in units of the quality (BD-PSNR,
    BD-AP ...).

    Args:
        domain: integrate over log10 of the rate (the standard) or over the rate (Eqs. 7-13 of the
            dissertation).

    The other arguments and errors are `bd_rate`'s; quality need not be monotone, and has either
    direction: above 0, the test curve has more of it (which for NLPD is worse).
    """
    _check_choices(domain, method)
    (r0, q0), (r1, q1) = (
        _curve(r, np.asarray(q, float), limits.points)
        for r, q in ((rate, quality), (rate_test, quality_test))
    )
    if domain == "log":
        overlap = _overlap(np.log10(r0), np.log10(r1), limits.overlap, "rate")
        value = bjontegaard.bd_psnr(
            r0, q0, r1, q1, method=method, require_matching_points=False, min_overlap=0
        )
    else:
        overlap = _overlap(r0, r1, limits.overlap, "rate")
        reference, test = _areas((r0, q0), (r1, q1), method=method)
        value = (test - reference) / (min(r0[-1], r1[-1]) - max(r0[0], r1[0]))
    return Delta(float(value), overlap, (len(r0), len(r1)))


def bd_qualities(
    rate: Sequence[float],
    quality: np.ndarray,
    rate_test: Sequence[float],
    quality_test: np.ndarray,
    *,
    domain: Domain = "log",
    limits: Limits = LIMITS,
) -> np.ndarray:
    """`bd_quality` of many pairs of curves at the same rates, such as a bootstrap's draws.

    Args:
        quality, quality_test: float (R, N), a pair of curves for each of N columns.

    Returns:
        float (N,); NaN where a curve has a value that is not finite.

    Raises:
        UserError: as `bd_quality`, by the rates.

    Example:
        >>> level = np.array([[1.0, 2.0], [2.0, np.nan], [3.0, 4.0]])
        >>> bd_qualities([0.1, 0.2, 0.4], level, [0.1, 0.2, 0.4], level + 3, limits=Limits(3))
        array([ 3., nan])
    """
    _check_choices(domain, "pchip")
    known = np.isfinite(quality).all(axis=0) & np.isfinite(quality_test).all(axis=0)
    order, order_test = np.argsort(rate), np.argsort(rate_test)
    r0, _ = _curve(rate, np.zeros(len(rate)), limits.points)
    r1, _ = _curve(rate_test, np.zeros(len(rate_test)), limits.points)
    x0, x1 = (np.log10(r0), np.log10(r1)) if domain == "log" else (r0, r1)
    _overlap(x0, x1, limits.overlap, "rate")
    low, high = max(x0[0], x1[0]), min(x0[-1], x1[-1])
    values = np.full(quality.shape[1], np.nan)
    reference, test = (
        PchipInterpolator(x, np.asarray(q)[by][:, known]).integrate(low, high)
        for x, q, by in ((x0, quality, order), (x1, quality_test, order_test))
    )
    values[known] = (test - reference) / (high - low)
    return values


def _check_choices(domain: str, method: str) -> None:
    for name, value, choices in (
        ("domain", domain, ("log", "linear")),
        ("method", method, tuple(INTERPOLATORS)),
    ):
        if value not in choices:
            raise UserError(f"{name} {value!r} is unknown", f"Choose from {', '.join(choices)}")


def _areas(*curves: tuple[np.ndarray, np.ndarray], method: str) -> list[float]:
    """Areas under curves (x rising, y) over the x that they share."""
    low, high = max(x[0] for x, _ in curves), min(x[-1] for x, _ in curves)
    return [float(INTERPOLATORS[method](x, y).integrate(low, high)) for x, y in curves]


def _curve(
    rates: Sequence[float], quality: np.ndarray, min_points: int
) -> tuple[np.ndarray, np.ndarray]:
    """The curve, sorted by rate and checked."""
    rate = np.asarray(rates, float)
    if rate.shape != quality.shape or rate.ndim != 1:
        raise UserError(
            f"a curve has {rate.shape} rates and {quality.shape} qualities",
            "Give one quality for each rate",
        )
    if not (np.isfinite(rate).all() and np.isfinite(quality).all() and (rate > 0).all()):
        raise UserError(
            "a curve has a value that is not finite, or a rate that is not positive",
            "Remove that point",
        )
    if len(rate) < max(2, min_points):
        raise UserError(
            f"a curve has {len(rate)} points",
            f"At least {max(2, min_points)} are needed (limits.points)",
        )
    order = np.argsort(rate)
    if (np.diff(rate[order]) == 0).any():
        raise UserError(
            f"a curve has one rate twice: {rate[order].tolist()}", "Keep one point for each rate"
        )
    return rate[order], quality[order]


def _overlap(a: np.ndarray, b: np.ndarray, least: float, axis: str) -> float:
    shared = min(a.max(), b.max()) - max(a.min(), b.min())
    overlap = max(0.0, shared / min(np.ptp(a), np.ptp(b)))
    if overlap <= 0 or overlap < least:
        raise UserError(
            f"the curves share {overlap:.0%} of their {axis} range",
            f"At least {least:.0%} are needed (limits.overlap)",
        )
    return overlap
