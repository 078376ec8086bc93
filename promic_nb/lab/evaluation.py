"""Detections against labels: average precision and counts."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from promic_nb.datasets.own.coco import read_coco
from promic_nb.datasets.own.manifest import has_manifest
from promic_nb.datasets.own.planes import PICTURES, TIFFS
from promic_nb.datasets.own.stack import open_own
from promic_nb.errors import UserError
from promic_nb.lab.pictures import PathLike
from promic_nb.metrics.detection import Detections, ap_family

# Boxes (N, 4), xyxy pixels, by class and name of the image.
Boxes = dict[str, dict[str, np.ndarray]]
NOTHING = np.zeros((0, 4))


def evaluate(detections: PathLike, labels: PathLike, *, score: float = 0.5) -> pd.DataFrame:
    """Score detections by labels, on the images that the detections name.

    Args:
        detections: a `detections.json` of `promic detect`, its folder, or COCO JSON with scores.
        labels: a folder with a `stack.yaml`, or COCO JSON.
        score: from which detections count as found; average precision takes all.

    Returns:
        A row for each class and metric: class, metric, value. Metrics are the AP family (0..1, by
        101 recall points, and "(voc11)" by 11), `images`, `labels` and `detections` (numbers of
        objects).

    Raises:
        UserError: no COCO files, an image without labels, or classes that do not match.
    """
    content = _detections(Path(detections))
    names = {image["id"]: _stem(image["file_name"]) for image in content["images"]}
    truth = _truth(Path(labels), list(names.values()))
    categories = {c["id"]: c["name"] for c in content["categories"]}
    if len(categories) == len(truth) == 1:  # one kind of object, whatever it is called
        categories = dict.fromkeys(categories, next(iter(truth)))
    if unknown := sorted(set(categories.values()) - set(truth)):
        raise UserError(
            f"the detections have the class {unknown[0]!r}, the labels {', '.join(truth)}",
            "Give the classes equal names in stack.yaml and in the detections",
        )
    found: dict[str, dict[str, list[tuple[list[float], float]]]]
    found = defaultdict(lambda: defaultdict(list))
    for record in content["annotations"]:
        place = found[categories[record["category_id"]]][names[record["image_id"]]]
        x, y, width, height = record["bbox"]
        place.append(([x, y, x + width, y + height], record["score"]))
    rows = []
    for name, boxes in truth.items():
        own = [_as_detections(found[name][image]) for image in names.values()]
        scores: dict[str, float] = ap_family([boxes[image] for image in names.values()], own)
        scores |= {
            "images": len(names),
            "labels": sum(len(boxes[image]) for image in names.values()),
            "detections": sum(int((d.scores >= score).sum()) for d in own),
        }
        rows += [(name, metric, value) for metric, value in scores.items()]
    return pd.DataFrame(rows, columns=["class", "metric", "value"])


def _as_detections(pairs: list[tuple[list[float], float]]) -> Detections:
    return Detections(
        np.array([box for box, _ in pairs], float).reshape(-1, 4),
        np.array([score for _, score in pairs], float),
    )


def _stem(file_name: str) -> str:
    path = Path(file_name)
    return path.stem if path.suffix.lower() in (*PICTURES, *TIFFS) else path.name


def _detections(path: Path) -> dict[str, Any]:
    file = path / "detections.json" if path.is_dir() else path
    content = read_coco(file)
    for record in content["annotations"]:
        if "score" not in record or "bbox" not in record:
            raise UserError(
                f"{file}: annotation {json.dumps(record)[:80]} has no score or no bbox",
                "Give the detections.json of promic detect; labels come second",
            )
    return content


def _truth(path: Path, images: list[str]) -> Boxes:
    """The labels of some images."""
    truth = _of_stack(path, images) if has_manifest(path) else _of_coco(path)
    labelled = set().union(*(boxes for boxes in truth.values()))
    for image in images:
        if image not in labelled:
            raise UserError(
                f"the image {image!r} of the detections has no labels in {path}",
                "Evaluate detections in labelled images of this stack only",
            )
    return truth


def _of_stack(path: Path, images: list[str]) -> Boxes:
    stack = open_own(path)
    truth: Boxes = {name: {} for name in stack.classes}
    for i in stack.labelled.ids if stack.labelled else ():
        if (image := stack.planes[i].name) in images:
            objects = stack.objects("test", i)
            for number, name in enumerate(stack.classes):
                truth[name][image] = objects.boxes[objects.classes == number]
    return truth


def _of_coco(path: Path) -> Boxes:
    if path.is_dir():
        raise UserError(f"{path} has no stack.yaml", f"Make one: promic stack init {path}")
    content = read_coco(path)
    categories = {c["id"]: c["name"] for c in content["categories"]}
    names = {image["id"]: _stem(image["file_name"]) for image in content["images"]}
    lists: dict[str, dict[str, list[list[float]]]] = {
        name: {image: [] for image in names.values()} for name in categories.values()
    }
    for record in content["annotations"]:
        x, y, width, height = record["bbox"]
        place = lists[categories[record["category_id"]]][names[record["image_id"]]]
        place.append([x, y, x + width, y + height])
    return {
        name: {image: np.array(b, float).reshape(-1, 4) for image, b in boxes.items()}
        for name, boxes in lists.items()
    }
