"""Which bytes of a standard bitstream hold no coded samples.

Every function takes a whole stream, as the encoders here write it.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator


def jpeg(stream: bytes) -> int:
    """JPEG: all but the entropy-coded data of the scan, so markers, quantization and Huffman
    tables.
    """
    *_, (_, end) = _segments(stream, 2, 0xDA)
    return end + 2  # and the end-of-image marker


def jpeg2000(stream: bytes) -> int:
    """JPEG 2000 codestream: main header, tile-part headers and the end marker; packet headers count
    as coded samples.
    """
    *_, (position, _) = _segments(stream, 2, 0x90)
    overhead = position + 2
    while (
        stream[position : position + 2] == b"\xff\x90"
    ):  # start of a tile-part, its length in bytes 6..9
        (length,) = struct.unpack_from(">I", stream, position + 6)
        *_, (data, _) = _segments(stream, position, 0x93)
        overhead += data + 2 - position
        position += length or len(stream)
    return overhead


def _segments(stream: bytes, position: int, last: int) -> Iterator[tuple[int, int]]:
    """Start and end of the marker segments from `position` to the first with the code `last`, which
    need not have a length.
    """
    while True:
        code, length = struct.unpack_from(">xBH", stream, position)
        yield position, position + 2 + length
        if code == last:
            return
        position += 2 + length


def avif(stream: bytes) -> int:
    """AVIF: every box but the payload of `mdat`."""
    position, payload = 0, 0
    while position < len(stream):
        length, kind = struct.unpack_from(">I4s", stream, position)
        payload += length - 8 if kind == b"mdat" else 0
        position += length
    return len(stream) - payload


def jpegxl(stream: bytes) -> int:
    """JPEG XL codestream without boxes: its two bytes of signature; the headers after it are not in
    bytes of their own.
    """
    return 2


def nal_units(stream: bytes, is_coded: Callable[[bytes], bool]) -> int:
    """HEVC and VVC byte streams: start codes, and the units whose two-byte header is not of coded
    samples.
    """
    starts = [match.end() for match in re.finditer(b"\0\0\1", stream)]
    ends = [start - 3 for start in starts[1:]] + [len(stream)]
    units = [stream[start:end].rstrip(b"\0") for start, end in zip(starts, ends, strict=True)]
    return len(stream) - sum(len(unit) for unit in units if is_coded(unit[:2]))


def is_hevc_slice(header: bytes) -> bool:
    """Types 0 to 31 of HEVC are slices (ITU-T H.265, Table 7-1)."""
    return header[0] >> 1 & 0x3F < 32


def is_vvc_coded(header: bytes) -> bool:
    """Types 0 to 11 of VVC are slices, 17 to 19 filter coefficients and picture headers (ITU-T
    H.266, Table 5).
    """
    return header[1] >> 3 < 12 or 17 <= header[1] >> 3 <= 19
