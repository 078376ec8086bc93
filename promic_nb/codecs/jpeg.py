"""Baseline JPEG (Pillow's libjpeg-turbo), one grey component."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, features

from promic_nb.codecs.base import BitstreamError, check_image
from promic_nb.errors import UserError


class Jpeg:
    """JPEG with optimized Huffman tables.

    Args:
        quality: libjpeg's quality factor, 1..100.
    """

    name = "jpeg"

    def __init__(self, quality: int = 50) -> None:
        if not 1 <= quality <= 100:
            raise UserError(f"JPEG quality {quality} is out of range", "Choose 1 to 100")
        self.quality = quality
        self.setting = f"q={quality}"

    def encode(self, image: np.ndarray) -> bytes:
        buffer = io.BytesIO()
        Image.fromarray(check_image(image)).save(buffer, "JPEG", quality=self.quality, optimize=True)
        return buffer.getvalue()

    def decode(self, stream: bytes) -> np.ndarray:
        try:
            with Image.open(io.BytesIO(stream), formats=["JPEG"]) as image:
                return np.array(image.convert("L"))
        except (OSError, SyntaxError) as error:
            raise BitstreamError(f"not a whole JPEG stream ({error})", "Encode the image again") from error

    @staticmethod
    def version() -> str:
        """Encoder and version, for provenance."""
        return f"libjpeg-turbo {features.version('libjpeg_turbo')}"
