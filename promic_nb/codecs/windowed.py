"""Samples of more than 8 bits through any codec: a stated window of them becomes 8 bits, and a
small header in front of the codec's stream keeps the window, so that decoding gives samples in the
image's own units.

    magic "PMWN" | version u8 | kind u8 | 0 u16 | low f64 | high f64 | CRC-32 u32 | stream

Little endian. The CRC covers the header; the codec's stream follows as it is, and is as well
protected as without a window.
"""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

import numpy as np

from promic_nb.codecs.base import BitstreamError, Codec
from promic_nb.core.window import Window
from promic_nb.errors import UserError

MAGIC, VERSION = b"PMWN", 1
KINDS = (np.dtype(np.uint8), np.dtype(np.uint16))
_HEADER, _CRC = struct.Struct("<4sBBHdd"), struct.Struct("<I")
OVERHEAD = _HEADER.size + _CRC.size  # bytes in front of the codec's stream


class Unwrapped(NamedTuple):
    """A stream without its window: the codec's own stream, the window, and the kind of samples."""

    stream: bytes
    window: Window
    dtype: np.dtype


class Windowed:
    """A codec of uint16 (or uint8) images (H, W) of which a window of samples is kept.

    What lies outside the window is clipped; inside, 256 levels are kept, so that the codec's error
    is in steps of (high - low) / 255.

    Args:
        codec: any of the registry.
        window: in units of the image's samples.

    Example:
        >>> from promic_nb import codecs
        >>> image = np.tile(np.arange(0, 4096, 64, dtype=np.uint16), (64, 1))
        >>> codec = Windowed(codecs.get("jpegxl", distance=0.1), Window(0, 4095))
        >>> decoded = codec.decode(codec.encode(image))
        >>> decoded.dtype, bool(np.abs(decoded.astype(int) - image).max() < 64)
        (dtype('uint16'), True)
    """

    def __init__(self, codec: Codec, window: Window) -> None:
        self.codec, self.window, self.name = codec, window, codec.name
        self.setting = f"{codec.setting} window={window.low:g}..{window.high:g}"

    @property
    def command(self) -> str:
        """The codec's settings, and the window."""
        return f"{self.codec.command}, window={self.window.low:g}..{self.window.high:g}"

    def version(self) -> str:
        """The codec's version."""
        return self.codec.version()

    def encode(self, image: np.ndarray) -> bytes:
        """Bitstream of a uint8 or uint16 (H, W) image of a size that the codec takes.

        Raises:
            UserError: another image.
        """
        if image.dtype not in KINDS or image.ndim != 2:
            raise UserError(
                f"{self.name} with a window got an image of {image.dtype} {image.shape}",
                "Give uint8 or uint16 (H, W); promic_nb.core.window.luma makes colour grey",
            )
        kind = KINDS.index(image.dtype)
        head = _HEADER.pack(MAGIC, VERSION, kind, 0, self.window.low, self.window.high)
        stream = self.codec.encode(self.window.to_uint8(image))
        return head + _CRC.pack(zlib.crc32(head)) + stream

    def decode(self, stream: bytes) -> np.ndarray:
        """(H, W) image of the kind that was encoded, in the window of the stream.

        Raises:
            BitstreamError: no window, a damaged one, or a stream that the codec refuses.
        """
        inner = unwrap(stream)
        return inner.window.from_uint8(self.codec.decode(inner.stream), inner.dtype)

    def overhead(self, stream: bytes) -> int:
        """The header, and what the codec counts of its own stream."""
        return OVERHEAD + self.codec.overhead(unwrap(stream).stream)


def unwrap(stream: bytes) -> Unwrapped:
    """Window and codec's stream; the latter is what `LatentCodec.latent` reads.

    Raises:
        BitstreamError: no window in front, or a damaged one.
    """
    if len(stream) < OVERHEAD or not stream.startswith(MAGIC):
        raise BitstreamError(
            f"the bitstream of {len(stream)} bytes has no window in front",
            "Decode it with the codec itself",
        )
    head = stream[: _HEADER.size]
    _, version, kind, _, low, high = _HEADER.unpack(head)
    if zlib.crc32(head) != _CRC.unpack_from(stream, _HEADER.size)[0]:
        raise BitstreamError("the window of the bitstream is damaged", "Encode the image again")
    if version != VERSION or kind >= len(KINDS):
        raise BitstreamError(
            f"the window of the bitstream has version {version} and kind {kind}",
            "Update promic_nb or encode again",
        )
    return Unwrapped(stream[OVERHEAD:], Window(low, high), KINDS[kind])
