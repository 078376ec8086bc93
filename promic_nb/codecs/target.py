"""Encoding at a rate: one search over the setting that moves a codec's rate, whatever it is."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from promic_nb.codecs import contract
from promic_nb.codecs.base import Codec, RateControl, bpp

TOLERANCE = (-0.10, 0.05)  # of the target, as in the JPEG AI common test conditions
MAX_ENCODES = 24
FINEST = 1e-4  # of the setting's range: two values nearer than that count as one


@dataclass(frozen=True)
class Target:
    """The outcome of a search.

    Attributes:
        codec: at the setting that was found.
        stream: its bitstream of the image.
        bpp: the true rate.
        target_bpp: the rate that was asked for.
        met: whether the rate is within the tolerance. Where no setting is, this is the nearest one:
            a step of a whole-number setting may jump over the target.
        encodes: how many times the image was encoded.
    """

    codec: Codec
    stream: bytes
    bpp: float
    target_bpp: float
    met: bool
    encodes: int


def search(
    make: Callable[..., Codec],
    control: RateControl,
    image: np.ndarray,
    target_bpp: float,
    settings: dict[str, Any],
    tolerance: tuple[float, float] = TOLERANCE,
) -> Target:
    """Encode an image at a rate.

    The nearest model comes first, then its setting: outwards until the target lies between two
    rates, then log-linear interpolation between these. Few settings are monotone to the last byte,
    so the nearest rate of all that were seen counts.

    Args:
        make: the codec from settings.
        control: how its rate is moved.
        image: uint8 (H, W).
        target_bpp: rate in bits per pixel, headers included.
        settings: further settings.
        tolerance: relative, below and above the target.
    """
    tried: list[Target] = []

    def error(chosen: dict[str, Any]) -> float:
        """Log ratio of the rate at these settings and the target."""
        codec = make(**settings, **chosen)
        stream = contract.encode(codec, image)
        rate = bpp(stream, image.shape)
        met = (1 + tolerance[0]) * target_bpp <= rate <= (1 + tolerance[1]) * target_bpp
        tried.append(Target(codec, stream, rate, target_bpp, met, 0))
        return math.log(rate / target_bpp)

    models = [m for m in control.models(settings) if not set(m) & set(settings)] or [
        {}
    ]  # a model that the caller chose stays
    # Positions along the rate: the setting, or its negative, so that rising positions give rising
    # rates; with the errors seen there.
    sign = 1 if control.highest > control.lowest else -1
    low, high = sorted((sign * control.lowest, sign * control.highest))
    step = 1.0 if control.integer else FINEST * (high - low)
    seen: dict[float, float] = {}
    model = models[0]
    if len(models) > 1:
        errors = _compare(
            [{**m, control.setting: control.neutral} for m in models], error, lambda: tried[-1].met
        )
        model, value = min(errors, key=lambda found: abs(found[1]))
        seen[sign * control.neutral] = value
    position = (
        sign * control.guess(target_bpp)
        if control.guess and not seen
        else _next(seen, low, high, step)
    )
    while position is not None and len(tried) < MAX_ENCODES and not any(t.met for t in tried):
        position = min(max(position, low), high)
        position = round(position) if control.integer else position
        seen[position] = error({**model, control.setting: sign * position})
        position = _next(seen, low, high, step)
    best = min(tried, key=lambda t: (not t.met, abs(math.log(t.bpp / target_bpp))))
    return Target(best.codec, best.stream, best.bpp, target_bpp, best.met, len(tried))


def _compare(
    models: list[dict[str, Any]], error: Callable[[dict[str, Any]], float], met: Callable[[], bool]
) -> list[tuple[dict[str, Any], float]]:
    """Models around the target with their errors, by halving, as their rates rise."""
    low, high = 0, len(models) - 1
    found: list[tuple[dict[str, Any], float]] = []
    while low <= high and not (found and met()):
        middle = (low + high) // 2
        found.append((models[middle], error(models[middle])))
        low, high = (middle + 1, high) if found[-1][1] < 0 else (low, middle - 1)
    return found


def _next(seen: dict[float, float], low: float, high: float, step: float) -> float | None:
    """The next position to try; None where nothing is left between the neighbours of the target, or
    beyond the last one.
    """
    above = min((p for p, e in seen.items() if e >= 0), default=None)
    below = max(
        (p for p, e in seen.items() if e < 0 and (above is None or p < above)), default=None
    )
    left, right = low if below is None else below + step, high if above is None else above - step
    if left > right:
        return None
    if below is not None and above is not None:  # log-linear interpolation, kept off the ends
        share = min(max(-seen[below] / (seen[above] - seen[below]), 0.15), 0.85)
        position = below + share * (above - below)
    elif len(seen) < 2:
        position = (left + right) / 2
    else:  # from the two nearest positions outwards, and a little further
        (p, e), (q, f) = sorted(seen.items(), key=lambda item: abs(item[1]))[:2]
        slope = (e - f) / (p - q)
        position = p - 1.25 * e / slope if slope > 0 else (left + right) / 2
    return min(max(position, left), right)
