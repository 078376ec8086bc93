"""Detections in one slice, and how they are written: COCO records, table rows, masks, pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from faster_coco_eval.core import mask as rle
from PIL import Image, ImageDraw

from promic_nb.metrics.detection import Detections
from promic_nb.metrics.masks import paste

GOLD = (255, 215, 0)
BLANK = 235  # grey of the canvas where there is no picture


@dataclass(frozen=True)
class Found:
    """What a model found in a slice.

    Attributes:
        image: name of the slice.
        size: (H, W) in pixels.
        records: COCO annotations, by falling score: bbox (x, y, width, height in pixels), score,
            category_id, area (pixels; of the mask, else of the box), and with masks segmentation.
        read: what the model read, in words.
        pixel_size_nm: side of a pixel; None where it is not known.
    """

    image: str
    size: tuple[int, int]
    records: list[dict[str, Any]]
    read: str
    pixel_size_nm: float | None

    @classmethod
    def of(
        cls,
        image: str,
        size: tuple[int, int],
        found: Detections,
        read: str,
        pixel_size_nm: float | None,
    ) -> Found:
        """From a detector's output."""
        masks = paste(found, size) if found.masks is not None else [None] * len(found.boxes)
        records = [
            _record(box.astype(float), float(score), mask, int(number) + 1)
            for box, score, mask, number in zip(
                found.boxes, found.scores, masks, found.numbers, strict=True
            )
        ]
        return cls(image, size, records, read, pixel_size_nm)

    def sure(self, score: float) -> list[dict[str, Any]]:
        """The records with at least a score."""
        return [record for record in self.records if record["score"] >= score]

    def rows(self, score: float, classes: Sequence[str]) -> list[dict[str, Any]]:
        """A table row for each of them: corners in pixels, score, area in pixels and um^2."""
        rows = []
        for record in self.sure(score):
            x, y, width, height = record["bbox"]
            rows.append(
                {
                    "image": self.image,
                    "class": classes[record["category_id"] - 1],
                    "x0": x,
                    "y0": y,
                    "x1": x + width,
                    "y1": y + height,
                    "score": record["score"],
                    "area_px": record["area"],
                    "area_um2": self.square_micrometres(record["area"]),
                    "area_of": "mask" if "segmentation" in record else "box",
                }
            )
        return rows

    def square_micrometres(self, pixels: float) -> float:
        """An area in um^2; NaN where the size of a pixel is not known.

        Example:
            >>> Found("a", (64, 64), [], "", pixel_size_nm=5).square_micrometres(40000)
            1.0
        """
        return pixels * self.pixel_size_nm**2 / 1e6 if self.pixel_size_nm else float("nan")

    def labels(self, score: float) -> np.ndarray:
        """Instance labels, uint16 (H, W): the k-th object by falling score has the value k; where
        masks overlap, the surer one is seen.
        """
        image = np.zeros(self.size, np.uint16)
        for k, record in reversed(list(enumerate(self.sure(score), 1))):
            code = {**record["segmentation"], "counts": record["segmentation"]["counts"].encode()}
            image[rle.decode(code).astype(bool)] = k
        return image

    def overlay(self, score: float, pixels: np.ndarray | None) -> np.ndarray:
        """The boxes on the slice, uint8 (H, W, 3); without pixels on an empty canvas."""
        grey = np.full(self.size, BLANK, np.uint8) if pixels is None else pixels
        canvas = Image.fromarray(grey).convert("RGB")
        draw = ImageDraw.Draw(canvas)
        colour = GOLD if pixels is not None else (150, 60, 0)
        for record in self.sure(score):
            x, y, width, height = record["bbox"]
            right, bottom = max(x, x + width - 1), max(y, y + height - 1)
            draw.rectangle((x, y, right, bottom), outline=colour, width=2)
            draw.text((x + 3, y + 2), f"{record['score']:.2f}", fill=colour)
        return np.asarray(canvas)


def _record(
    box: np.ndarray, score: float, mask: np.ndarray | None, category: int
) -> dict[str, Any]:
    x0, y0, x1, y1 = (round(float(value), 2) for value in box)
    bbox = [x0, y0, round(x1 - x0, 2), round(y1 - y0, 2)]
    record: dict[str, Any] = {
        "bbox": bbox,
        "score": round(score, 5),
        "category_id": category,
        "area": round(bbox[2] * bbox[3], 2),
    }
    if mask is not None:
        code = rle.encode(np.asfortranarray(mask, np.uint8))
        record["segmentation"] = {"size": list(mask.shape), "counts": code["counts"].decode()}
        record["area"] = float(mask.sum())
    return record
