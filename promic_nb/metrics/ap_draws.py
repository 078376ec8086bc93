"""AP in each draw of a bootstrap over slices.

Detections are matched once for each slice; a draw only weighs what was matched.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from promic_nb.errors import UserError
from promic_nb.metrics.bootstrap import Resamples
from promic_nb.metrics.detection import RECALLS, Form
from promic_nb.metrics.matching import SIZES, THRESHOLDS, Matches

SUFFIX: dict[Form, str] = {"coco101": "", "voc11": " (voc11)"}  # of a metric's name
# By metric: the size and the thresholds of IoU (see `matching`) that it averages over.
USED = {
    "AP": (0, slice(None)),
    "AP50": (0, slice(0, 1)),
    "AP75": (0, slice(5, 6)),
    "APs": (1, slice(None)),
    "APm": (2, slice(None)),
    "APl": (3, slice(None)),
}


@dataclass(frozen=True)
class ApDraws:
    """AP in each draw, of any number of models on the same slices.

    Args:
        resamples: the draws.
        objects: int (4, S), objects by size in each slice, see `matching.Matches`.

    Example:
        >>> from promic_nb.metrics.bootstrap import Draws
        >>> from promic_nb.metrics.detection import Detections
        >>> from promic_nb.metrics.matching import match
        >>> box = np.array([[10.0, 10.0, 60.0, 60.0]])
        >>> here = match([box, box], [Detections(b, np.ones(1)) for b in (box, box + 90)])
        >>> two = Resamples([0, 1], Draws(block=1, count=8))
        >>> ap = ApDraws(two, here.objects).of(here)["AP50"]
        >>> float(ap[0]) > 0.5, sorted(set(ap[1:].tolist())) == [0.0, float(ap[0]), 1.0]
        (True, True)
    """

    resamples: Resamples
    objects: np.ndarray

    def of(self, matches: Matches) -> dict[str, np.ndarray]:
        """AP (0..1) of one model: by metric, float (1 + draws,).

        The names are those of `detection.ap_family`. NaN where a draw has no object of the size.

        Raises:
            UserError: detections matched to other objects.
        """
        if not np.array_equal(matches.objects, self.objects):
            raise UserError(
                "the models were tested on other slices", "Compare models on the same slices"
            )
        of_block = self.resamples.block_of[matches.slices] == _column(self.resamples.blocks)
        values: dict[Form, np.ndarray] = {
            form: np.empty((len(SIZES), len(THRESHOLDS), len(self.resamples.times)))
            for form in RECALLS
        }
        for size in range(len(SIZES)):
            for t in range(len(THRESHOLDS)):
                found, false = matches.found[size, t], matches.false[size, t]
                at = np.flatnonzero(found)
                right = np.cumsum(of_block[:, at], axis=1).T.astype(float)
                wrong = np.cumsum(of_block & false, axis=1)[:, at].T.astype(float)
                for form, value in self._interpolated(size, right, wrong).items():
                    values[form][size, t] = value
        return {
            metric + SUFFIX[form]: values[form][size, thresholds].mean(axis=0)
            for form in RECALLS
            for metric, (size, thresholds) in USED.items()
        }

    @cached_property
    def _drawn_objects(self) -> np.ndarray:
        """int (4, 1 + draws): objects by size in each draw."""
        of_block = self.resamples.block_of == _column(self.resamples.blocks)
        return np.asarray(self.objects @ of_block.T @ self.resamples.times.T)

    @cached_property
    def _reached(self) -> dict[tuple[int, Form], np.ndarray]:
        """int8 (1 + draws, 1 + most objects): how many recall points are reached when so many
        objects are found, by size and form.
        """
        reached = {}
        for size, objects in enumerate(self._drawn_objects):
            for form, recalls in RECALLS.items():
                needed = _needed(recalls, np.maximum(objects, 1)[:, None])
                table = np.zeros((len(objects), objects.max() + 2), np.int8)
                np.add.at(table, (_column(len(objects)), needed), 1)
                reached[size, form] = np.cumsum(table, axis=1, dtype=np.int8)
        return reached

    def _interpolated(
        self, size: int, right: np.ndarray, wrong: np.ndarray
    ) -> dict[Form, np.ndarray]:
        """AP of each draw at one size and threshold, by form.

        Interpolated precision has its steps at detections that find an object, so only those are
        looked at.

        Args:
            right, wrong: (K, B), how many detections of each block up to there find an object,
                and how many are false.
        """
        times = self.resamples.times.T.astype(float)
        hits = right @ times
        total = wrong @ times
        total += hits
        precision = np.divide(hits, total, out=total, where=total > 0)
        for k in range(len(precision) - 2, -1, -1):
            np.maximum(precision[k], precision[k + 1], out=precision[k])
        none = self._drawn_objects[size] == 0
        values = {}
        for form, recalls in RECALLS.items():
            table = self._reached[size, form]
            start = np.arange(len(table)) * table.shape[1]
            points = table.ravel().take(hits.astype(np.int64) + start)
            points[1:] -= points[:-1].copy()
            mean = np.einsum("kr,kr->r", precision, points) / len(recalls)
            values[form] = np.where(none, np.nan, mean)
        return values


def _column(count: int) -> np.ndarray:
    return np.arange(count)[:, None]


def _needed(recalls: np.ndarray, objects: np.ndarray) -> np.ndarray:
    """int (draws, R): the least number of found objects whose recall is `recalls` or more.

    Recall is found / objects in floating point, as in COCO, so the numbers around it are tried.
    """
    guess = np.floor(recalls * objects)
    guess -= (guess - 1) / objects >= recalls
    return np.asarray(guess + (guess / objects < recalls), int)
