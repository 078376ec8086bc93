"""Large images in tiles: analysis and synthesis of one tile at a time bound the memory (JPEG AI:
1024-tiles with 64 overlap).
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

MAX_SAMPLES = 1_048_576  # an image up to this size is one tile
TILE, MARGIN = (
    1024,
    64,
)  # samples; a tile's inner edge is computed MARGIN further out than it is used


def tiled(
    network: Callable[[Tensor], Tensor], x: Tensor, size: tuple[int, int], zoom: int
) -> Tensor:
    """`network(x)`, computed in tiles if the image has more than `MAX_SAMPLES` samples.

    Where the receptive field stays within `MARGIN` (BOP: 61 samples) tiles change nothing;
    attention (HOP) sees one tile instead of all.

    Args:
        network: maps (1, C, h, w) to (1, C', h', w'); `zoom` 16 is a synthesis (h' = 16 h), -16 an
            analysis (h' = ceil(h / 16)).
        size: (H, W) of the image in samples.
    """
    if size[0] * size[1] <= MAX_SAMPLES:
        return network(x)
    unit = zoom if zoom > 0 else 1  # samples for each position of x
    core, margin = (TILE - 2 * MARGIN) // unit, MARGIN // unit
    height, width = (n * zoom if zoom > 0 else -(n // zoom) for n in x.shape[-2:])
    out: Tensor | None = None
    for top in range(0, x.shape[-2], core):
        for left in range(0, x.shape[-1], core):
            above, before = min(top, margin), min(left, margin)
            part = network(
                x[..., top - above : top + core + margin, left - before : left + core + margin]
            )
            if out is None:
                out = part.new_empty(1, part.shape[1], height, width)
            t, b, a, d = (_scaled(n, zoom) for n in (top, top + core, above, left))
            r, c = _scaled(left + core, zoom), _scaled(before, zoom)
            target = out[..., t:b, d:r]
            target.copy_(part[..., a : a + target.shape[-2], c : c + target.shape[-1]])
    assert out is not None  # x has at least one sample
    return out


def _scaled(n: int, zoom: int) -> int:
    return n * zoom if zoom > 0 else n // -zoom
