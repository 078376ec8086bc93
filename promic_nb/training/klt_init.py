"""Initialize the codec as the Karhunen-Loeve transform (KLT) of 16x16 blocks, computed exactly.

From random weights, a CPU needs hours until the transforms code more than noise. A linear block
transform fits into the layers without loss: stride-2 convolutions gather samples into channels,
transposed ones scatter them again, and gates and attention start as the identity. The remaining
channels keep their random weights, so training can leave the linear start at once.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn

from promic_nb.codecs.jpegai.attention import (
    ConvAttentionBlock,
    ResAU,
    Residual,
    TransformerAttention,
)
from promic_nb.codecs.jpegai.model import LEVELS, LOG_STEP, SIGMA_MIN, SKIP_INDEX, JpegAiStyle
from promic_nb.codecs.jpegai.networks import LATENT_CHANNELS, LightResidualBlock, start_levels
from promic_nb.training.material import Material

BLOCK = 16
BANDS = 4  # of channels by falling variance; the hyper-latent starts as their local magnitude
SLOPE = 1.6  # initial change in scale-grid levels per step of the hyper-latent
CAB_GAIN = 1.5  # of a ConvAttentionBlock whose mask is 0.5 everywhere


def klt(material: Material, count: int = LATENT_CHANNELS) -> Tensor:
    """Leading eigenvectors of the covariance of 16x16 blocks.

    In mixed material (several groups), every group has the same weight, and so has every picture
    within its group, whatever its contrast, with its rotations and reflections: unseen pictures
    will have other statistics.

    Args:
        material: groups of pictures, uint8 (H, W).

    Returns:
        float32 (count, 16, 16), orthonormal, in order of falling variance.
    """
    covariance = np.zeros((BLOCK**2, BLOCK**2))
    for group in material:
        for image in group:
            own = blocks(image)
            if len(material) == 1:
                covariance += own.T @ own
            else:
                turned = _turned_covariance(own.T @ own / len(own))
                alternating = np.trace(turned) - turned.mean() * BLOCK**2
                covariance += turned / max(alternating, 1) / len(group)
    vectors = np.linalg.eigh(covariance)[1][:, ::-1][:, :count]
    return torch.from_numpy(np.ascontiguousarray(vectors.T)).float().view(count, BLOCK, BLOCK)


def blocks(image: np.ndarray) -> np.ndarray:
    """The 16x16 blocks of a picture (H, W), minus 127.5, one per row: (n, 256)."""
    h, w = (n // BLOCK for n in image.shape)
    grid = image[: h * BLOCK, : w * BLOCK].reshape(h, BLOCK, w, BLOCK).swapaxes(1, 2)
    return grid.reshape(-1, BLOCK**2) - 127.5


def _turned_covariance(covariance: np.ndarray) -> np.ndarray:
    """Mean covariance (256, 256) over the eight rotations and reflections of a block."""
    place = np.arange(BLOCK**2).reshape(BLOCK, BLOCK)
    orders = [np.rot90(p, k).ravel() for p in (place, place.T) for k in range(4)]
    return np.mean([covariance[np.ix_(order, order)] for order in orders], axis=0)


def levels(material: Material, basis: Tensor, beta: float, most: int = 16) -> Tensor:
    """The typical scale-grid level of each channel.

    It is the level of the geometric mean, over pictures, of the channel's mean magnitude.

    Args:
        material: as in `klt`; at most `most` pictures of each group are used.
        basis: (160, 16, 16), see `start_from`.

    Returns:
        (160,), within the grid and above the skip threshold.
    """
    rows = basis.flatten(1).double().numpy()
    means = [
        np.log(np.abs(blocks(image) @ rows.T).mean(0) / _step(beta) + SIGMA_MIN)
        for group in material
        for image in group[:: max(1, len(group) // most)]
    ]
    level = (torch.from_numpy(np.mean(means, axis=0)).float() - math.log(SIGMA_MIN)) / LOG_STEP
    return level.clamp(SKIP_INDEX + 1, LEVELS - 4)


def _step(beta: float) -> float:
    """The quantization step that minimizes rate + beta MSE at high rate.

    It solves 2 ln 2 beta step^2 / 12 = 1.
    """
    return math.sqrt(6 / (math.log(2) * beta))


@torch.no_grad()
def start_from(
    model: JpegAiStyle, basis: Tensor, beta: float, level: Tensor | None = None
) -> JpegAiStyle:
    """Initialize the transforms of `model` as a block transform, and return the model.

    The transform is scaled for unit quantization steps at `beta`.

    Args:
        basis: (160, 16, 16), orthonormal rows, such as from `klt`.
        level: (160,), the initial output of the hyper-scale decoder for each channel, on the scale
            grid.
    """
    scale = 128 / _step(beta)
    if level is not None:
        start_levels(model.hyper_scale_decoder, level)
        _start_hyper_encoder(model.hyper_encoder, level)
        _start_hyper_scale_decoder(model.hyper_scale_decoder)
    channels = basis.flatten(1)[:, _gathered_order()]
    for module in model.modules():
        _still(module)
    gather = [m for m in model.analysis if isinstance(m, nn.Conv2d)]
    gains = [1.0, 1.0, CAB_GAIN if model.op == "hop" else 1.0]
    for layer, n, gain in zip(gather, (1, 4, 16), gains, strict=False):
        _gather(layer, n, 1 / gain)
    transform, last = gather[3:]
    _gather_into(transform, channels)
    last.weight.copy_(scale * torch.eye(LATENT_CHANNELS)[..., None, None])
    scatter = [m for m in model.synthesis if isinstance(m, nn.ConvTranspose2d)]
    _scatter_from(scatter[0], channels / scale)
    _scatter(scatter[1], 16)
    tail = [m for m in model.synthesis if isinstance(m, nn.Conv2d)]
    if model.op == "bop":
        _pass(tail[0], torch.arange(16), torch.arange(16))
        r, c = torch.meshgrid(torch.arange(4), torch.arange(4), indexing="ij")
        _pass(
            tail[1],
            (4 * r + c).flatten(),
            (4 * (2 * (r // 2) + c // 2) + 2 * (r % 2) + c % 2).flatten(),
        )
    else:
        position, channel = torch.meshgrid(torch.arange(4), torch.arange(4), indexing="ij")
        _pass(
            tail[0],
            (4 * channel + position).flatten(),
            (4 * position + channel).flatten(),
            1 / CAB_GAIN,
        )
        _scatter(scatter[2], 1)
    return model


def _start_hyper_encoder(encoder: nn.Sequential, level: Tensor) -> None:
    """Initialize the hyper-latent as the local magnitude of four bands of channels.

    It has 64 channels: four bands at each of the 4x4 latent positions that it covers, position by
    position.

    With random weights it rounds to 0 everywhere and stays there: a prior that ignores the picture,
    with one scale for flat and busy regions. For a magnitude u relative to its mean, a channel is
    2 u - 6 max(0, 1/2 - u), which is closer to a logarithm than u.
    """
    first, second, third, fourth, fifth = (m for m in encoder if isinstance(m, nn.Conv2d))
    for layer in (first, second, third, fourth, fifth):
        layer.weight.mul_(0.1)
        _bias(layer).zero_()
    channel, band = torch.arange(LATENT_CHANNELS), torch.arange(BANDS)
    width = LATENT_CHANNELS // BANDS
    first.weight[channel, channel, 1, 1] += 1 / (SIGMA_MIN * torch.exp(LOG_STEP * level))
    second.weight[channel // width, channel, 1, 1] += 1 / width
    for position, i, j in _positions():
        third.weight[position * BANDS + band, band, i, j] += 1
        third.weight[(4 + position) * BANDS + band, band, i, j] -= 1
    _bias(third)[4 * BANDS : 8 * BANDS] = 0.5
    both, quarter = torch.arange(8 * BANDS), torch.arange(4 * BANDS)
    fourth.weight[both, both, 1, 1] += 1
    for position, i, j in _positions():
        fifth.weight[position * 4 * BANDS + quarter, quarter, i, j] += 2
        fifth.weight[position * 4 * BANDS + quarter, 4 * BANDS + quarter, i, j] -= 6


def _start_hyper_scale_decoder(decoder: nn.Sequential) -> None:
    """Start with higher scales where the hyper-latent's band is large, lower ones elsewhere."""
    first, second, last = (m for m in decoder if isinstance(m, nn.Conv2d))
    heard = torch.arange(16 * BANDS)
    _pass(first, heard, heard)
    _bias(first)[heard] = 4
    _pass(second, heard, heard)
    row, column = torch.meshgrid(torch.arange(4), torch.arange(4), indexing="ij")
    # Position in `_gather` order: the coarse step's, then the fine one's.
    place = 4 * (2 * (row // 2) + column // 2) + 2 * (row % 2) + column % 2
    band = torch.arange(LATENT_CHANNELS) * BANDS // LATENT_CHANNELS
    source = (place.flatten() * BANDS)[None] + band[:, None]
    last.weight[torch.arange(len(_bias(last))), source.flatten(), 0, 0] += SLOPE
    _bias(last).sub_(6 * SLOPE)


def block_latent(x: Tensor, basis: Tensor, beta: float) -> Tensor:
    """The latent (N, 160, H/16, W/16) of samples (N, 1, H, W) in the transforms of `start_from`."""
    return torch.nn.functional.conv2d(x - 127.5, basis[:, None] / _step(beta), stride=BLOCK)


def _gathered_order() -> Tensor:
    """The sample (row-major, of 256) behind each channel after four gathering steps.

    The finest bits of row and column come first.
    """
    bit = torch.arange(8)
    index = torch.arange(BLOCK**2)[:, None] >> bit & 1
    column, row = index[:, 0::2], index[:, 1::2]
    weight = 2 ** torch.arange(4)
    return (row * weight).sum(1) * BLOCK + (column * weight).sum(1)


def _still(module: nn.Module) -> None:
    """Initialize gates, residual blocks and attention as the identity.

    A CAB starts as 1.5 times the identity.
    """
    if isinstance(module, ResAU):
        _zero(module.gate[-1])
    elif isinstance(module, LightResidualBlock):
        module.conv.weight.mul_(0.003)  # not zero: a ReLU at 0 would never learn
        _bias(module.conv).zero_()
    elif isinstance(module, Residual):
        _zero([m for m in module.body.modules() if isinstance(m, nn.Conv2d)][-1])
    elif isinstance(module, ConvAttentionBlock):
        _zero(module.mask[-1])
    elif isinstance(module, TransformerAttention):
        first, last = module.body[1], module.body[-1]
        assert isinstance(first, nn.Conv2d) and isinstance(last, nn.ConvTranspose2d)
        _gather(first, 4)
        _scatter(last, 4)


def _zero(layer: nn.Module) -> None:
    for parameter in layer.parameters():
        parameter.zero_()


def _bias(layer: nn.Conv2d | nn.ConvTranspose2d) -> Tensor:
    assert layer.bias is not None
    return layer.bias


def _positions() -> list[tuple[int, int, int]]:
    """(position, row tap, column tap) of the 2x2 samples under a stride-2 kernel with padding 1."""
    return [(2 * i + j, 1 + i, 1 + j) for i in range(2) for j in range(2)]


def _gather(layer: nn.Conv2d, n: int, gain: float = 1.0) -> None:
    """Make output channels 0 .. 4n-1 the first n input channels at the four positions of 2x2."""
    layer.weight[: 4 * n] = 0
    _bias(layer)[: 4 * n] = 0
    k = torch.arange(n)
    for position, i, j in _positions():
        layer.weight[position * n + k, k, i, j] = gain


def _gather_into(layer: nn.Conv2d, channels: Tensor) -> None:
    """Project the samples of a block on the rows of `channels` (160, 256).

    The samples are 64 channels at four positions.
    """
    _zero(layer)
    for position, i, j in _positions():
        layer.weight[:, :64, i, j] = channels[:, 64 * position : 64 * position + 64]


def _scatter(layer: nn.ConvTranspose2d, n: int) -> None:
    """Inverse of `_gather`."""
    layer.weight[:, :n] = 0
    _bias(layer)[:n] = 0
    k = torch.arange(n)
    for position, i, j in _positions():
        layer.weight[position * n + k, k, i, j] = 1


def _scatter_from(layer: nn.ConvTranspose2d, channels: Tensor) -> None:
    """Inverse of `_gather_into`."""
    layer.weight[:, :64] = 0
    _bias(layer)[:64] = 0
    for position, i, j in _positions():
        layer.weight[:, :64, i, j] = channels[:, 64 * position : 64 * position + 64]


def _pass(layer: nn.Conv2d, outputs: Tensor, inputs: Tensor, gain: float = 1.0) -> None:
    """Copy these input channels to these output channels."""
    layer.weight[outputs] = 0
    if layer.bias is not None:
        layer.bias[outputs] = 0
    middle = layer.kernel_size[0] // 2
    layer.weight[outputs, inputs, middle, middle] = gain
