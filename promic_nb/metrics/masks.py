"""AP of instance masks by the COCO evaluation: as that of boxes, with the IoU of masks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from faster_coco_eval.core import mask as rle
from scipy.ndimage import map_coordinates

from promic_nb.errors import UserError
from promic_nb.metrics.detection import Detections, Form, coco_average_precision

THRESHOLD = 0.5  # of the probability that a pixel belongs to the object


def paste(found: Detections, size: tuple[int, int]) -> Iterator[np.ndarray]:
    """Masks in the image, one after another: bool (H, W).

    Each grid of probabilities covers its box; it is read bilinearly at pixel centres, zero outside.

    Raises:
        UserError: detections without masks.
    """
    if found.masks is None:
        raise UserError(
            "the detections have no masks",
            "Train a detector with masks (parameter masks of notebook 07)",
        )
    for (x0, y0, x1, y1), grid in zip(found.boxes, found.masks, strict=True):
        canvas = np.zeros(size, bool)
        top, left = max(0, int(np.floor(y0))), max(0, int(np.floor(x0)))
        window = canvas[top : int(np.ceil(y1)), left : int(np.ceil(x1))]
        rows = (top + np.arange(window.shape[0]) + 0.5 - y0) / (y1 - y0) * grid.shape[0] - 0.5
        columns = (left + np.arange(window.shape[1]) + 0.5 - x0) / (x1 - x0) * grid.shape[1] - 0.5
        window[:] = (
            map_coordinates(
                grid, np.meshgrid(rows, columns, indexing="ij"), order=1, mode="grid-constant"
            )
            >= THRESHOLD
        )
        yield canvas


def mask_average_precision(
    truth: Sequence[np.ndarray], found: Sequence[Detections], *, form: Form = "coco101"
) -> dict[str, float]:
    """AP, AP50, AP75, APs, APm and APl of instance masks, each 0..1; small, medium and large go by
    the mask's area, as in COCO.

    Args:
        truth: for each image its label image, (H, W) of whole numbers, 0 outside the objects.
        found: for each image the detections, with masks.
        form: as for `average_precision`.

    Returns:
        As `average_precision`.

    Raises:
        UserError: unequal numbers of images, or detections without masks.
    """
    if len(truth) != len(found):
        raise UserError(
            f"{len(truth)} images have objects and {len(found)} have detections",
            "Give one entry for each image, empty or not",
        )
    objects = [
        {"image_id": i, **_record(labels == k)}
        for i, labels in enumerate(truth)
        for k in np.unique(labels[labels > 0])
    ]
    results = [
        {"image_id": i, **_record(mask), "score": float(score)}
        for i, (labels, d) in enumerate(zip(truth, found, strict=True))
        for mask, score in zip(paste(d, (labels.shape[0], labels.shape[1])), d.scores, strict=True)
    ]
    images = [
        {"id": i, "height": labels.shape[0], "width": labels.shape[1]}
        for i, labels in enumerate(truth)
    ]
    return coco_average_precision(objects, results, images, "segm", form)


def _record(mask: np.ndarray) -> dict:
    code = rle.encode(np.asfortranarray(mask, np.uint8))
    return {
        "segmentation": code,
        "area": float(rle.area(code)),
        "bbox": np.asarray(rle.toBbox(code), float).tolist(),
    }
