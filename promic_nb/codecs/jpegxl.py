"""JPEG XL through imagecodecs (libjxl)."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from promic_nb.codecs import container
from promic_nb.codecs.base import BitstreamError, RateControl, check_image, check_size
from promic_nb.core.fields import number, whole
from promic_nb.errors import UserError

_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))  # width to height


class JpegXl:
    """JPEG XL, one grey component, VarDCT, one thread (libjxl): a codestream without boxes around
    it.

    The format has no checksum: what is cut or foreign is refused, a flipped bit within the samples
        may decode to a damaged image.

    Args:
        distance: Butteraugli distance, 0.01..25; it takes fractions.
        effort: 1 (fast) to 9 (slow).
    """

    name = "jpegxl"
    rate_control = RateControl("distance", 25, 0.01, integer=False, guess=lambda bpp: 1.5 / bpp)

    def __init__(
        self,
        distance: Annotated[float, number(0.01, 25)] = 3.0,
        effort: Annotated[int, whole(1, 9)] = 7,
    ) -> None:
        try:
            import imagecodecs
        except ImportError as error:
            raise UserError(
                f"JPEG XL needs imagecodecs ({error})",
                "pip install imagecodecs, which has wheels for Linux, macOS and Windows",
            ) from error
        if not imagecodecs.JPEGXL.available:
            raise UserError(
                f"imagecodecs {imagecodecs.__version__} was built without libjxl",
                "Install its wheel from PyPI",
            )
        self._library = imagecodecs
        self._options: dict[str, Any] = {
            "distance": float(distance),
            "effort": effort,
            "lossless": False,
            "usecontainer": False,
        }
        self.setting = f"distance={distance:g}"

    def encode(self, image: np.ndarray) -> bytes:
        return bytes(
            self._library.jpegxl_encode(
                np.ascontiguousarray(check_image(image)), numthreads=1, **self._options
            )
        )

    def decode(self, stream: bytes) -> np.ndarray:
        check_size(*_size(stream), self.name)
        try:
            image = self._library.jpegxl_decode(stream, numthreads=1)
        except (RuntimeError, ValueError, MemoryError, OverflowError) as error:
            raise BitstreamError(
                f"not a whole JPEG XL stream ({error})", "Encode the image again"
            ) from error
        if image.dtype != np.uint8 or image.ndim != 2:
            raise BitstreamError(
                f"the JPEG XL stream holds {image.dtype} {image.shape}, not 8-bit grey samples",
                "Encode the image again",
            )
        return image

    def overhead(self, stream: bytes) -> int:
        """The signature, see `container`."""
        return container.jpegxl(stream)

    def version(self) -> str:
        """Encoder and version, for provenance."""
        return f"{self._library.jpegxl_version()} (imagecodecs {self._library.__version__})"

    @property
    def command(self) -> str:
        """The encoder's exact settings."""
        options = ", ".join(f"{k}={v!r}" for k, v in self._options.items())
        return f"imagecodecs.jpegxl_encode({options}, numthreads=1)"


def _size(stream: bytes) -> tuple[int, int]:
    """Height and width from the header of a codestream (ISO/IEC 18181-1, SizeHeader), before libjxl
    allocates them.
    """
    if stream[:2] != b"\xff\x0a" or len(stream) < 12:
        raise BitstreamError(
            f"a JPEG XL codestream starts with ff0a, this one of {len(stream)} bytes with "
            f"{stream[:2].hex()}",
            "It is of another codec",
        )
    bits = int.from_bytes(stream[2:12], "little")

    def take(count: int) -> int:
        nonlocal bits
        value, bits = bits & (1 << count) - 1, bits >> count
        return value

    in_eights = take(1)

    def side() -> int:
        return 8 * (1 + take(5)) if in_eights else 1 + take((9, 13, 18, 30)[take(2)])

    height, ratio = side(), take(3)
    return height, height * _RATIOS[ratio - 1][0] // _RATIOS[ratio - 1][1] if ratio else side()
