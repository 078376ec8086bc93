"""Still-image codecs that Pillow brings: JPEG, JPEG 2000 and AVIF, one grey component each.

None of these formats has a checksum over its samples: a stream that is cut, foreign or damaged in
its headers is refused, a flipped bit within the coded samples may decode to a damaged image.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from typing import Annotated, ClassVar

import numpy as np
import PIL
from PIL import AvifImagePlugin, Image, features

from promic_nb.codecs import container
from promic_nb.codecs.base import BitstreamError, RateControl, check_image, check_size
from promic_nb.core.fields import number, whole
from promic_nb.errors import UserError

EOI = b"\xff\xd9"


class _PillowCodec:
    """Encoding and decoding through Pillow's file formats; subclasses say how."""

    name: str
    format: str
    feature: str
    headers: ClassVar[Callable[[bytes], int]]  # of `container`
    end = b""  # what a whole stream ends with

    def __init__(self, setting: str, **options: object) -> None:
        if not features.check(self.feature):
            raise UserError(
                f"Pillow {PIL.__version__} was built without {self.feature}",
                "Install Pillow's wheel from PyPI: pip install pillow>=11.3",
            )
        self.setting, self._options = setting, options

    def encode(self, image: np.ndarray) -> bytes:
        buffer = io.BytesIO()
        Image.fromarray(check_image(image)).save(buffer, self.format, **self._options)
        return buffer.getvalue()

    def decode(self, stream: bytes) -> np.ndarray:
        try:
            if not stream.endswith(self.end):
                raise OSError("its end is missing")
            with (
                warnings.catch_warnings(action="ignore"),
                Image.open(io.BytesIO(stream), formats=[self.format]) as image,
            ):
                check_size(image.height, image.width, self.format)
                if image.mode != "L":
                    raise OSError(f"it holds {image.mode} samples, not grey ones")
                return np.array(image)
        except BitstreamError:
            raise
        except (
            OSError,
            SyntaxError,
            ValueError,
            ArithmeticError,
            MemoryError,
            RuntimeError,
            Image.DecompressionBombError,
        ) as error:
            raise BitstreamError(
                f"not a whole {self.format} stream of grey samples ({error})",
                "Encode the image again",
            ) from error

    def overhead(self, stream: bytes) -> int:
        """Bytes that hold no coded samples, see `container`."""
        return type(self).headers(stream)

    @classmethod
    def version(cls) -> str:
        """Encoder and version, for provenance."""
        return f"{cls.feature} {features.version(cls.feature)} (Pillow {PIL.__version__})"

    @property
    def command(self) -> str:
        """The encoder's exact settings."""
        options = ", ".join(f"{k}={v!r}" for k, v in self._options.items())
        return f"Image.save(format={self.format!r}, {options})"


class Jpeg(_PillowCodec):
    """Baseline JPEG with optimized Huffman tables (libjpeg-turbo).

    Args:
        quality: libjpeg's quality factor, 1..100.
    """

    name, format, feature, end = "jpeg", "JPEG", "libjpeg_turbo", EOI
    headers = container.jpeg
    rate_control = RateControl("quality", 1, 100)

    def __init__(self, quality: Annotated[int, whole(1, 100)] = 50) -> None:
        super().__init__(f"q={quality}", quality=quality, optimize=True)


class Jpeg2000(_PillowCodec):
    """JPEG 2000 with the irreversible 9/7 wavelet (OpenJPEG), a codestream without a file header
    around it.

    Args:
        bpp: target rate in bits per pixel; the encoder meets it from below.
    """

    name, format, feature, end = "jpeg2000", "JPEG2000", "jpg_2000", EOI
    headers = container.jpeg2000
    rate_control = RateControl("bpp", 0.01, 8, integer=False, guess=lambda bpp: bpp)

    def __init__(self, bpp: Annotated[float, number(0.01, 8)] = 0.5) -> None:
        super().__init__(
            f"bpp={bpp:g}",
            quality_mode="rates",
            quality_layers=[8 / bpp],
            irreversible=True,
            no_jp2=True,
        )


class Avif(_PillowCodec):
    """AVIF, monochrome (libaom in Pillow's wheels), one thread.

    Args:
        quality: 0..100.
        speed: 0 (slow) to 10.
    """

    name, format, feature = "avif", "AVIF", "avif"
    headers = container.avif
    rate_control = RateControl("quality", 0, 100)

    def __init__(
        self,
        quality: Annotated[int, whole(0, 100)] = 50,
        speed: Annotated[int, whole(0, 10)] = 6,
    ) -> None:
        super().__init__(
            f"q={quality}", quality=quality, speed=speed, subsampling="4:0:0", max_threads=1
        )

    @classmethod
    def version(cls) -> str:
        """Container library, encoder and versions."""
        return f"{super().version()}, aom {AvifImagePlugin.get_codec_version('aom')}"
