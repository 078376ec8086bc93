"""Baseline JPEG of one grey component, built from its parts (Fig. 2a).

The parts are blocks, DCT, quantizer, entropy coder, and the markers around them.

With `transform="integer"`, the transform and its inverse round like libjpeg's accurate integer
ones, so streams and decoded images equal libjpeg's to the last bit. `"float"` is the DCT by its
definition, rounded once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.fft import dctn, idctn

from promic_nb.codecs.base import BitstreamError, check_image
from promic_nb.studies.transform_coding import entropy
from promic_nb.studies.transform_coding.tables import AC, DC, ZIGZAG, steps

Transform = Literal["integer", "float"]
PRECISION = 13  # fractional bits of the integer transform's constants


def to_blocks(image: np.ndarray) -> np.ndarray:
    """Blocks in raster order, (ceil(H/8) ceil(W/8), 8, 8).

    Incomplete blocks repeat the last row and column.
    """
    padded = np.pad(image, [(0, -n % 8) for n in image.shape], mode="edge")
    rows, columns = (n // 8 for n in padded.shape)
    return padded.reshape(rows, 8, columns, 8).swapaxes(1, 2).reshape(-1, 8, 8)


def from_blocks(blocks: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Inverse of `to_blocks`: (H, W)."""
    rows, columns = (-(-n // 8) for n in shape)
    return (
        blocks.reshape(rows, columns, 8, 8)
        .swapaxes(1, 2)
        .reshape(8 * rows, 8 * columns)[: shape[0], : shape[1]]
    )


def _integer_matrix() -> np.ndarray:
    """sqrt(8) x the orthonormal DCT matrix in units of 2^-13, int64 (8, 8).

    The entries are sums of rounded constants of Loeffler, Ligtenberg and Moschytz (ICASSP 1989),
    which libjpeg uses: a rounded cosine can differ from such a sum by one unit.
    """
    c = np.sqrt(2) * np.cos(np.arange(8) * np.pi / 16)
    fix = lambda x: round(x * 2**PRECISION)  # noqa: E731
    rotation = fix(c[6])
    even = np.array(
        [[rotation + fix(c[2] - c[6]), rotation], [rotation, rotation - fix(c[2] + c[6])]]
    )
    z1, z2, z3, z4, z5 = (
        fix(c[7] - c[3]),
        fix(-c[1] - c[3]),
        fix(-c[3] - c[5]) + fix(c[3]),
        fix(c[5] - c[3]) + fix(c[3]),
        fix(c[3]),
    )
    own = [
        fix(c[1] + c[3] - c[5] - c[7]),
        fix(c[1] + c[3] + c[5] - c[7]),
        fix(c[1] + c[3] - c[5] + c[7]),
        fix(-c[1] + c[3] + c[5] - c[7]),
    ]
    # Rows: frequencies 1, 3, 5, 7; columns: differences of samples 0-7, 1-6, 2-5, 3-4.
    odd = np.array(
        [
            [own[0] + z1 + z4, z5, z4, z1 + z5],
            [z5, own[1] + z2 + z3, z2 + z5, z3],
            [z4, z2 + z5, own[2] + z2 + z4, z5],
            [z1 + z5, z3, z5, own[3] + z1 + z3],
        ]
    )
    one = 2**PRECISION
    half = np.zeros((8, 4), np.int64)
    half[[0, 4]] = [[one] * 4, [one, -one, -one, one]]
    half[np.ix_([2, 6], [0, 1])], half[np.ix_([2, 6], [3, 2])] = even, -even
    half[1::2] = odd
    return np.hstack([half, half[:, ::-1] * np.where(np.arange(8) % 2, -1, 1)[:, None]])


MATRIX = _integer_matrix()


def _descale(x: np.ndarray, bits: int) -> np.ndarray:
    return (x + (1 << (bits - 1))) >> bits


def dct(blocks: np.ndarray, transform: Transform = "integer") -> np.ndarray:
    """DCT coefficients, float64 (n, 8, 8), of blocks of samples 0..255.

    The samples are shifted by -128. With `integer`, coefficients are multiples of 1/8.
    """
    samples = blocks.astype(np.int64) - 128
    if transform == "float":
        return dctn(samples, axes=(1, 2), norm="ortho")
    rows = _descale(samples @ MATRIX.T, PRECISION - 2)
    return _descale(MATRIX @ rows, PRECISION + 2) / 8


def quantize(coefficients: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Coefficients in multiples of the step sizes, int64; halves are rounded away from zero."""
    return (np.sign(coefficients) * np.floor(np.abs(coefficients) / table + 0.5)).astype(np.int64)


def inverse_dct(
    quantized: np.ndarray, table: np.ndarray, transform: Transform = "integer"
) -> np.ndarray:
    """Samples, uint8 (n, 8, 8), from quantized coefficients."""
    coefficients = quantized * table
    if transform == "float":
        samples = np.round(idctn(coefficients.astype(float), axes=(1, 2), norm="ortho")).astype(
            np.int64
        )
    else:
        columns = _descale(MATRIX.T @ coefficients, PRECISION - 2)
        samples = _descale(columns @ MATRIX, PRECISION + 5)
    return np.clip(samples + 128, 0, 255).astype(np.uint8)


@dataclass(frozen=True)
class Parts:
    """A coded image, part by part.

    Attributes:
        table: step sizes, (8, 8).
        quantized: coefficients after the quantizer, int64 (blocks, 8, 8).
        dc_bits, ac_bits: bits of the means and of the other coefficients.
        scan: the entropy-coded segment.
        stream: the whole file, as Pillow writes it for a grey image.
    """

    table: np.ndarray
    quantized: np.ndarray
    dc_bits: int
    ac_bits: int
    scan: bytes
    stream: bytes


def encode(image: np.ndarray, quality: int = 50, transform: Transform = "integer") -> Parts:
    """Code a uint8 (H, W) image.

    It uses the luminance table at `quality` and the Huffman tables of Annex K.
    """
    table = steps(quality)
    quantized = quantize(dct(to_blocks(check_image(image)), transform), table)
    bits, dc = entropy.to_bits(quantized.reshape(-1, 64)[:, ZIGZAG])
    scan = entropy.pack(bits)
    stream = _header(image.shape, table) + scan + b"\xff\xd9"
    return Parts(table, quantized, len(dc), len(bits) - len(dc), scan, stream)


def _header(shape: tuple[int, ...], table: np.ndarray) -> bytes:
    """All markers up to the scan (Annex B): JFIF 1.1, the tables, one component of 8 bits."""
    size = b"".join(n.to_bytes(2, "big") for n in shape)
    segments = [
        (0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0"),
        (0xDB, b"\0" + bytes(table.reshape(64)[ZIGZAG].tolist())),
        (0xC0, b"\x08" + size + b"\1\1\x11\0"),
        (0xC4, b"\x00" + DC[0] + DC[1]),
        (0xC4, b"\x10" + AC[0] + AC[1]),
        (0xDA, b"\1\1\0\0\x3f\0"),
    ]
    return b"\xff\xd8" + b"".join(
        bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body
        for marker, body in segments
    )


def scan_of(stream: bytes) -> bytes:
    """The entropy-coded segment of a JPEG file with one scan.

    It lies between the scan's marker and the end of the image.
    """
    start = stream.find(b"\xff\xda")
    if start < 0 or not stream.endswith(b"\xff\xd9"):
        raise BitstreamError(
            "the JPEG stream is truncated or corrupt: its scan or its end is missing",
            "Encode the image again",
        )
    return stream[start + 2 + int.from_bytes(stream[start + 2 : start + 4], "big") : -2]


def decode(
    scan: bytes, shape: tuple[int, ...], quality: int = 50, transform: Transform = "integer"
) -> np.ndarray:
    """The uint8 (H, W) image of a scan: entropy decoder, dequantizer, inverse DCT.

    Raises:
        BitstreamError: the scan is truncated or corrupt.
    """
    zigzagged = entropy.from_bits(entropy.unpack(scan), -(-shape[0] // 8) * -(-shape[1] // 8))
    quantized = np.empty_like(zigzagged)
    quantized[:, ZIGZAG] = zigzagged
    return from_blocks(inverse_dct(quantized.reshape(-1, 8, 8), steps(quality), transform), shape)
