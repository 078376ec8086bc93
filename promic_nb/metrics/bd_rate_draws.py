"""Intervals of BD-rates of codecs: a paired bootstrap over blocks of slices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from promic_nb.metrics.bjontegaard import LIMITS, Limits
from promic_nb.metrics.bootstrap import Interval, Resamples
from promic_nb.metrics.registry import METRICS

if TYPE_CHECKING:
    import pandas as pd


def with_intervals(
    bd: pd.DataFrame, table: pd.DataFrame, resamples: Resamples, limits: Limits = LIMITS
) -> pd.DataFrame:
    """BD-rates with the interval over slices; both codecs have the same slices in each draw.

    Args:
        bd: from `curves.bd_rate_table`.
        table: rows of codec, setting, slice, bpp, metric, value, from which it was made.
        resamples: of the slices of the table.
        limits: what curves need; a draw without it has no value.

    Returns:
        `bd` with columns low, high (percent), no_interval (why there is none), slices, blocks,
        draws.
    """
    curves = {
        key: _curve_draws(part, resamples)
        for key, part in table.groupby(["codec", "metric"], sort=False)
    }
    found = []
    for row in bd.itertuples():
        if row.reason:
            found.append(Interval(np.nan, np.nan, np.nan, "no value"))
            continue
        sign = 1 if METRICS[row.metric].higher_is_better else -1
        (r0, q0), (r1, q1) = (curves[c, row.metric] for c in (row.reference, row.codec))
        found.append(resamples.interval(bd_rates(r0, sign * q0, r1, sign * q1, limits)))
    return bd.assign(
        low=[i.low for i in found],
        high=[i.high for i in found],
        no_interval=[i.reason for i in found],
        slices=len(resamples.ids),
        blocks=resamples.blocks,
        draws=resamples.draws.count,
    )


def _curve_draws(part: pd.DataFrame, resamples: Resamples) -> tuple[np.ndarray, np.ndarray]:
    """Mean rate and mean quality of one codec in each draw, (1 + draws, settings).

    Slices without a value count in neither.
    """
    weights = resamples.times[:, resamples.block_of].astype(float)
    wide = part.pivot_table(index="slice", columns="setting", values=["bpp", "value"], sort=False)
    wide = wide.reindex(list(resamples.ids))
    bpp, value = (wide[name].to_numpy() for name in ("bpp", "value"))
    known = ~np.isnan(value)
    with np.errstate(invalid="ignore"):
        count = weights @ known
        return (
            weights @ np.where(known, bpp, 0) / count,
            weights @ np.where(known, value, 0) / count,
        )


def bd_rates(
    rate: np.ndarray,
    quality: np.ndarray,
    rate_test: np.ndarray,
    quality_test: np.ndarray,
    limits: Limits = LIMITS,
) -> np.ndarray:
    """`bjontegaard.bd_rate` (pchip, over the logarithm of the rate) of many pairs of curves.

    Args:
        rate, quality, rate_test, quality_test: float (N, points), a pair of curves in each row;
            higher quality is better.

    Returns:
        Percent, float (N,); NaN where `bd_rate` refuses the pair.

    Example:
        >>> rate, psnr = np.array([[0.1, 0.2, 0.4, 0.8]]), np.array([[30.0, 33.0, 36.0, 39.0]])
        >>> bd_rates(rate, psnr, rate / 2, psnr).round(6)
        array([-50.])
    """
    curves = [_by_rate(rate, quality), _by_rate(rate_test, quality_test)]
    if min(q.shape[1] for _, q in curves) < max(2, limits.points):
        return np.full(len(rate), np.nan)
    good = np.all([(np.diff(q) > 0).all(axis=1) & np.isfinite(r).all(axis=1) for r, q in curves], 0)
    low = np.max([q[:, 0] for _, q in curves], axis=0)
    high = np.min([q[:, -1] for _, q in curves], axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        overlap = (high - low) / np.min([np.ptp(q, axis=1) for _, q in curves], axis=0)
        good &= (overlap > 0) & (overlap >= limits.overlap)
        areas = [pchip_areas(q, r, low, high) for r, q in curves]
        values = 100 * (10 ** ((areas[1] - areas[0]) / (high - low)) - 1)
    return np.where(good, values, np.nan)


def _by_rate(rate: np.ndarray, quality: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The logarithm of the rate and the quality of each row, by rising rate."""
    order = np.argsort(rate, axis=1)
    return np.log10(np.take_along_axis(rate, order, 1)), np.take_along_axis(quality, order, 1)


def pchip_areas(x: np.ndarray, y: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Integrals of the monotone cubics through the points of each row (Fritsch and Butland 1984).

    scipy's `PchipInterpolator` with another x in each row.

    Args:
        x: float (N, points), rising; y the same shape.
        low, high: float (N,), within the range of x.
    """
    h = np.diff(x)
    slope = np.diff(y) / h
    d = _derivatives(h, slope)
    c = (3 * slope - 2 * d[:, :-1] - d[:, 1:]) / h
    b = (d[:, :-1] - 2 * slope + d[:, 1:]) / h**2

    def until(limit: np.ndarray) -> np.ndarray:
        t = np.clip(limit[:, None] - x[:, :-1], 0, h)
        parts = t * (y[:, :-1] + t * (d[:, :-1] / 2 + t * (c / 3 + t * b / 4)))
        return np.asarray(parts.sum(axis=1))

    return until(high) - until(low)


def _derivatives(h: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """At each point: weighted harmonic means of the slopes on both sides, 0 where they turn."""
    if h.shape[1] == 1:
        return np.repeat(slope, 2, axis=1)
    a, b = 2 * h[:, 1:] + h[:, :-1], h[:, 1:] + 2 * h[:, :-1]
    before, after = slope[:, :-1], slope[:, 1:]
    with np.errstate(invalid="ignore", divide="ignore"):
        inner = np.where(before * after > 0, (a + b) / (a / before + b / after), 0.0)
    ends = [_end(h[:, i], h[:, j], slope[:, i], slope[:, j]) for i, j in ((0, 1), (-1, -2))]
    return np.column_stack([ends[0], inner, ends[1]])


def _end(h0: np.ndarray, h1: np.ndarray, s0: np.ndarray, s1: np.ndarray) -> np.ndarray:
    """The one-sided estimate of three points, limited so that the shape is kept."""
    d = ((2 * h0 + h1) * s0 - h0 * s1) / (h0 + h1)
    steep = (np.sign(s0) != np.sign(s1)) & (np.abs(d) > 3 * np.abs(s0))
    return np.where(np.sign(d) != np.sign(s0), 0.0, np.where(steep, 3 * s0, d))
