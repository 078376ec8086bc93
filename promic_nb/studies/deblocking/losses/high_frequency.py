"""The high-frequency loss."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SIGMA, KERNEL = 3.0, 7


class HighFrequency(nn.Module):
    """alpha h_f + (1 - alpha) MAE (Eqs. 10-12).

    h_f is the mean magnitude of the residual minus its blur, where the 7x7 kernel fits.
    """

    kernel: Tensor

    def __init__(self, alpha: float = 0.99) -> None:
        super().__init__()
        self.alpha = alpha
        line = torch.exp(-((torch.arange(KERNEL) - KERNEL // 2) ** 2) / (2 * SIGMA**2))
        kernel = torch.outer(line, line) / line.sum() ** 2
        self.register_buffer("kernel", kernel.expand(3, 1, KERNEL, KERNEL).clone())

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        residual, edge = target - prediction, KERNEL // 2
        sharp = residual[..., edge:-edge, edge:-edge] - F.conv2d(residual, self.kernel, groups=3)
        return self.alpha * sharp.abs().mean() + (1 - self.alpha) * residual.abs().mean()


def high_frequency(_: str) -> nn.Module:
    """The loss with the thesis's alpha, 0.99."""
    return HighFrequency()
