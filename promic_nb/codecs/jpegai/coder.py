"""Entropy coding of the two substreams with CompressAI's range coder, driven by integers only."""

from __future__ import annotations

from functools import cached_property

import torch
from compressai.ans import RansDecoder, RansEncoder
from torch import Tensor

Z_MAX = 31  # hyper-latent symbols are clamped to -31..31
PRECISION = 16  # bits of the range coder's tables
ESCAPE_BITS = 40.0  # roughly, of a symbol that a level's table does not hold
Tables = tuple[list[list[int]], list[int], list[int]]


class EntropyCoder:
    """Coder of hyper-latent and residual symbols.

    Args:
        tables: `z_cdf` int32 (C, 65): cumulative frequencies over -31..31 and an escape, a row for
            each channel; `r_cdf` int32 (levels, L): over -n..n and an escape, a row for each level
            of the scale grid; `r_length` int32 (levels): 2n + 1.
    """

    def __init__(self, tables: dict[str, Tensor]) -> None:
        channels, width = tables["z_cdf"].shape
        self._z: Tables = (tables["z_cdf"].tolist(), [width] * channels, [-Z_MAX] * channels)
        lengths = tables["r_length"].tolist()
        self._r: Tables = (
            tables["r_cdf"].tolist(),
            [n + 2 for n in lengths],
            [-(n // 2) for n in lengths],
        )

    @cached_property
    def _bits(self) -> tuple[Tensor, int]:
        """Bits of the symbols -n..n at each level, (levels, 2n + 1), and n."""
        n = max(-offset for offset in self._r[2])
        table = torch.full((len(self._r[0]), 2 * n + 1), ESCAPE_BITS, dtype=torch.float64)
        for level, (row, length, low) in enumerate(zip(*self._r, strict=True)):
            share = torch.tensor(row[: length - 1], dtype=torch.float64).diff() / 2**PRECISION
            table[level, n + low : n - low + 1] = -share.log2()
        return table, n

    def bits(self, symbols: Tensor, levels: Tensor) -> Tensor:
        """Bits, float64, of residual symbols at levels of the scale grid (int64), of one shape or
        broadcast; those beyond a level's table count as `ESCAPE_BITS`.
        """
        table, n = self._bits
        return table[levels, symbols.long().clamp(-n, n) + n]

    def encode_z(self, z: Tensor) -> bytes:
        """Substream of integer z (1, C, h, w)."""
        return RansEncoder().encode_with_indexes(_ints(z), _channels(z.shape), *self._z)

    def decode_z(self, stream: bytes, shape: tuple[int, int, int, int]) -> Tensor:
        """Integer z in float64, of shape (1, C, h, w)."""
        symbols = RansDecoder().decode_with_indexes(stream, _channels(shape), *self._z)
        return torch.tensor(symbols, dtype=torch.float64).view(shape).clamp_(-Z_MAX, Z_MAX)

    def encode_r(self, symbols: Tensor, index: Tensor, coded: Tensor) -> bytes:
        """Substream of the residual symbols where `coded`; `index` is the scale index in levels.

        All of one shape.
        """
        return RansEncoder().encode_with_indexes(
            _ints(symbols[coded]), _ints(index[coded].round()), *self._r
        )

    def decode_r(self, stream: bytes, index: Tensor, coded: Tensor) -> Tensor:
        """Residual symbols in float64, 0 where not `coded`, in the shape of `index`."""
        symbols = torch.zeros_like(index)
        values = RansDecoder().decode_with_indexes(stream, _ints(index[coded].round()), *self._r)
        symbols[coded] = torch.tensor(values, dtype=symbols.dtype)
        return symbols


def _ints(x: Tensor) -> list[int]:
    return x.to(torch.int32).flatten().tolist()


def _channels(shape: tuple[int, ...]) -> list[int]:
    return (
        torch.arange(shape[1], dtype=torch.int32).view(1, -1, 1, 1).expand(shape).flatten().tolist()
    )
