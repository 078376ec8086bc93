"""Luma networks of the JPEG-AI-style codec: base and high operation points (BOP, HOP), hyperprior
and 4-phase context model.

Layer for layer the structure that the JPEG AI overview (Esenlik et al., IEEE TCSVT 36(2), 2026) and
the VM 7.0 documents describe, written anew. Parameter counts equal the released VM 7.0 checkpoints
(tests/codecs/test_networks.py).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from promic_nb.codecs.jpegai.attention import (
    ConvAttentionBlock,
    EvenPad,
    ResAU,
    TransformerAttention,
    conv,
    residual_block,
)

LATENT_CHANNELS = 160
# Order in which the context model visits the 2x2 positions of the latent grid: (row, column).
PHASES = ((0, 0), (1, 1), (0, 1), (1, 0))


class LightResidualBlock(nn.Module):
    """x + ReLU(conv(x)): the codec's with kernel 3, the Domain Translator's (Fig. 22 of the
    dissertation) with kernel 1.
    """

    def __init__(self, channels: int, kernel_size: int = 3, bias: bool = True) -> None:
        super().__init__()
        self.conv = conv(channels, channels, kernel_size, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        return x + F.relu(self.conv(x))


def up(inputs: int, outputs: int) -> nn.ConvTranspose2d:
    """Twice the size: transposed 3x3 convolution of stride 2."""
    return nn.ConvTranspose2d(inputs, outputs, 3, 2, 1, output_padding=1)


class LumaTransforms(nn.Module):
    """Analysis and synthesis transform of luma samples in units of 0..255; inside, the networks see
    (x - 127.5) / 128.
    """

    def __init__(self, analysis: nn.Sequential, synthesis: nn.Sequential) -> None:
        super().__init__()
        self.analysis, self.synthesis = analysis, synthesis

    def latent(self, x: Tensor) -> Tensor:
        """Continuous latent y (N, C, ceil(H/16), ceil(W/16)) of samples x (N, 1, H, W), 0..255."""
        return self.analysis((x - 127.5) / 128)

    def reconstruct(self, y: Tensor) -> Tensor:
        """Samples (N, 1, 16h, 16w) in 0..255, unclamped, of a decoded latent (N, C, h, w)."""
        return self.synthesis(y) * 128 + 127.5


def bop_analysis() -> nn.Sequential:
    """Luma plane (N, 1, H, W), scaled to about -1..1, to the latent (N, 160, ceil(H/16),
    ceil(W/16)).
    """
    layers: list[nn.Module] = []
    for inputs in (1, 128, 128):
        layers += [EvenPad(), conv(inputs, 128, stride=2), ResAU(128, groups=4)]
    return nn.Sequential(
        *layers,
        EvenPad(),
        conv(128, LATENT_CHANNELS, stride=2),
        conv(LATENT_CHANNELS, LATENT_CHANNELS, 1, bias=False),
    )


def bop_synthesis() -> nn.Sequential:
    """Latent (N, 160, h, w) to the luma plane (N, 1, 16h, 16w), scaled to about -1..1."""
    return nn.Sequential(
        LightResidualBlock(LATENT_CHANNELS),
        nn.ConvTranspose2d(LATENT_CHANNELS, 64, 4, 2, 1),
        ResAU(64, groups=4),
        nn.ConvTranspose2d(64, 64, 4, 2, 1),
        ResAU(64, groups=4),
        conv(64, 96),
        ResAU(96, groups=6),
        conv(96, 16, 1, bias=False),
        nn.PixelShuffle(4),
    )


def hop_analysis() -> nn.Sequential:
    """As `bop_analysis`, with channel attention at half size and a spatial gate at a quarter."""
    return nn.Sequential(
        *(EvenPad(), conv(1, 128, stride=2), ResAU(128, groups=4), TransformerAttention(128)),
        *(EvenPad(), conv(128, 128, stride=2), ResAU(128, groups=4), ConvAttentionBlock(128)),
        *(EvenPad(), conv(128, 128, stride=2), ResAU(128, groups=4)),
        *(
            EvenPad(),
            conv(128, LATENT_CHANNELS, stride=2),
            conv(LATENT_CHANNELS, LATENT_CHANNELS, 1, bias=False),
        ),
    )


def hop_synthesis() -> nn.Sequential:
    """As `bop_synthesis`: the high operation point's, about 15 times the operations."""
    return nn.Sequential(
        *(residual_block(LATENT_CHANNELS), up(LATENT_CHANNELS, 128), ResAU(128, groups=4)),
        *(up(128, 128), ConvAttentionBlock(128), ResAU(128, groups=4)),
        *(
            conv(128, 512, 1),
            nn.PixelShuffle(2),
            TransformerAttention(128),
            ResAU(128, groups=4),
            up(128, 1),
        ),
    )


