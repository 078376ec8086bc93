"""The AP family of section 2.5.1, by COCO's 101-point evaluation (which Detectron2, and so the published tables, used)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from faster_coco_eval import COCO, COCOeval_faster

AP_NAMES = ("AP", "AP50", "AP75", "APs", "APm", "APl")
# Box areas in pixels (Table 2 and section 2.5.1.3): small < 32^2 <= medium < 96^2 <= large.
SIZE_LIMITS = (32**2, 96**2)


@dataclass(frozen=True)
class Detections:
    """Boxes found in one image.

    Attributes:
        boxes: float (N, 4), xyxy pixels, right and bottom exclusive.
        scores: float (N,), 0..1.
    """

    boxes: np.ndarray
    scores: np.ndarray


def average_precision(truth: Sequence[np.ndarray], found: Sequence[Detections]) -> dict[str, float]:
    """AP, AP50, AP75, APs, APm and APl of one class, each 0..1.

    Args:
        truth: for each image its boxes, (N, 4) xyxy pixels.
        found: for each image the detections.

    Returns:
        Name to value; NaN where the truth has no object of that size.
    """
    images = [{"id": i} for i in range(len(truth))]
    annotations = [
        {"image_id": i, "category_id": 1, "bbox": _xywh(box), "area": float(np.prod(box[2:] - box[:2])), "iscrowd": 0}
        for i, boxes in enumerate(truth)
        for box in np.asarray(boxes, float)
    ]
    for key, annotation in enumerate(annotations, start=1):
        annotation["id"] = key
    results = [
        {"image_id": i, "category_id": 1, "bbox": _xywh(box), "score": float(score)}
        for i, d in enumerate(found)
        for box, score in zip(np.asarray(d.boxes, float), d.scores, strict=True)
    ]
    if not annotations:
        return dict.fromkeys(AP_NAMES, float("nan"))
    if not results:
        areas = np.array([a["area"] for a in annotations])
        there = (True, True, True, *(((areas >= low) & (areas < high)).any() for low, high in _SIZE_RANGES))
        return {name: 0.0 if any_object else float("nan") for name, any_object in zip(AP_NAMES, there, strict=True)}
    coco = COCO({"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "mitochondrion"}]})
    evaluation = COCOeval_faster(coco, coco.loadRes(results), "bbox", print_function=lambda *_: None)
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return {name: float(v) if v >= 0 else float("nan") for name, v in zip(AP_NAMES, evaluation.stats[:6], strict=True)}


_SIZE_RANGES = ((0, SIZE_LIMITS[0]), SIZE_LIMITS, (SIZE_LIMITS[1], float("inf")))


def _xywh(box: np.ndarray) -> list[float]:
    return [float(box[0]), float(box[1]), float(box[2] - box[0]), float(box[3] - box[1])]
