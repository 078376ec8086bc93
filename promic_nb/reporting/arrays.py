"""Arrays in a table, so that figures of pictures are drawn from tables, too."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from skimage.transform import downscale_local_mean

COLUMNS = ["group", "name", "dtype", "shape", "values"]


def arrays_table(arrays: Mapping[str, np.ndarray], group: str = "") -> pd.DataFrame:
    """A row for each array: group, name, dtype, shape (as "768x1024") and values (bytes).

    Args:
        arrays: by name.
        group: what they belong to, such as a rate.

    Example:
        >>> table = arrays_table({"image": np.zeros((2, 3), np.uint8)}, "low")
        >>> table.loc[0, "shape"], grouped_arrays(table)["low"]["image"].tolist()
        ('2x3', [[0, 0, 0], [0, 0, 0]])
    """
    rows = [
        (group, name, str(a.dtype), "x".join(map(str, a.shape)), np.ascontiguousarray(a).tobytes())
        for name, a in arrays.items()
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def grouped_arrays(table: pd.DataFrame) -> dict[str, dict[str, np.ndarray]]:
    """The arrays of a table made by `arrays_table`, by group and name, in their order."""
    found: dict[str, dict[str, np.ndarray]] = {}
    for row in table.to_dict("records"):
        shape = [int(side) for side in row["shape"].split("x")]
        array = np.frombuffer(row["values"], row["dtype"]).reshape(shape)
        found.setdefault(row["group"], {})[row["name"]] = array
    return found


def shrunk(image: np.ndarray, side: int = 512) -> np.ndarray:
    """An image no larger than a figure shows it: block means of a whole factor, same dtype.

    Args:
        image: (H, W).
        side: the longer side of the result is at most this, in pixels.

    Example:
        >>> shrunk(np.full((600, 1024), 7, np.uint8)).shape
        (300, 512)
    """
    factor = -(-max(image.shape) // side)
    if factor == 1:
        return image
    means = downscale_local_mean(image, (factor, factor))
    return (np.round(means) if image.dtype == np.uint8 else means).astype(image.dtype)
