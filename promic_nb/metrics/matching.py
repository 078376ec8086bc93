"""Detections matched to objects, slice by slice, once for all evaluations on parts of the slices.

The rules are COCO's: `metrics.detection.average_precision` gives the same AP.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from promic_nb.errors import UserError
from promic_nb.metrics.detection import SIZE_LIMITS, Detections

THRESHOLDS = np.linspace(0.5, 0.95, 10)  # of IoU
MAX_FOUND = 100  # boxes of an image that count
# Areas in pixels by size: all, small, medium, large. Both limits belong to a size.
SIZES = {
    "": (0.0, np.inf),
    "s": (0.0, SIZE_LIMITS[0]),
    "m": SIZE_LIMITS,
    "l": (SIZE_LIMITS[1], np.inf),
}
_LOW, _HIGH = np.array(list(SIZES.values())).T[:, :, None]
_BITS = 1 << np.arange(len(THRESHOLDS))


@dataclass(frozen=True)
class Matches:
    """The detections of one model on all slices, by falling score, and the number of objects.

    A detection that is neither `found` nor `false` belongs to another size and does not count.

    Attributes:
        slices: int (N,), index of each detection's slice.
        scores: float (N,).
        found: bool (4, 10, N), whether it finds an object, by size (`SIZES`) and threshold of IoU.
        false: bool (4, 10, N), whether it is a false alarm.
        objects: int (4, S), objects by size in each slice.
    """

    slices: np.ndarray
    scores: np.ndarray
    found: np.ndarray
    false: np.ndarray
    objects: np.ndarray


def match(truth: Sequence[np.ndarray], found: Sequence[Detections]) -> Matches:
    """Match detections as `average_precision` does.

    Args:
        truth, found: for each slice its objects' boxes (N, 4) and the detections.

    Raises:
        UserError: unequal numbers of slices.

    Example:
        >>> box = np.array([[10.0, 10.0, 60.0, 60.0]])
        >>> here = match([box, box], [Detections(box, np.ones(1)), Detections(box, np.ones(1))])
        >>> here.found[0].all(), here.objects.tolist()  # a box of 50 x 50 is medium
        (True, [[1, 1], [0, 0], [1, 1], [0, 0]])
    """
    if len(truth) != len(found):
        raise UserError(
            f"{len(truth)} slices have objects and {len(found)} have detections",
            "Give one entry for each slice, empty or not",
        )
    parts = [
        _match_slice(np.asarray(objects, float).reshape(-1, 4), d)
        for objects, d in zip(truth, found, strict=True)
    ]
    scores = np.concatenate([np.zeros(0), *(p[0] for p in parts)])
    order = np.argsort(-scores, kind="stable")
    slices = np.repeat(np.arange(len(parts)), [len(p[0]) for p in parts])
    nothing = np.zeros((len(SIZES), len(THRESHOLDS), 0), bool)
    hits, false = (np.concatenate([nothing, *(p[i] for p in parts)], axis=2) for i in (1, 2))
    objects = np.array([_of_size(_areas(np.asarray(t, float))).sum(1) for t in truth])
    objects = objects.reshape(-1, len(SIZES)).T
    return Matches(slices[order], scores[order], hits[..., order], false[..., order], objects)


def _areas(boxes: np.ndarray) -> np.ndarray:
    boxes = boxes.reshape(-1, 4)
    return np.asarray(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1))


def _of_size(areas: np.ndarray) -> np.ndarray:
    """bool (4, N): whether an area is of a size."""
    return (areas >= _LOW) & (areas <= _HIGH)


def _match_slice(objects: np.ndarray, d: Detections) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The scores of a slice's detections that count, and `found` and `false` of `Matches`.

    By falling score, each box takes the free object that it overlaps most (of equals the last). One
    of the size is preferred to all others; a box that takes one of another size does not count.
    """
    order = np.argsort(-d.scores, kind="stable")[:MAX_FOUND]
    boxes = np.asarray(d.boxes, float).reshape(-1, 4)[order]
    hits = np.zeros((len(SIZES), len(THRESHOLDS), len(boxes)), bool)
    ignored = np.zeros_like(hits)
    inside = _of_size(_areas(boxes))
    if len(boxes) and len(objects):
        sides = np.minimum(boxes[:, None, 2:], objects[None, :, 2:]) - np.maximum(
            boxes[:, None, :2], objects[None, :, :2]
        )
        shared = np.prod(np.clip(sides, 0, None), axis=2)
        iou = shared / (_areas(boxes)[:, None] + _areas(objects)[None, :] - shared)
        wanted = _of_size(_areas(objects))[:, None, :]
        free = np.ones((len(SIZES), len(THRESHOLDS), len(objects)), bool)
        for n in range(len(boxes)):
            possible = free & (iou[n] >= THRESHOLDS[:, None])
            # Overlaps are at most 1, so 2 more puts every object of the size before the others.
            rank = np.where(possible, iou[n] + 2 * wanted, -1.0)
            best = len(objects) - 1 - rank[..., ::-1].argmax(axis=-1)
            value = np.take_along_axis(rank, best[..., None], -1)[..., 0]
            hits[..., n] = value > 2
            ignored[..., n] = (value >= 0) & (value <= 2)
            taken = (value >= 0)[..., None] & (np.arange(len(objects)) == best[..., None])
            free &= ~taken
    return d.scores[order], hits, ~hits & ~ignored & inside[:, None, :]


