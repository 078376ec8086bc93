"""JPEG compression of colour images as in the thesis, and its storage cost (Table 1)."""

from __future__ import annotations

import io
from collections.abc import Iterable

import numpy as np
import pandas as pd
from PIL import Image

from promic_nb.codecs.base import check_range


def jpeg(image: np.ndarray, quality: int) -> tuple[np.ndarray, int]:
    """An image after JPEG compression, uint8 (H, W, 3), and the size of its file in bytes.

    Pillow's defaults, so colour has half resolution.
    """
    buffer = io.BytesIO()
    Image.fromarray(image).save(
        buffer, "JPEG", quality=check_range("JPEG quality", quality, 1, 100)
    )
    return np.array(Image.open(buffer)), buffer.tell()


def storage_table(
    images: Iterable[np.ndarray], qualities: list[int], reference: int = 75
) -> pd.DataFrame:
    """Mean file size, and the saving compared with `reference`.

    Columns quality, mean_kb (1000 bytes), saved_percent, saved_of_raw_percent.
    """
    images = list(images)
    raw = np.mean([image.nbytes for image in images])
    size = {
        q: float(np.mean([jpeg(image, q)[1] for image in images])) for q in {*qualities, reference}
    }
    rows = [
        (q, size[q] / 1000, 100 * (1 - size[q] / size[reference]), 100 * (1 - size[q] / raw))
        for q in qualities
    ]
    return pd.DataFrame(
        rows, columns=["quality", "mean_kb", "saved_percent", "saved_of_raw_percent"]
    )
