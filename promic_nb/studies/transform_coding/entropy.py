"""JPEG's entropy coder (Fig. 2b).

DPCM of the DC coefficients, run lengths of zeros, Huffman codes (ITU-T T.81, F.1.2 and F.2.2).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from promic_nb.codecs.base import BitstreamError
from promic_nb.studies.transform_coding.tables import AC, DC, huffman_codes

END_OF_BLOCK, SIXTEEN_ZEROS = 0x00, 0xF0
Symbol = tuple[int, int]  # (Huffman symbol, value whose bits follow it)


def dpcm(dc: np.ndarray) -> np.ndarray:
    """Difference between each block's mean and the previous one; the first one's to 0."""
    return np.diff(dc, prepend=0)


def run_lengths(ac: np.ndarray) -> Iterator[Symbol]:
    """The symbols of 63 coefficients in zig-zag order.

    Each gives the number of zeros before a coefficient and the coefficient's number of bits.
    """
    last = -1
    for position in np.flatnonzero(ac).tolist():
        run, value = position - last - 1, int(ac[position])
        yield from [(SIXTEEN_ZEROS, 0)] * (run // 16)
        yield 16 * (run % 16) + abs(value).bit_length(), value
        last = position
    if last < 62:
        yield END_OF_BLOCK, 0


def amplitude(value: int) -> str:
    """The bits after a symbol; an empty string for 0.

    A positive value is written in binary, a negative one as the complement of its magnitude.
    """
    bits = abs(value).bit_length()
    return f"{value if value > 0 else value + (1 << bits) - 1:0{bits}b}" if bits else ""


def to_bits(zigzagged: np.ndarray) -> tuple[str, str]:
    """The bits of all blocks, and those of their DC symbols alone (for counting).

    Args:
        zigzagged: quantized coefficients, whole numbers (blocks, 64), blocks in raster order.
    """
    dc_codes, ac_codes = huffman_codes(DC), huffman_codes(AC)
    dc = [dc_codes[abs(d).bit_length()] + amplitude(d) for d in dpcm(zigzagged[:, 0]).tolist()]
    ac = [
        "".join(ac_codes[symbol] + amplitude(value) for symbol, value in run_lengths(block[1:]))
        for block in zigzagged
    ]
    return "".join(d + a for d, a in zip(dc, ac, strict=True)), "".join(dc)


def pack(bits: str) -> bytes:
    """The bytes of a scan.

    The last byte is filled with ones. A zero byte follows each 0xFF, so that no marker appears
    (F.1.2.3).
    """
    padded = bits + "1" * (-len(bits) % 8)
    return int(padded or "0", 2).to_bytes(len(padded) // 8, "big").replace(b"\xff", b"\xff\x00")


def unpack(scan: bytes) -> str:
    """Inverse of `pack`, including the fill bits."""
    plain = scan.replace(b"\xff\x00", b"\xff")
    return "".join(f"{byte:08b}" for byte in plain)


def from_bits(bits: str, blocks: int) -> np.ndarray:
    """Inverse of `to_bits`: quantized coefficients in zig-zag order, int64 (blocks, 64).

    Raises:
        BitstreamError: the bits end too early, or contain a code that is not in the tables.
    """
    dc_symbols, ac_symbols = (
        {code: symbol for symbol, code in huffman_codes(t).items()} for t in (DC, AC)
    )
    found, at, mean = np.zeros((blocks, 64), np.int64), 0, 0

    def symbol(table: dict[str, int]) -> int:
        nonlocal at
        for length in range(1, 17):
            if (code := bits[at : at + length]) in table:
                at += length
                return table[code]
        raise BitstreamError(
            f"no Huffman code at bit {at} of {len(bits)}",
            "The scan is truncated or corrupt: encode the image again",
        )

    def value(size: int) -> int:
        nonlocal at
        field, at = bits[at : at + size], at + size
        if len(field) < size:
            raise BitstreamError(
                f"the scan ends within a coefficient, at bit {len(bits)}",
                "The scan is truncated: encode the image again",
            )
        return (
            0 if not size else int(field, 2) if field[0] == "1" else int(field, 2) - (1 << size) + 1
        )

    for block in found:
        mean += value(symbol(dc_symbols))
        block[0], position = mean, 1
        while position < 64 and (s := symbol(ac_symbols)) != END_OF_BLOCK:
            position += s >> 4
            if position > 63:
                raise BitstreamError(
                    f"a run of zeros exceeds its block, at bit {at}",
                    "The scan is corrupt: encode the image again",
                )
            block[position] = value(s & 15)
            position += 1
    return found
