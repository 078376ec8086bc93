"""Intervals of differences of AP between models, by a paired bootstrap over blocks of slices.

Neighbouring slices of a stack show the same objects, so they are drawn together, in blocks, and
both models are judged on the same draw. Blocks do not overlap. Training seeds are drawn, too, each
with its own pair of models. Matching is done once for each slice; a draw only weighs what was
matched.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from promic_nb.errors import UserError
from promic_nb.metrics.bjontegaard import Domain, Limits, bd_quality
from promic_nb.metrics.detection import RECALLS, Detections, Form

Metric = Literal["AP", "AP50", "AP75"]
THRESHOLDS = np.linspace(0.5, 0.95, 10)  # of IoU, COCO's
USED: dict[Metric, slice] = {"AP": slice(0, 10), "AP50": slice(0, 1), "AP75": slice(5, 6)}
MAX_FOUND = 100  # boxes of an image that count


@dataclass(frozen=True)
class Matches:
    """The detections of one model on all slices, matched to their objects.

    Attributes:
        slices: int (N,), the slice of each detection, by falling score.
        hits: bool (10, N), whether a detection finds an object, at each threshold of IoU.
        objects: int (S,), objects in each slice.
    """

    slices: np.ndarray
    hits: np.ndarray
    objects: np.ndarray


@dataclass(frozen=True)
class Interval:
    """A difference with its bootstrap interval, in percentage points."""

    value: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether text may say "better" or "worse"."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Draws:
    """How a bootstrap draws.

    Attributes:
        block: neighbouring slices that are drawn together.
        count: number of draws.
        level: share of the draws inside the interval.
        seed: of the random draws.
    """

    block: int = 10
    count: int = 1000
    level: float = 0.95
    seed: int = 0


def match(truth: Sequence[np.ndarray], found: Sequence[Detections]) -> Matches:
    """Match detections as `average_precision` does.

    Args:
        truth, found: for each slice its objects' boxes (N, 4) and the detections.

    Raises:
        UserError: unequal numbers of slices.
    """
    if len(truth) != len(found):
        raise UserError(
            f"{len(truth)} slices have objects and {len(found)} have detections",
            "Give one entry for each slice, empty or not",
        )
    slices, scores, hits = [np.zeros(0, int)], [np.zeros(0)], [np.zeros((10, 0), bool)]
    for index, (objects, detections) in enumerate(zip(truth, found, strict=True)):
        order = np.argsort(-detections.scores, kind="stable")[:MAX_FOUND]
        slices.append(np.full(len(order), index))
        scores.append(detections.scores[order])
        hits.append(_hits(np.asarray(objects, float), detections.boxes[order]))
    order = np.argsort(-np.concatenate(scores), kind="stable")
    counts = np.array([len(objects) for objects in truth])
    return Matches(np.concatenate(slices)[order], np.concatenate(hits, axis=1)[:, order], counts)


def _hits(objects: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """bool (10, N): each box, by falling score, takes the free object that it overlaps most."""
    hits = np.zeros((len(THRESHOLDS), len(boxes)), bool)
    if not len(objects) or not len(boxes):
        return hits
    sides = np.minimum(boxes[:, None, 2:], objects[None, :, 2:]) - np.maximum(
        boxes[:, None, :2], objects[None, :, :2]
    )
    shared = np.prod(np.clip(sides, 0, None), axis=2)
    areas = [np.prod(b[:, 2:] - b[:, :2], axis=1) for b in (boxes, objects)]
    iou = shared / (areas[0][:, None] + areas[1][None, :] - shared)
    for t, threshold in enumerate(THRESHOLDS):
        free = np.ones(len(objects), bool)
        for n in range(len(boxes)):
            overlap = np.where(free, iou[n], -1)
            best = len(overlap) - 1 - int(overlap[::-1].argmax())  # of equals the last, as COCO
            if overlap[best] >= threshold:
                free[best], hits[t, n] = False, True
    return hits


def weighted_ap(
    matches: Matches, times: np.ndarray, metric: Metric = "AP50", form: Form = "coco101"
) -> float:
    """AP (0..1) where each slice counts `times` (S,) times; NaN where no object is left.

    Example:
        >>> box = np.array([[10.0, 10.0, 60.0, 60.0]])
        >>> found = [Detections(box, np.ones(1)), Detections(box + 90, np.ones(1))]
        >>> here = match([box, box], found)
        >>> weighted_ap(here, np.array([1, 0])), weighted_ap(here, np.array([0, 1]))
        (1.0, 0.0)
    """
    objects = int((matches.objects * times).sum())
    if not objects:
        return float("nan")
    weights = times[matches.slices]
    total = np.cumsum(weights)
    values = []
    for hits in matches.hits[USED[metric]]:
        right = np.cumsum(weights * hits)
        recall = right / objects
        precision = np.divide(right, total, out=np.zeros(len(total)), where=total > 0)
        envelope = np.maximum.accumulate(precision[::-1])[::-1]
        at = np.searchsorted(recall, RECALLS[form], side="left")
        values.append(np.append(envelope, 0.0)[at].mean())
    return float(np.mean(values))


def paired_bootstrap(
    statistic: Callable[[np.ndarray, np.ndarray], float],
    slices: int,
    seeds: int,
    draws: Draws = Draws(),
) -> Interval:
    """The interval of a statistic of slices and training seeds.

    Args:
        statistic: of how often each slice counts (S,), and the indices of the seeds drawn (K,).
        slices: their number S, in the order of the stack.
        seeds: the number K of training seeds.

    Raises:
        UserError: fewer than two blocks, which no draw can vary.
    """
    count = -(-slices // draws.block)
    if count < 2:
        raise UserError(
            f"{slices} slices are {count} block of {draws.block}", "Choose a shorter block"
        )
    rng = np.random.default_rng(draws.seed)
    block_of = np.arange(slices) // draws.block
    values = [
        statistic(
            np.bincount(rng.integers(count, size=count), minlength=count)[block_of],
            rng.integers(seeds, size=seeds),
        )
        for _ in range(draws.count)
    ]
    tail = (1 - draws.level) / 2
    low, high = np.nanquantile(values, [tail, 1 - tail])
    whole = statistic(np.ones(slices, int), np.arange(seeds))
    return Interval(float(whole), float(low), float(high))


def ap_difference(
    test: Sequence[Matches],
    reference: Sequence[Matches],
    metric: Metric = "AP50",
    form: Form = "coco101",
    draws: Draws = Draws(),
) -> Interval:
    """AP of one model less that of another, in percentage points, mean over training seeds.

    Args:
        test, reference: the models' matches on the same slices, one for each seed.

    Raises:
        UserError: unequal seeds or slices.
    """
    _check_pairs([*zip(test, reference, strict=False)], len(test), len(reference))

    def difference(times: np.ndarray, drawn: np.ndarray) -> float:
        gains = [
            weighted_ap(test[k], times, metric, form)
            - weighted_ap(reference[k], times, metric, form)
            for k in drawn
        ]
        return 100 * float(np.mean(gains))

    return paired_bootstrap(difference, len(test[0].objects), len(test), draws)


@dataclass(frozen=True)
class Curve:
    """A model at several rates: bpp (R,), and for each rate its matches, one for each seed."""

    bpp: Sequence[float]
    matches: Sequence[Sequence[Matches]]


def bd_ap_difference(
    test: Curve,
    reference: Curve,
    metric: Metric = "AP50",
    form: Form = "coco101",
    domain: Domain = "linear",
    draws: Draws = Draws(),
) -> Interval:
    """BD-AP of one model against another, in percentage points, mean over training seeds.

    Raises:
        UserError: unequal seeds or slices, or curves that `bd_quality` refuses.
    """
    seeds = len(test.matches[0])
    for a, b in zip(test.matches, reference.matches, strict=False):
        _check_pairs([*zip(a, b, strict=False)], len(a), len(b))

    def delta(times: np.ndarray, drawn: np.ndarray) -> float:
        found = []
        for k in drawn:
            curves = [
                [100 * weighted_ap(rate[k], times, metric, form) for rate in curve.matches]
                for curve in (reference, test)
            ]
            points = min(len(reference.bpp), len(test.bpp))
            result = bd_quality(
                reference.bpp, curves[0], test.bpp, curves[1], domain=domain, limits=Limits(points)
            )
            found.append(result.value)
        return float(np.mean(found))

    return paired_bootstrap(delta, len(test.matches[0][0].objects), seeds, draws)


def _check_pairs(pairs: Sequence[tuple[Matches, Matches]], test: int, reference: int) -> None:
    if test != reference or not test:
        raise UserError(
            f"one model has {test} training seeds and the other {reference}",
            "Compare models of the same seeds",
        )
    if any(not np.array_equal(a.objects, b.objects) for a, b in pairs):
        raise UserError(
            "the two models were tested on other slices", "Compare models on the same slices"
        )
