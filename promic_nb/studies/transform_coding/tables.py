"""The tables of baseline JPEG (ITU-T T.81) for one grey component."""

from __future__ import annotations

import numpy as np

from promic_nb.codecs.base import check_range

# Table K.1: step sizes for luminance; each row is a vertical frequency.
LUMINANCE = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ]
)

# Figure A.6: row-major positions in an 8x8 block in zig-zag order: by diagonals, every other one
# upwards.
ZIGZAG = np.array(
    sorted(range(64), key=lambda i: (sum(divmod(i, 8)), i if sum(divmod(i, 8)) % 2 else -i))
)

# Tables K.3 and K.5: the number of codes of 1 to 16 bits, and the symbols in the order of their
# codes. A DC symbol is the number of bits of the difference; an AC symbol is 16 x the number of
# zeros before the coefficient + its number of bits.
DC = (bytes([0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0]), bytes(range(12)))
AC = (
    bytes([0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125]),
    bytes.fromhex(
        "01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a"
        "3435363738393a434445464748494a535455565758595a636465666768696a737475767778797a838485868788898a929394"
        "95969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8"
        "e9eaf1f2f3f4f5f6f7f8f9fa"
    ),
)


def steps(quality: int) -> np.ndarray:
    """Table K.1 at a quality factor of 1..100, as libjpeg scales it: int64 (8, 8) in 1..255."""
    check_range("JPEG quality", quality, 1, 100)
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    return np.clip((LUMINANCE * scale + 50) // 100, 1, 255)


def huffman_codes(table: tuple[bytes, bytes]) -> dict[int, str]:
    """The code of each symbol as a string of bits (Annex C).

    Codes of one length count up; the first longer code continues from the last shorter one,
    shifted.
    """
    counts, symbols = table
    codes, code, rest = {}, 0, iter(symbols)
    for length, count in enumerate(counts, start=1):
        for _ in range(count):
            codes[next(rest)] = f"{code:0{length}b}"
            code += 1
        code <<= 1
    return codes
