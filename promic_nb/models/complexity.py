"""Multiply-accumulate operations of a network, part by part, in two conventions.

The dissertation's Tables 7 and 8 count a transposed convolution by its output positions, as ptflops 0.6.5 does (the counter of the JPEG AI
software): four times too many at stride 2. `true` counts by input positions. Only convolutions and linear layers count, without bias.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from math import prod
from typing import Any, Literal

import torch
from torch import Tensor, nn

Convention = Literal["true", "paper"]


def macs_of_call(module: nn.Module, call: Callable[[], Any], convention: Convention = "true", depth: int = 1) -> dict[str, int]:
    """Operations that `call` makes in the layers of `module`, by part.

    Args:
        call: runs the module, e.g. `lambda: model(x)`; no gradients are kept.
        depth: how many levels of names make a part: 1 gives "front", "stages" ...; 2 also splits those.

    Returns:
        Part to multiply-accumulates; parts without any are left out.
    """
    counts: dict[str, int] = defaultdict(int)
    handles = []
    for name, layer in module.named_modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            part = ".".join(name.split(".")[:depth])
            handles.append(layer.register_forward_hook(_counter(counts, part, convention)))
    try:
        with torch.inference_mode():
            call()
    finally:
        for handle in handles:
            handle.remove()
    return dict(counts)


def macs(module: nn.Module, input_shape: tuple[int, ...], convention: Convention = "true", depth: int = 1) -> dict[str, int]:
    """`macs_of_call` of `module(zeros(input_shape))`, and their sum under "total"."""
    parts = macs_of_call(module, lambda: module(torch.zeros(input_shape)), convention, depth)
    return {**parts, "total": sum(parts.values())}


def _counter(counts: dict[str, int], part: str, convention: Convention) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
    def count(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        if isinstance(layer, nn.Linear):
            positions = prod(output.shape[:-1])
        else:
            by_input = isinstance(layer, nn.ConvTranspose2d) and convention == "true"
            positions = output.shape[0] * prod((inputs[0] if by_input else output).shape[-2:])
        counts[part] += positions * layer.weight.numel()

    return count
