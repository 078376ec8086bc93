"""Rate-distortion optimized quantization at the encoder, for what the decoder will make of it.

The analysis transform is trained to spend few bits: its latent is already drawn towards the
predicted mean. Rounding that latent towards zero once more costs far more quality than a distortion
measured against the latent says. So distortion is measured in samples. Around a decoded latent y^
the squared error of the reconstruction is, to a fraction of a percent, SSE + g d + w d^2 for a
change d of one position, with g its gradient and w a constant for each channel (the squared norm of
what the synthesis makes of one unit). The latent that would minimize it is y^ - g / 2w. Each pass
moves the target half-way there and quantizes it again, each symbol to the cheapest of three: the
nearest, one step towards zero, and zero. Phases follow one another, so means are those that the
decoder will have. The best of all passes is kept, plain rounding included: refinement never makes
the cost bits + lambda SSE larger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from promic_nb.codecs.jpegai import networks as nets
from promic_nb.codecs.jpegai.hyperprior import size_of
from promic_nb.codecs.jpegai.tiles import MARGIN, MAX_SAMPLES, TILE

if TYPE_CHECKING:
    from promic_nb.codecs.jpegai.codec import JpegAiStyleCodec, Side

# Bits for one squared quantization step, where a uniform quantizer at high rates trades
# 6 / ln 2 = 8.7; the best of 4, 6, 7, 9, 10, 14, 20 on validation slices.
BITS_PER_STEP = 10.0
DAMPING = 0.5  # part of the way to the best latent that a pass goes


Slices = tuple[slice, slice]


class Choice(NamedTuple):
    """Symbols, the latent that they decode to, and their bits."""

    symbols: Tensor
    latent: Tensor
    bits: float


@torch.inference_mode(mode=False)
def refined(codec: JpegAiStyleCodec, x: Tensor, y: Tensor, side: Side, passes: int) -> Tensor:
    """Symbols, in the shape of `side.index`, for samples x (1, 1, H, W) in 0..255.

    Args:
        codec: gives entropy tables, context means and synthesis.
        y: latent of x, (1, C, h, w).
        side: what the stream says about it.
        passes: each takes about three times the time of a synthesis.
    """
    h, w = y.shape[-2:]
    target, step = y.double(), side.step[..., :h, :w]
    scale = torch.ones_like(step) if side.lsbs is None else side.lsbs[..., :h, :w]
    current = _quantized(codec, target, side)
    signs = torch.Generator().manual_seed(0)

    def random_signs(made: Tensor, _: Tensor) -> Tensor:
        return (made * (torch.randint(0, 2, made.shape, generator=signs) * 2 - 1)).sum()

    # The mean square of this gradient is the squared norm of what one unit of a channel becomes.
    _, slope = _total(codec, x, current.latent[..., :h, :w] * scale, random_signs)
    norm = slope.square().mean((0, 2, 3), keepdim=True)
    norm = norm.clamp_min(1e-6 * float(norm.max())) * scale**2
    price = BITS_PER_STEP / float((norm / step**2).median())  # bits for a squared error of 1
    weight = torch.zeros_like(side.index)
    weight[..., :h, :w] = price * norm / step**2
    best, cheapest = current, float("inf")
    for left in range(passes, -1, -1):
        latent = current.latent[..., :h, :w]
        error, slope = _total(codec, x, latent * scale, _squared_error, gradient=left > 0)
        if current.bits + price * error < cheapest:
            best, cheapest = current, current.bits + price * error
        if left:
            target = target + DAMPING * (latent - slope * scale / (2 * norm) - target)
            current = _quantized(codec, target, side, weight)
    return best.symbols


def _quantized(
    codec: JpegAiStyleCodec, target: Tensor, side: Side, weight: Tensor | None = None
) -> Choice:
    """Symbols of a latent: the nearest, or with `weight`, bits for a squared step, the cheapest."""
    h, w = side.index.shape[-2:]
    padding = (0, w - target.shape[-1], 0, h - target.shape[-2])
    parts = nets.deinterleave(torch.nn.functional.pad(target, padding))
    levels = [part.round().long() for part in nets.deinterleave(side.index)]
    weights = None if weight is None else nets.deinterleave(weight)

    def symbols(phase: int, mean: Tensor, step: Tensor) -> Tensor:
        exact = (parts[phase] - mean) * step
        nearest = exact.round()
        if weights is None:
            return nearest
        tried = torch.stack([nearest, nearest - nearest.sign(), torch.zeros_like(nearest)])
        cost = codec.coder.bits(tried, levels[phase]) + weights[phase] * (tried - exact) ** 2
        return tried.gather(0, cost.argmin(0, keepdim=True))[0]

    found, latent = codec.code_phases(side, symbols)
    bits = codec.coder.bits(found, side.index.round().long())[side.coded].sum()
    return Choice(found, latent, float(bits))


def _squared_error(made: Tensor, samples: Tensor) -> Tensor:
    return (made - samples).square().sum()


def _total(
    codec: JpegAiStyleCodec,
    x: Tensor,
    latent: Tensor,
    loss: Callable[[Tensor, Tensor], Tensor],
    *,
    gradient: bool = True,
) -> tuple[float, Tensor]:
    """Sum over tiles of a loss of reconstruction and samples, and its gradient by the latent."""
    total, slope = 0.0, torch.zeros_like(latent)
    for outer, inner, samples in _tiles(size_of(x), size_of(latent)):
        part = latent[..., *outer].float().clone().requires_grad_(gradient)
        with torch.set_grad_enabled(gradient):
            value = loss(codec.model.reconstruct(part)[..., *inner], x[..., *samples].clone())
        total += float(value.detach())
        if gradient:
            slope[..., *outer] += torch.autograd.grad(value, part)[0]
    return total, slope


def _tiles(size: tuple[int, int], grid: tuple[int, int]) -> Iterator[tuple[Slices, Slices, Slices]]:
    """Of each tile of an image: latent positions with their margin, the samples of their
    reconstruction that count, and these samples in the image. The sum of their gradients is that of
    the whole, as in `tiles.tiled`.
    """
    whole = size[0] * size[1] <= MAX_SAMPLES
    core, margin = (max(grid), 0) if whole else ((TILE - 2 * MARGIN) // 16, MARGIN // 16)

    def along(side: int, positions: int) -> Iterator[tuple[slice, slice, slice]]:
        for start in range(0, positions, core):
            first = max(0, start - margin)
            used = slice(16 * start, min(16 * (start + core), side))
            inside = slice(used.start - 16 * first, used.stop - 16 * first)
            yield slice(first, min(start + core + margin, positions)), inside, used

    for rows in along(size[0], grid[0]):
        for columns in along(size[1], grid[1]):
            outer, inner, samples = zip(rows, columns, strict=True)
            yield outer, inner, samples
