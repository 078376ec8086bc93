"""The AP family of section 2.5.1, by the COCO evaluation: 101 recall points (Detectron2's, and so
the published tables') or 11 (Eqs. 4-5).

Boxes are matched by falling score, each to the free object with which its IoU is largest and not
below the threshold; at most 100 boxes an image count. At equal scores, the earlier image, then the
earlier box, comes first. Precision is made monotone, p(r) = max p(r') over r' >= r, and averaged
over the recall points. (Eq. 4 prints r' > r, by which p(1) = 0 and a perfect detector has an AP of
10/11; its source has >=.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from faster_coco_eval import COCO, COCOeval_faster

from promic_nb.errors import UserError

AP_NAMES = ("AP", "AP50", "AP75", "APs", "APm", "APl")
# Box areas in pixels (Table 2 and section 2.5.1.3): small up to 32^2, medium up to 96^2. COCO
# counts an area on a limit on both sides.
SIZE_LIMITS = (32**2, 96**2)
Form = Literal["coco101", "voc11"]
# Tenths by division, as recall is TP / objects by division: equal fractions are then equal numbers.
RECALLS: dict[Form, np.ndarray] = {"coco101": np.linspace(0, 1, 101), "voc11": np.arange(11) / 10}


@dataclass(frozen=True)
class Detections:
    """Boxes found in one image.

    Attributes:
        boxes: float (N, 4), xyxy pixels, right and bottom exclusive.
        scores: float (N,), 0..1.
        masks: float32 (N, 28, 28), 0..1, over the area of each box (`metrics.masks.paste`); None
            from a detector without masks.
        classes: int64 (N,), the number of each object's class; None where there is one class.
    """

    boxes: np.ndarray
    scores: np.ndarray
    masks: np.ndarray | None = None
    classes: np.ndarray | None = None

    @property
    def numbers(self) -> np.ndarray:
        """The number of each object's class, int64 (N,)."""
        return np.zeros(len(self.boxes), np.int64) if self.classes is None else self.classes

    def of(self, number: int) -> Detections:
        """Those of one class.

        Example:
            >>> both = Detections(np.eye(2, 4), np.array([0.9, 0.8]), classes=np.array([1, 0]))
            >>> both.of(0).scores.tolist()
            [0.8]
        """
        mine = self.numbers == number
        masks = None if self.masks is None else self.masks[mine]
        return Detections(self.boxes[mine], self.scores[mine], masks, self.numbers[mine])


def average_precision(
    truth: Sequence[np.ndarray], found: Sequence[Detections], *, form: Form = "coco101"
) -> dict[str, float]:
    """AP, AP50, AP75, APs, APm and APl of one class, each 0..1.

    Args:
        truth: for each image its boxes, (N, 4) xyxy pixels.
        found: for each image the detections.
        form: recall points: COCO's 0, 0.01 ... 1, or the dissertation's 0, 0.1 ... 1.

    Returns:
        Name to value; NaN where the truth has no object of that size, 0 where nothing was found. An
        image without objects counts: what is found there is false.

    Raises:
        UserError: unequal numbers of images, boxes that are not (N, 4) with positive sides, or
            values that are not finite.

    Example:
        >>> box = np.array([[10.0, 10.0, 60.0, 60.0]])
        >>> found = Detections(box, np.array([0.9]))
        >>> average_precision([box], [found])["AP50"]
        1.0
    """
    if form not in RECALLS:
        raise UserError(f"form {form!r} is unknown", f"Choose from {', '.join(RECALLS)}")
    if len(truth) != len(found):
        raise UserError(
            f"{len(truth)} images have objects and {len(found)} have detections",
            "Give one entry for each image, empty or not",
        )
    for i, (objects, d) in enumerate(zip(truth, found, strict=True)):
        _check(objects, f"objects of image {i}")
        _check(d.boxes, f"detections of image {i}")
        if np.shape(d.scores) != (len(d.boxes),) or not np.isfinite(d.scores).all():
            raise UserError(
                f"image {i} has {len(d.boxes)} boxes and scores of shape {np.shape(d.scores)}",
                "Give one finite score for each box",
            )
    annotations = [
        {"image_id": i, "bbox": _xywh(box), "area": float(np.prod(box[2:] - box[:2]))}
        for i, boxes in enumerate(truth)
        for box in np.asarray(boxes, float)
    ]
    results = [
        {"image_id": i, "bbox": _xywh(box), "score": float(score)}
        for i, d in enumerate(found)
        for box, score in zip(np.asarray(d.boxes, float), d.scores, strict=True)
    ]
    return coco_average_precision(
        annotations, results, [{"id": i} for i in range(len(truth))], "bbox", form
    )


