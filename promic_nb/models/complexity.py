"""Multiply-accumulate operations of a network, part by part, in two conventions.

The dissertation's Tables 7 and 8 count a transposed convolution by its output positions, as ptflops
0.6.5 does (the counter of the JPEG AI software): four times too many at stride 2. `true` counts by
input positions. Convolutions, linear layers and the matrix products of attention count, without
bias.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable
from math import prod
from typing import Any, Literal

import torch
from torch import Tensor, nn

from promic_nb.codecs.jpegai.attention import ChannelAttention

Convention = Literal["true", "paper"]


def macs_of_call(
    module: nn.Module, call: Callable[[], Any], convention: Convention = "true", depth: int = 1
) -> dict[str, int]:
    """Operations that `call` makes in the layers of `module`, by part.

    Args:
        call: runs the module, e.g. `lambda: model(x)`; no gradients are kept.
        depth: how many levels of names make a part: 1 gives "front", "stages" ...; 2 also splits
            those.

    Returns:
        Part to multiply-accumulates; parts without any are left out.
    """
    counts: dict[str, int] = defaultdict(int)
    handles = []
    for name, layer in module.named_modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear | ChannelAttention):
            part = ".".join(name.split(".")[:depth])
            handles.append(layer.register_forward_hook(_counter(counts, part, convention)))
    try:
        with torch.inference_mode():
            call()
    finally:
        for handle in handles:
            handle.remove()
    return dict(counts)


def macs(
    module: nn.Module, input_shape: tuple[int, ...], convention: Convention = "true", depth: int = 1
) -> dict[str, int]:
    """`macs_of_call` of `module(x)` for an x of `input_shape`, and their sum under "total".

    Nothing is computed: a copy runs without data.
    """
    ghost: nn.Module = copy.deepcopy(module).to("meta")
    parts = macs_of_call(
        ghost, lambda: ghost(torch.zeros(input_shape, device="meta")), convention, depth
    )
    return {**parts, "total": sum(parts.values())}


def _counter(
    counts: dict[str, int], part: str, convention: Convention
) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
    def count(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        if isinstance(layer, ChannelAttention):
            # Q K^T and its product with V, head by head; the layers within count by themselves.
            counts[part] += 2 * output.numel() * output.shape[1] // layer.heads
        elif isinstance(layer, nn.Linear):
            counts[part] += prod(output.shape[:-1]) * layer.weight.numel()
        elif isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            by_input = isinstance(layer, nn.ConvTranspose2d) and convention == "true"
            positions = output.shape[0] * prod((inputs[0] if by_input else output).shape[-2:])
            counts[part] += positions * layer.weight.numel()

    return count
