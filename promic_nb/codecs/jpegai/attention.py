"""Building blocks of the JPEG-AI-style transforms: gates and attention (Esenlik et al., IEEE TCSVT
36(2), 2026; VM 7.0).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def conv(inputs: int, outputs: int, kernel: int = 3, stride: int = 1, **kwargs) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, **kwargs)


class EvenPad(nn.Module):
    """Repeat the last row and column where a size is odd, so that a stride-2 convolution halves it
    upwards.
    """

    def forward(self, x: Tensor) -> Tensor:
        odd = (0, x.shape[-1] % 2, 0, x.shape[-2] % 2)
        return F.pad(x, odd, mode="replicate") if any(odd) else x


class ResAU(nn.Module):
    """Residual attention unit: x (1 + W2 ReLU6(W1 x)), W1 a grouped 3x3 and W2 a 1x1 convolution,
    both without bias.
    """

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__()
        self.gate = nn.Sequential(
            conv(channels, channels, groups=groups, bias=False),
            nn.ReLU6(),
            conv(channels, channels, 1, bias=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + x * self.gate(x)


class Residual(nn.Module):
    """x + body(x)."""

    def __init__(self, *body: nn.Module) -> None:
        super().__init__()
        self.body = nn.Sequential(*body)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


def residual_block(channels: int) -> Residual:
    """RB: x + conv(ReLU(conv(x)))."""
    return Residual(conv(channels, channels), nn.ReLU(), conv(channels, channels))


class ConvAttentionBlock(nn.Module):
    """CAB: x + features(x) * sigmoid(mask(x)), the mask computed at half size."""

    def __init__(self, c: int) -> None:
        super().__init__()
        self.features = nn.Sequential(residual_block(c), residual_block(c))
        self.mask = nn.Sequential(
            EvenPad(),
            conv(c, c, stride=2),
            residual_block(c),
            residual_block(c),
            nn.ConvTranspose2d(c, c, 3, 2, 1, output_padding=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        mask = self.mask(x)[..., : x.shape[-2], : x.shape[-1]]
        return x + self.features(x) * mask.sigmoid()


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of each position of (N, C, H, W)."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class ChannelAttention(nn.Module):
    """Attention between the channels of each head; queries and keys have unit length over all
    positions.
    """

    def __init__(self, c: int, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.temperature = nn.Parameter(torch.ones(heads, 1, 1))
        self.qkv = nn.Sequential(
            conv(c, 3 * c, 1, bias=False), conv(3 * c, 3 * c, groups=3 * c, bias=False)
        )
        self.project = conv(c, c, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (
            part.unflatten(1, (self.heads, -1)).flatten(3) for part in self.qkv(x).chunk(3, 1)
        )
        weights = (
            F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).transpose(-2, -1) * self.temperature
        )
        return self.project((weights.softmax(-1) @ v).flatten(1, 2).view_as(x))


class GatedFeedForward(nn.Module):
    """conv(ELU(u) * w), u and w the halves of a depthwise expansion."""

    def __init__(self, c: int, expansion: int = 4) -> None:
        super().__init__()
        wide = 2 * expansion * c
        self.expand = nn.Sequential(
            conv(c, wide, 1, bias=False), conv(wide, wide, groups=wide, bias=False)
        )
        self.project = conv(wide // 2, c, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        u, w = self.expand(x).chunk(2, 1)
        return self.project(F.elu(u) * w)


class TransformerAttention(nn.Module):
    """TAM: two transformer blocks between a stride-2 convolution and its transpose; keeps the shape
    (N, C, H, W).
    """

    def __init__(self, c: int) -> None:
        super().__init__()
        blocks = [
            Residual(ChannelNorm(c), part(c))
            for _ in range(2)
            for part in (ChannelAttention, GatedFeedForward)
        ]
        self.body = nn.Sequential(
            EvenPad(),
            conv(c, c, stride=2),
            *blocks,
            nn.ConvTranspose2d(c, c, 3, 2, 1, output_padding=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x)[..., : x.shape[-2], : x.shape[-1]]
