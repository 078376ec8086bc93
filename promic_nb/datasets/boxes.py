"""Bounding boxes from mitochondria masks: touching ones are split, as section 2.6 of the
dissertation asks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from skimage.measure import label, regionprops
from skimage.segmentation import relabel_sequential, watershed

SIZE_CLASSES = ("small", "medium", "large")
SIZE_LIMITS = (32**2, 96**2)  # of the box area, in pixels (section 2.5.1.3, Table 2)
NECK_RADIUS = 4  # a bridge narrower than twice this splits
CORE_SHARE = 0.1  # and each side must keep this share of the component
MIN_AREA = 16  # pixels; smaller specks are not objects


def instances(mask: np.ndarray, neck_radius: int = NECK_RADIUS) -> tuple[np.ndarray, int]:
    """Label image of the mitochondria in a mask, int32 (H, W), 0 outside; and the number of objects
    that splitting added.

    A connected component whose erosion by a disk of `neck_radius` falls into several parts, each
    with at least a tenth of the eroded area, is cut between those parts by a watershed of the
    distance transform.

    Args:
        mask: bool (H, W).
        neck_radius: pixels; 0 switches splitting off.
    """
    labels = label(mask, connectivity=2)
    added = 0
    for region in regionprops(labels):
        window = labels[region.slice]
        if region.area < MIN_AREA:
            window[region.image] = 0
        elif neck_radius:
            parts = _split(region.image, neck_radius)
            if parts.max() > 1:
                fresh = labels.max() + np.arange(parts.max())
                fresh[0] = region.label
                window[region.image] = fresh[parts[region.image] - 1]
                added += len(fresh) - 1
    return labels.astype(np.int32), added


def _split(image: np.ndarray, radius: int) -> np.ndarray:
    """Labels 1..n of the parts of one component, bool (h, w); n is 1 where it holds together."""
    padded = np.pad(image, 1)
    distance = ndimage.distance_transform_edt(padded)
    cores = label(distance > radius, connectivity=2)
    areas = np.bincount(cores.ravel())[1:]
    if len(areas) < 2:
        return image.astype(int)
    rank = np.cumsum(areas >= CORE_SHARE * areas.sum())
    markers = np.concatenate([[0], np.where(np.diff(rank, prepend=0), rank, 0)])[cores]
    return watershed(-distance, markers, mask=padded)[1:-1, 1:-1]


def boxes_of(labels: np.ndarray) -> np.ndarray:
    """Boxes of a label image: float32 (N, 4), xyxy pixels with right and bottom exclusive, in label
    order.
    """
    boxes = [(r.bbox[1], r.bbox[0], r.bbox[3], r.bbox[2]) for r in regionprops(labels)]
    return np.array(boxes, np.float32).reshape(-1, 4)


@dataclass(frozen=True)
class Objects:
    """The objects of one slice.

    Attributes:
        boxes: float32 (N, 4), xyxy pixels with right and bottom exclusive.
        labels: int16 (H, W), 0 outside: box k is around the object k + 1.
        classes: int64 (N,), number of each object's class.
    """

    boxes: np.ndarray
    labels: np.ndarray
    classes: np.ndarray


def objects_of(labels: np.ndarray) -> Objects:
    """The objects of a label image, whole numbers (H, W), in the order of their values; all of
    class 0.
    """
    ordered = relabel_sequential(labels)[0].astype(np.int16)
    boxes = boxes_of(ordered)
    return Objects(boxes, ordered, np.zeros(len(boxes), np.int64))


def objects(mask: np.ndarray) -> Objects:
    """The mitochondria in a mask, bool (H, W), as `boxes_from_mask`."""
    return objects_of(instances(mask)[0])


def boxes_from_mask(mask: np.ndarray) -> np.ndarray:
    """Boxes of the mitochondria in a mask, bool (H, W): float32 (N, 4), xyxy pixels, touching ones
    split.
    """
    return boxes_of(instances(mask)[0])


def size_class(boxes: np.ndarray) -> np.ndarray:
    """'small', 'medium' or 'large' for each box of (N, 4), by its area (Table 2)."""
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return np.array(SIZE_CLASSES)[np.digitize(area, SIZE_LIMITS)]
