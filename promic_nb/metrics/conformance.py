"""Do the metrics say what their references say? Pairs of images made from whole numbers only,
reference values with their source, the table.

The reference values in `conformance.yaml` were computed once, outside this project, by the programs
that it names, on these images.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from promic_nb.metrics.bjontegaard import bd_rate
from promic_nb.metrics.detection import Detections, Form, average_precision
from promic_nb.metrics.quality import compute

if TYPE_CHECKING:
    import pandas as pd


FORMS: tuple[tuple[Form, float], ...] = (("coco101", 51 / 101), ("voc11", 6 / 11))


def posterize(x: np.ndarray) -> np.ndarray:
    """16 grey levels."""
    return x // 16 * 16 + 8


def blur(x: np.ndarray) -> np.ndarray:
    """The binomial window [1 2 1; 2 4 2; 1 2 1] / 16, rounded down; borders repeated."""
    for axis in (0, 1):
        p = np.pad(
            x, [(1, 1) if i == axis else (0, 0) for i in range(x.ndim)], mode="edge"
        ).swapaxes(0, axis)
        x = (p[:-2] + 2 * p[1:-1] + p[2:]).swapaxes(0, axis)
    return x // 16


def noise(x: np.ndarray) -> np.ndarray:
    """Whole numbers in -20 ... 20, equally likely, added.

    The legacy generator's stream is frozen for good.
    """
    return np.clip(x + np.random.RandomState(7).randint(-20, 21, x.shape), 0, 255)


def blocks(x: np.ndarray) -> np.ndarray:
    """One part of the image and three parts of the mean of its 8x8 block, rounded down; sides are
    multiples of 8.
    """
    h, w = x.shape[:2]
    means = x.reshape(h // 8, 8, w // 8, 8, -1).sum((1, 3)) // 64
    return (x + 3 * means.repeat(8, 0).repeat(8, 1).reshape(x.shape)) // 4


# Photographs and micrographs inside scikit-image's wheel: 660x550, 512x512, 303x384 (odd), and
# 512x512 RGB.
PAIRS: dict[str, tuple[str, Callable[[np.ndarray], np.ndarray]]] = {
    "cell-posterize": ("cell", posterize),
    "camera-blur": ("camera", blur),
    "coins-noise": ("coins", noise),
    "astronaut-blocks": ("astronaut", blocks),
}


@cache
def pair(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Reference and distorted image, uint8; `camera-same` is an image and itself."""
    import skimage.data

    image, _, change = name.partition("-")
    reference = getattr(skimage.data, image)()
    if change == "same":
        return reference, reference
    return reference, PAIRS[name][1](reference.astype(np.int64)).astype(np.uint8)


def references() -> dict[str, Any]:
    """`conformance.yaml`: sources, tolerances by metric, reference values, and curves with their
    BD-rates.
    """
    return yaml.safe_load(files("promic_nb.metrics").joinpath("conformance.yaml").read_text())


def conformance_table() -> pd.DataFrame:
    """One row for each reference value: metric, image, front_end, reference, reference_value,
    value, error, error_in, tolerance, ok.

    `error` is relative, or in dB or VMAF points, as `error_in` says.
    """
    import pandas as pd

    data = references()
    rows = [*_quality_rows(data), *_detection_rows(), *_bjontegaard_rows(data)]
    table = pd.DataFrame(
        rows,
        columns=[
            "metric",
            "image",
            "front_end",
            "reference",
            "reference_value",
            "value",
            "error_in",
            "tolerance",
        ],
    )
    error = (table.value - table.reference_value).abs()
    error = error.where(
        (table.error_in != "relative") | (table.reference_value == 0),
        error / table.reference_value.abs(),
    )
    table.insert(6, "error", error)
    return table.assign(ok=table.error <= table.tolerance)


def _quality_rows(data: dict[str, Any]) -> Iterator[tuple]:
    for entry in data["values"]:
        metric, front_end = entry["metric"], entry.get("front_end", "10bit")
        value = compute(*pair(entry["image"]), [metric], front_end=front_end)[metric]
        yield (
            metric,
            entry["image"],
            front_end,
            entry["source"],
            entry["value"],
            value,
            *data["tolerances"][metric],
        )


def _detection_rows() -> Iterator[tuple]:
    """One of two equal objects found: precision 1 up to recall 1/2.

    Then the same after a false box: 1/2.
    """
    box = np.array([[10.0, 10.0, 60.0, 60.0]])
    truth = [np.concatenate([box, box + 100])]
    for case, boxes, precision in (
        ("one of two objects", box, 1),
        ("the same after a false box", np.concatenate([box + 300, box]), 0.5),
    ):
        found = [Detections(boxes, np.linspace(0.9, 0.8, len(boxes)))]
        for form, points in FORMS:
            value = average_precision(truth, found, form=form)["AP50"]
            yield (
                f"AP50 ({form})",
                case,
                "",
                "closed form",
                precision * points,
                value,
                "relative",
                1e-9,
            )


def _bjontegaard_rows(data: dict[str, Any]) -> Iterator[tuple]:
    for name, curve in data["curves"].items():
        value, tolerance = curve["bd_rate_percent"]
        ours = bd_rate(*curve["anchor"], *curve["test"]).value
        yield "BD-rate", name, "", curve["source"], value, ours, "percentage points", tolerance
