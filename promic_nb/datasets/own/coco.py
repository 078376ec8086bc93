"""Labels in COCO's JSON (https://cocodataset.org/#format-data): boxes, polygons or run lengths."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from faster_coco_eval.core import mask as rle

from promic_nb.datasets.boxes import Objects
from promic_nb.datasets.own.planes import Plane, natural
from promic_nb.errors import UserError


class CocoLabels:
    """Labels of the slices that a COCO file names.

    Args:
        path: of the file.
        images: the stack's slices; matched by `file_name` without folder and ending, or in order
            where the slices are in one file.
        classes: names of categories, in the order of their numbers.

    Raises:
        UserError: no COCO file, an image that is no slice, or a category that is not among the
            classes.
    """

    def __init__(self, path: Path, images: Sequence[Plane], classes: Sequence[str]) -> None:
        content = read_coco(path)
        names = {c["id"]: c["name"] for c in content["categories"]}
        used = {a["category_id"] for a in content["annotations"]}
        for key in sorted(used):
            if names.get(key) not in classes:
                raise UserError(
                    f"{path} has the category {names.get(key, key)!r}, which no class in "
                    "stack.yaml names",
                    f"Classes are {', '.join(classes)}; add it to them",
                )
        self._class = {key: list(classes).index(names[key]) for key in used}
        self.path = path
        place = self._places(path, content["images"], images)
        self._found: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for record in content["annotations"]:
            if record["image_id"] not in place:
                raise UserError(
                    f"{path}: annotation {record.get('id')} is of image {record['image_id']}, "
                    "which is not listed",
                    "Export the file again",
                )
            if not record.get("iscrowd"):
                self._found[place[record["image_id"]]].append(record)
        self.ids = sorted(place.values())

    @property
    def sources(self) -> list[Plane]:
        return [Plane(self.path)]

    @staticmethod
    def _places(
        path: Path, listed: list[dict[str, Any]], images: Sequence[Plane]
    ) -> dict[int, int]:
        """Number of the slice by COCO's id of the image."""
        ordered = sorted(listed, key=lambda image: natural(Path(str(image["file_name"]))))
        if len({plane.path for plane in images}) == 1 and len(ordered) == len(images):
            return {image["id"]: i for i, image in enumerate(ordered)}
        known = {plane.name: i for i, plane in enumerate(images)}
        found = {image["id"]: known.get(Path(str(image["file_name"])).stem) for image in ordered}
        for image in ordered:
            if found[image["id"]] is None:
                raise UserError(
                    f"{path}: the image {image['file_name']!r} matches no slice",
                    "Name it as its slice",
                )
        return {key: i for key, i in found.items() if i is not None}

    def objects(self, slice_id: int, size: tuple[int, int]) -> Objects:
        labels = np.zeros(size, np.int16)
        boxes, classes = [], []
        for record in self._found[slice_id]:
            x, y, width, height = map(float, record["bbox"])
            right, bottom = x + width, y + height
            near = min(x, y) >= -1 and right <= size[1] + 1 and bottom <= size[0] + 1
            box = max(x, 0.0), max(y, 0.0), min(right, size[1]), min(bottom, size[0])
            if not near or box[0] >= box[2] or box[1] >= box[3]:
                raise UserError(
                    f"{self.path}: the box {record['bbox']} of annotation "
                    f"{record.get('id')} is not inside its slice of {size[0]}x{size[1]}",
                    "COCO's boxes are x, y, width, height in pixels",
                )
            boxes.append(box)
            classes.append(self._class[record["category_id"]])
            labels[self._inside(record, size)] = len(boxes)
        return Objects(
            np.array(boxes, np.float32).reshape(-1, 4), labels, np.array(classes, np.int64)
        )

    @staticmethod
    def _inside(record: dict[str, Any], size: tuple[int, int]) -> np.ndarray:
        """The pixels of an object, bool (H, W); those of its box where it has no outline."""
        shape = record.get("segmentation")
        if not shape:
            x, y, width, height = record["bbox"]
            top, left = max(round(y), 0), max(round(x), 0)
            inside = np.zeros(size, bool)
            inside[top : round(y + height), left : round(x + width)] = True
            return inside
        if isinstance(shape, list):
            code = rle.merge(rle.frPyObjects(shape, *size))
        else:
            code = rle.frPyObjects(shape, *size) if isinstance(shape["counts"], list) else shape
        return rle.decode(code).astype(bool)


def read_coco(path: Path) -> dict[str, Any]:
    """A COCO file; raises `UserError` where it is none."""
    try:
        content = json.loads(path.read_text())
        for key in ("images", "annotations", "categories"):
            if not isinstance(content[key], list):
                raise TypeError(f"{key} is no list")
    except FileNotFoundError:
        raise UserError(f"{path} is missing", "Put it back, or edit stack.yaml") from None
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{path} is no COCO file ({error})", "It must hold images, annotations and categories"
        ) from None
    return content