# Operation points: name to (analysis, synthesis).
OPERATION_POINTS = {"bop": (bop_analysis, bop_synthesis), "hop": (hop_analysis, hop_synthesis)}


def hyper_encoder(c: int = LATENT_CHANNELS) -> nn.Sequential:
    """|y| (N, C, h, w) to the hyper-latent z (N, C, ceil(h/4), ceil(w/4))."""
    return nn.Sequential(
        conv(c, c),
        nn.LeakyReLU(0.01),
        conv(c, c),
        EvenPad(),
        conv(c, c, stride=2),
        nn.LeakyReLU(0.01),
        conv(c, c),
        EvenPad(),
        conv(c, c, stride=2),
    )


def hyper_decoder(c: int = LATENT_CHANNELS) -> nn.Sequential:
    """z (N, C, h/4, w/4) to the mean features psi (N, 4C, h/2, w/2), a quarter of the channels for
    each phase.
    """
    return nn.Sequential(
        conv(c, c, 1, bias=False),
        nn.ConvTranspose2d(c, c, 4, 2, 1),
        nn.ReLU6(),
        conv(c, c),
        nn.ReLU6(),
        conv(c, 4 * c),
    )


def hyper_scale_decoder(c: int = LATENT_CHANNELS) -> nn.Sequential:
    """z (N, C, h/4, w/4) to the scale index in steps of the 32-level grid (N, C, h, w); its
    absolute value counts.
    """
    return nn.Sequential(
        conv(c, c, 1), nn.ReLU(), conv(c, c), nn.ReLU(), conv(c, 16 * c, 1), nn.PixelShuffle(4)
    )


@torch.no_grad()
def start_levels(decoder: nn.Sequential, level: Tensor) -> None:
    """Let a `hyper_scale_decoder` start at a scale index, (C), in each channel."""
    last = decoder[-2]
    assert isinstance(last, nn.Conv2d) and last.bias is not None
    last.bias.copy_(level.repeat_interleave(last.bias.numel() // len(level)))


class ContextModel(nn.Module):
    """Means of the latent in four phases (MCM): phase k sees the decoded phases 0 .. k-1 and the
    k-th quarter of psi.
    """

    def __init__(self, c: int = LATENT_CHANNELS) -> None:
        super().__init__()
        self.context = nn.ModuleList(
            nn.Sequential(conv(k * c, c, 1, bias=False), conv(c, c, groups=c // 32))
            for k in range(1, 4)
        )
        self.fuse = nn.ModuleList(
            nn.Sequential(
                conv(c if k == 0 else 2 * c, c, 1, bias=False),
                nn.ReLU(),
                conv(c, c, 1, bias=False),
                nn.ReLU(),
                conv(c, c, 1, bias=False),
            )
            for k in range(4)
        )

    def mean(self, phase: int, psi: Tensor, decoded: list[Tensor]) -> Tensor:
        """Mean of one phase, (N, C, h/2, w/2), from psi's quarter and the phases before it."""
        quarter = psi.chunk(4, dim=1)[phase]
        if phase == 0:
            return self.fuse[0](quarter)
        return self.fuse[phase](
            torch.cat([self.context[phase - 1](torch.cat(decoded, 1)), quarter], 1)
        )


def deinterleave(y: Tensor) -> list[Tensor]:
    """The four interleaved quarters of y (N, C, h, w), h and w even, in coding order: each (N, C,
    h/2, w/2).
    """
    return [y[..., i::2, j::2] for i, j in PHASES]


def interleave(parts: list[Tensor]) -> Tensor:
    """Inverse of `deinterleave`."""
    n, c, h, w = parts[0].shape
    y = parts[0].new_empty(n, c, 2 * h, 2 * w)
    for part, (i, j) in zip(parts, PHASES, strict=True):
        y[..., i::2, j::2] = part
    return y
