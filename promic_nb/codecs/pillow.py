"""Still-image codecs that Pillow brings: JPEG, JPEG 2000 and AVIF, one grey component each."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, features

from promic_nb.codecs.base import BitstreamError, check_image, check_range


class _PillowCodec:
    """Encoding and decoding through Pillow's file formats; subclasses say how."""

    name: str
    format: str
    feature: str

    def __init__(self, setting: str, **options: object) -> None:
        self.setting, self._options = setting, options

    def encode(self, image: np.ndarray) -> bytes:
        buffer = io.BytesIO()
        Image.fromarray(check_image(image)).save(buffer, self.format, **self._options)
        return buffer.getvalue()

    def decode(self, stream: bytes) -> np.ndarray:
        try:
            with Image.open(io.BytesIO(stream), formats=[self.format]) as image:
                return np.array(image.convert("L"))
        except (OSError, SyntaxError, ValueError) as error:
            raise BitstreamError(f"not a whole {self.format} stream ({error})", "Encode the image again") from error

    @classmethod
    def version(cls) -> str:
        """Encoder and version, for provenance."""
        return f"{cls.feature} {features.version(cls.feature)}"


class Jpeg(_PillowCodec):
    """Baseline JPEG with optimized Huffman tables (libjpeg-turbo).

    Args:
        quality: libjpeg's quality factor, 1..100.
    """

    name, format, feature = "jpeg", "JPEG", "libjpeg_turbo"

    def __init__(self, quality: int = 50) -> None:
        super().__init__(f"q={quality}", quality=check_range("JPEG quality", quality, 1, 100), optimize=True)


class Jpeg2000(_PillowCodec):
    """JPEG 2000 with the irreversible 9/7 wavelet (OpenJPEG), a codestream without a file header around it.

    Args:
        bpp: target rate in bits per pixel; the encoder meets it from below.
    """

    name, format, feature = "jpeg2000", "JPEG2000", "jpg_2000"

    def __init__(self, bpp: float = 0.5) -> None:
        check_range("JPEG 2000 rate", bpp, 0.01, 8)
        super().__init__(f"bpp={bpp:g}", quality_mode="rates", quality_layers=[8 / bpp], irreversible=True, no_jp2=True)


class Avif(_PillowCodec):
    """AVIF, monochrome (libaom or what Pillow was built with).

    Args:
        quality: 0..100.
        speed: 0 (slow) to 10.
    """

    name, format, feature = "avif", "AVIF", "avif"

    def __init__(self, quality: int = 50, speed: int = 6) -> None:
        super().__init__(f"q={quality}", quality=check_range("AVIF quality", quality, 0, 100), speed=speed, subsampling="4:0:0")
