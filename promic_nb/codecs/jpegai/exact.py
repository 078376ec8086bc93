"""Fixed-point evaluation, for the networks that encoder and decoder must agree on to the last bit.

Weights and activations are rounded to multiples of a power of two and evaluated in float64. Every
product and every partial sum is then a multiple of 2^-24 below 2^29, which float64 holds exactly:
the result does not depend on the order of summation, and so not on the number of threads, the
library, or the machine. (float32 hyper-decoders are known to break decoding on another machine or
thread count: CompressAI issues 279 and 309.)
"""

from __future__ import annotations

import copy
from typing import TypeVar, cast

import torch
from torch import Tensor, nn

WEIGHT_BITS, ACTIVATION_BITS = 14, 10
ACTIVATION_LIMIT = 2.0**11
WEIGHT_LIMIT = 2.0**4
STAYS = (nn.ReLU, nn.ReLU6, nn.PixelShuffle)  # cut or move activations, and so need no rounding


def on_grid(x: Tensor) -> Tensor:
    """x, rounded to multiples of 2^-10 and clamped to +-2^11; float64, any shape."""
    return (
        (x * 2**ACTIVATION_BITS)
        .round()
        .div(2**ACTIVATION_BITS)
        .clamp(-ACTIVATION_LIMIT, ACTIVATION_LIMIT)
    )


M = TypeVar("M", bound=nn.Module)


class _OnGrid(nn.Module):
    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        return on_grid(self.layer(x))


def fixed_point(module: M) -> M:
    """A copy of `module` on the CPU that computes in fixed point; inputs have to be on the grid
    (integers are).

    Convolutions, transposed ones included, and layers that stay on the grid by themselves (`STAYS`)
    are supported; so is LeakyReLU, with its slope rounded like a weight and its output like an
    activation.

    Raises:
        TypeError: another kind of layer.
    """
    copied = copy.deepcopy(module).cpu().double()
    # A layer by itself is wrapped, a network keeps its class with its layers replaced.
    return cast(M, _convert(copied))


def _convert(module: nn.Module) -> nn.Module:
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        with torch.no_grad():
            module.weight.copy_(
                (module.weight * 2**WEIGHT_BITS)
                .round()
                .div(2**WEIGHT_BITS)
                .clamp(-WEIGHT_LIMIT, WEIGHT_LIMIT)
            )
            if module.bias is not None:
                scale = 2 ** (WEIGHT_BITS + ACTIVATION_BITS)
                module.bias.copy_((module.bias * scale).round() / scale)
        return _OnGrid(module)
    if isinstance(module, nn.LeakyReLU):
        return _OnGrid(nn.LeakyReLU(round(module.negative_slope * 2**WEIGHT_BITS) / 2**WEIGHT_BITS))
    children = list(module.named_children())
    if next(module.parameters(recurse=False), None) is not None or not (
        children or isinstance(module, STAYS)
    ):
        raise TypeError(f"no fixed-point form of {type(module).__name__}")
    for name, child in children:
        setattr(module, name, _convert(child))
    return module
