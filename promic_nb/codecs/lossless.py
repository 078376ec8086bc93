"""What lossless coding costs: the rates at which a lossy curve ends."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from promic_nb.codecs.base import bpp, check_image
from promic_nb.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

JPEGXL, PNG = "lossless JPEG XL", "lossless PNG"


def png(image: np.ndarray) -> bytes:
    """PNG with the filters and the deflate level that Pillow's `optimize` chooses."""
    file = io.BytesIO()
    Image.fromarray(check_image(image)).save(file, "png", optimize=True)
    return file.getvalue()


def jpegxl(image: np.ndarray) -> bytes:
    """Lossless JPEG XL at libjxl's default effort 7, a codestream without boxes.

    Raises:
        UserError: imagecodecs is missing.
    """
    try:
        import imagecodecs
    except ImportError as error:
        raise UserError(
            f"JPEG XL needs imagecodecs ({error})", "pip install imagecodecs"
        ) from error
    samples = np.ascontiguousarray(check_image(image))
    return bytes(imagecodecs.jpegxl_encode(samples, lossless=True, effort=7, usecontainer=False))


def lossless(images: Sequence[np.ndarray]) -> pd.DataFrame:
    """Mean rate of each lossless coder over slices, uint8 (H, W).

    Returns:
        Columns kind (`JPEGXL`, `PNG`), psnr_db (NaN: there is no error), bpp, slices.

    Raises:
        UserError: no slices, or imagecodecs is missing.
    """
    import pandas as pd

    if not images:
        raise UserError("lossless rates were asked of no slices", "Give at least one slice")
    coders = {JPEGXL: jpegxl, PNG: png}
    rows = [
        (kind, float("nan"), float(np.mean([bpp(code(i), i.shape) for i in images])), len(images))
        for kind, code in coders.items()
    ]
    return pd.DataFrame(rows, columns=["kind", "psnr_db", "bpp", "slices"])
