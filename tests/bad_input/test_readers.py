"""Bad pictures and numbers at the other readers and at the metrics."""

from pathlib import Path

import numpy as np
import pytest
from bad_input import GREY, encoded, png, refused

from promic_nb.datasets.cells import open_cells
from promic_nb.datasets.pictures import open_pictures
from promic_nb.metrics import average_precision, bd_rate, compute
from promic_nb.metrics.detection import Detections


def boxes(*values: float) -> np.ndarray:
    return np.array([values], np.float32)


OTHERS = {
    "cells: no folder": (lambda h: open_cells(h / "none"), "none does not exist"),
    "cells: too few": (
        lambda h: ((h / "c/images").mkdir(parents=True), open_cells(h / "c")),
        "holds 0 images",
    ),
    "cells: grey": (lambda h: _cell(h, encoded(GREY)), "(64, 64)"),
    "cells: huge": (lambda h: _cell(h, png(60000, 60000)), "claims more than"),
    "cells: corrupt": (
        lambda h: _cell(h, encoded(np.dstack([GREY] * 3))[:900]),
        "cannot be read as an image",
    ),
    "pictures: misspelt set": (
        lambda h: open_pictures("cifar", h),
        "picture set 'cifar' is unknown",
    ),
    "pictures: no folder": (lambda h: open_pictures("orl", h / "none"), "which is none"),
    "pictures: another layout": (lambda h: open_pictures("orl", h / "stack"), "holds no ORL faces"),
    "pictures: labels that are no numbers": (lambda h: _labels(h), "does not hold cifar10"),
    "metric: NaN": (lambda h: compute(GREY, np.full((64, 64), np.nan), ["psnr"]), "not finite"),
    "metric: other shape": (lambda h: compute(GREY, GREY[:32], ["psnr"]), "shapes are"),
    "metric: tiny": (lambda h: compute(GREY[:8, :8], GREY[:8, :8], ["ms_ssim"]), "defined from"),
    "metric: misspelt": (lambda h: compute(GREY, GREY, ["pnsr"]), "metric 'pnsr' is unknown"),
    "BD-rate: NaN": (
        lambda h: bd_rate([1, 2, 3, 4], [1, 2, 3, np.nan], [1, 2, 3, 4], [1, 2, 3, 4]),
        "not finite",
    ),
    "BD-rate: negative rate": (
        lambda h: bd_rate([-1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 3, 4]),
        "not positive",
    ),
    "AP: NaN boxes": (
        lambda h: average_precision(
            [boxes(0, 0, 9, 9)], [Detections(boxes(0, 0, np.nan, 9), np.ones(1))]
        ),
        "finite",
    ),
}


def _cell(here: Path, content: bytes):
    (here / "c" / "images").mkdir(parents=True)
    for i in range(5):
        (here / "c" / "images" / f"{i}.png").write_bytes(content)
    open_cells(here / "c").image(0)


def _labels(here: Path):
    (here / "p").mkdir()
    (here / "p" / "cifar10_batch_0.png").write_bytes(encoded(np.zeros((2, 1024, 3), np.uint8)))
    (here / "p" / "labels.csv").write_text("label\nfrog\ncat\n")
    open_pictures("cifar10", here / "p")


@pytest.mark.parametrize("case", OTHERS)
def test_other_readers(here, case):
    act, says = OTHERS[case]
    with refused(here, says):
        act(here)
