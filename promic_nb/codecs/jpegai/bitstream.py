"""The container of a JPEG-AI-style bitstream: who wrote it, for which image, with which weights,
and whether it is whole.

    magic "PMAI" | version u8 | codec u8 | tools u8 | 0 | height u16 | width u16 | gain i16 | weight
    hash 4 B | length of z u32 | z | r | CRC-32 u32

Little endian. The CRC covers everything before it.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from promic_nb.codecs.base import MAX_SAMPLES, BitstreamError

MAGIC, VERSION = b"PMAI", 2
_HEADER = struct.Struct("<4sBBBxHHh4sI")
OVERHEAD = _HEADER.size + 4  # bytes of container in every stream
MAX_SIDE = 65535  # that the header holds; `base.MAX_SAMPLES` bounds the samples


@dataclass(frozen=True)
class Stream:
    """A parsed bitstream.

    `gain` is the displacement D of the gain unit, `weights` the first four bytes of the weight
    file's SHA-256.

    `codec_id` says which networks (`HyperpriorCodec.codec_id`), `tools` which tools shaped the
    latent (bits of `tools.py`).
    """

    height: int
    width: int
    gain: int
    weights: bytes
    z: bytes
    r: bytes
    tools: int = 0
    codec_id: int = 1

    def pack(self) -> bytes:
        head = _HEADER.pack(
            MAGIC,
            VERSION,
            self.codec_id,
            self.tools,
            self.height,
            self.width,
            self.gain,
            self.weights,
            len(self.z),
        )
        body = head + self.z + self.r
        return body + struct.pack("<I", zlib.crc32(body))


def unpack(stream: bytes) -> Stream:
    """Parse and verify.

    Raises:
        BitstreamError: naming what is wrong; nothing of the size that a damaged header claims is
            allocated.
    """
    remedy = "Encode the image again"
    if len(stream) < OVERHEAD:
        raise BitstreamError(
            f"the bitstream has {len(stream)} bytes, fewer than its {OVERHEAD} of header", remedy
        )
    magic, version, codec_id, tools, height, width, gain, weights, z_length = _HEADER.unpack_from(
        stream
    )
    if magic != MAGIC:
        raise BitstreamError(
            f"the bitstream starts with {magic!r}, not {MAGIC!r}", "It is of another codec"
        )
    if version != VERSION:
        raise BitstreamError(
            f"the bitstream has version {version}, this package reads {VERSION}",
            "Update promic_nb or encode again",
        )
    if zlib.crc32(stream[:-4]) != struct.unpack("<I", stream[-4:])[0]:
        raise BitstreamError("the bitstream is truncated or damaged (CRC-32 differs)", remedy)
    if min(height, width) < 16 or height * width > MAX_SAMPLES or z_length > len(stream) - OVERHEAD:
        raise BitstreamError(
            f"the bitstream claims {height}x{width} samples and {z_length} bytes of z", remedy
        )
    body = stream[_HEADER.size : -4]
    return Stream(height, width, gain, weights, body[:z_length], body[z_length:], tools, codec_id)
