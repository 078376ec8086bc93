"""What detectors found, as tidy tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from promic_nb.metrics.detection import Detections, ap_family


def detections_table(
    found: Sequence[Detections], ids: Sequence[int], rates: Sequence[str]
) -> pd.DataFrame:
    """A row for each box: columns rate, slice, x0, y0, x1, y1 (pixels), score.

    Args:
        found: of the slices `ids` at each rate, rate after rate.

    Example:
        >>> import numpy as np
        >>> one = Detections(np.array([[1, 2, 3, 4]]), np.array([0.5]))
        >>> detections_table([one], [7], ["low"]).values.tolist()
        [['low', 7, 1.0, 2.0, 3.0, 4.0, 0.5]]
    """
    seen = [(rate, i) for rate in rates for i in ids]
    rows = [
        (rate, i, *map(float, box), float(score))
        for (rate, i), d in zip(seen, found, strict=True)
        for box, score in zip(d.boxes, d.scores, strict=True)
    ]
    return pd.DataFrame(rows, columns=["rate", "slice", "x0", "y0", "x1", "y1", "score"])


def score_table(
    score: Callable[[Sequence[Any], Sequence[Detections]], Mapping[str, float]],
    truth: Sequence[Any],
    found: Sequence[Detections],
    rates: Mapping[str, float],
) -> pd.DataFrame:
    """A row for each rate and metric: columns rate, bpp, metric, value.

    Args:
        score: metrics of truth and detections, such as `metrics.detection.ap_family`.
        truth: of the slices at each rate, rate after rate, as `found`.
        rates: bpp by label, in that order.
    """
    each = len(found) // len(rates)
    rows = []
    for k, (label, bpp) in enumerate(rates.items()):
        part = slice(k * each, (k + 1) * each)
        scores = score(truth[part], found[part])
        rows += [(label, bpp, metric, value) for metric, value in scores.items()]
    return pd.DataFrame(rows, columns=["rate", "bpp", "metric", "value"])


def class_table(
    classes: Sequence[str],
    truth: Sequence[tuple[np.ndarray, np.ndarray]],
    found: Sequence[Detections],
    rates: Mapping[str, float],
) -> pd.DataFrame:
    """The AP family of each class: columns rate, bpp, class, metric, value.

    Args:
        classes: their names, by number.
        truth: boxes (n, 4), xyxy pixels, and numbers of classes (n,) of the slices at each rate.
        found, rates: as for `score_table`.
    """
    parts = []
    for number, name in enumerate(classes):
        boxes = [b[numbers == number] for b, numbers in truth]
        own = score_table(ap_family, boxes, [d.of(number) for d in found], rates)
        own.insert(2, "class", name)
        parts.append(own)
    return pd.concat(parts, ignore_index=True)


def with_keys(table: pd.DataFrame, order: Sequence[str], **keys: str | int) -> pd.DataFrame:
    """The table with columns of one value each, and its columns in an order."""
    return table.assign(**keys)[list(order)]