def coco_average_precision(
    annotations: list[dict],
    results: list[dict],
    images: list[dict],
    kind: Literal["bbox", "segm"],
    form: Form,
) -> dict[str, float]:
    """The AP family of one class from COCO's records of objects, detections and images, matched by
    boxes or by masks.
    """
    if not annotations:
        return dict.fromkeys(AP_NAMES, float("nan"))
    if not results:
        areas = np.array([a["area"] for a in annotations])
        there = (
            True,
            True,
            True,
            *(((areas >= low) & (areas <= high)).any() for low, high in _SIZE_RANGES),
        )
        return {
            name: 0.0 if any_object else float("nan")
            for name, any_object in zip(AP_NAMES, there, strict=True)
        }
    objects = [
        {**a, "id": key, "category_id": 1, "iscrowd": 0}
        for key, a in enumerate(annotations, start=1)
    ]
    coco = COCO(
        {
            "images": images,
            "annotations": objects,
            "categories": [{"id": 1, "name": "mitochondrion"}],
        }
    )
    evaluation = COCOeval_faster(
        coco,
        coco.loadRes([{**r, "category_id": 1} for r in results]),
        kind,
        print_function=lambda *_: None,
    )
    evaluation.params.recThrs = RECALLS[form]
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return {
        name: float(v) if v >= 0 else float("nan")
        for name, v in zip(AP_NAMES, evaluation.stats[:6], strict=True)
    }


def ap_family(truth: Sequence[np.ndarray], found: Sequence[Detections]) -> dict[str, float]:
    """`average_precision` in both forms, 0..1: by its names with COCO's points, and as "NAME
    (voc11)" with the dissertation's 11.
    """
    other = average_precision(truth, found, form="voc11")
    return {
        **average_precision(truth, found),
        **{f"{name} (voc11)": value for name, value in other.items()},
    }


def mean_average_precision(
    truth: Mapping[str, Sequence[np.ndarray]],
    found: Mapping[str, Sequence[Detections]],
    *,
    form: Form = "coco101",
) -> dict[str, float]:
    """Mean of `average_precision` over classes, as COCO takes it.

    Args:
        truth, found: class to what `average_precision` takes. A class with objects that was never
            predicted, or is missing in `found`, counts as 0; a class without objects does not
            count.

    Raises:
        UserError: a predicted class that `truth` does not name.
    """
    if unknown := set(found) - set(truth):
        raise UserError(
            f"detections of classes {sorted(unknown)}",
            f"The truth names {', '.join(truth)}; give it an empty entry for others",
        )
    nothing = Detections(np.zeros((0, 4)), np.zeros(0))
    each = [
        average_precision(boxes, found.get(name, [nothing] * len(boxes)), form=form)
        for name, boxes in truth.items()
    ]
    values = {name: [ap[name] for ap in each if not np.isnan(ap[name])] for name in AP_NAMES}
    return {name: float(np.mean(v)) if v else float("nan") for name, v in values.items()}


def _check(boxes: np.ndarray, what: str) -> None:
    boxes = np.asarray(boxes)
    if boxes.size and (
        boxes.ndim != 2
        or boxes.shape[1] != 4
        or not np.isfinite(boxes).all()
        or (boxes[:, 2:] <= boxes[:, :2]).any()
    ):
        raise UserError(
            f"{what} are no boxes: shape {boxes.shape}",
            "Give finite (N, 4) xyxy with x0 < x1 and y0 < y1",
        )


_SIZE_RANGES = ((0, SIZE_LIMITS[0]), SIZE_LIMITS, (SIZE_LIMITS[1], float("inf")))


def _xywh(box: np.ndarray) -> list[float]:
    return [float(box[0]), float(box[1]), float(box[2] - box[0]), float(box[3] - box[1])]
