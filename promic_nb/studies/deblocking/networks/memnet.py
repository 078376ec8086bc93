"""MemNet: memory blocks with gates."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from promic_nb.studies.deblocking.layers import Add, conv
from promic_nb.studies.deblocking.network import Network


def _unit(width: int) -> nn.Module:
    """A residual unit with one batch normalization."""
    return Add(conv(width, width), nn.BatchNorm2d(width), nn.ReLU(), conv(width, width))


class MemNet(nn.Module):
    """Memory blocks of four residual units and a gate (Fig. 15).

    The gate reads all units and all earlier memories.

    With four blocks of width 16, separate weights for each unit and one batch normalization per
    unit it has 84,403 parameters, as printed.
    """

    def __init__(self, width: int = 16, blocks: int = 4, units: int = 4) -> None:
        super().__init__()
        self.first = nn.Sequential(conv(3, width, 5), nn.ReLU())
        self.units = nn.ModuleList(
            nn.ModuleList(_unit(width) for _ in range(units)) for _ in range(blocks)
        )
        self.gates = nn.ModuleList(
            nn.Sequential(conv(width * (units + i), width, 1), nn.ReLU())
            for i in range(1, blocks + 1)
        )
        self.last = conv(width, 3, 5)

    def forward(self, x: Tensor) -> Tensor:
        memories = [self.first(x)]
        for units, gate in zip(self.units, self.gates, strict=True):
            short, state = [], memories[-1]
            for unit in units.children():
                state = unit(state)
                short.append(state)
            memories.append(gate(torch.cat([*short, *memories], dim=1)))
        return self.last(memories[-1])


MEMNET = Network(MemNet, "MemNet", 84_403)