def to_table(matches: Matches, ids: Sequence[int]) -> pd.DataFrame:
    """A row for each detection, to be stored: slice, score, and for each size two columns of flags.

    Bit t of a flag column is for threshold t of IoU: `found`, `found_s` ..., `false_s` ... .

    Args:
        ids: the number of each slice.
    """
    columns: dict[str, np.ndarray] = {
        "slice": np.asarray(ids, int)[matches.slices],
        "score": matches.scores,
    }
    for k, size in enumerate(SIZES):
        columns[_column("found", size)] = (_BITS @ matches.found[k]).astype(np.int16)
        columns[_column("false", size)] = (_BITS @ matches.false[k]).astype(np.int16)
    return pd.DataFrame(columns)


def from_table(table: pd.DataFrame, slices: pd.DataFrame) -> Matches:
    """Read what `to_table` wrote.

    Args:
        table: rows of one model, in any order of their slices.
        slices: a row for each tested slice, see `slices_table`.

    Raises:
        UserError: a detection in a slice that was not tested.
    """
    ids = slices.slice.to_numpy()
    rows = table.sort_values("slice", kind="stable")
    if unknown := sorted(set(rows.slice) - set(ids)):
        raise UserError(
            f"detections in slices that were not tested: {unknown[:3]}",
            "Make both tables by one run of 08_detection",
        )
    rows = rows.iloc[np.argsort(-rows.score.to_numpy(), kind="stable")]
    hits, false = (
        np.array([(rows[_column(kind, s)].to_numpy() & _BITS[:, None]) > 0 for s in SIZES])
        for kind in ("found", "false")
    )
    objects = slices[[_column("objects", s) for s in SIZES]].to_numpy().T
    return Matches(np.searchsorted(ids, rows.slice), rows.score.to_numpy(), hits, false, objects)


def slices_table(truth: Sequence[np.ndarray], ids: Sequence[int]) -> pd.DataFrame:
    """A row for each tested slice in order: slice, and its objects by size.

    Columns slice, objects, objects_s, objects_m, objects_l.
    """
    counts = [_of_size(_areas(np.asarray(boxes, float))).sum(1) for boxes in truth]
    names = [_column("objects", size) for size in SIZES]
    table = pd.DataFrame(np.reshape(counts, (-1, len(SIZES))), columns=names)
    table.insert(0, "slice", list(ids))
    return table.sort_values("slice", ignore_index=True)


def _column(name: str, size: str) -> str:
    return f"{name}_{size}" if size else name
