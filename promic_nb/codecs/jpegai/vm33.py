"""The luma networks of JPEG AI VM 3.3 with their published weights, imported from ONNX files.

The files are Smart Harmony's exports of the Verification Model (CC BY 4.0): one rate point, 128
latent channels, no context model. They are data, not part of this package: see `vm33_weights`.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from promic_nb.codecs.jpegai.networks import (
    EvenPad,
    LightResidualBlock,
    LumaTransforms,
    conv,
    hyper_encoder,
)

LATENT_CHANNELS = 128


class Gate(nn.Module):
    """x (1 + W LeakyReLU(x)), W a convolution; the files keep the 1 as its bias."""

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()
        self.conv = conv(channels, channels, kernel)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.conv(F.leaky_relu(x, 0.01))


def upsample(inputs: int, outputs: int) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(inputs, outputs, 4, 2, 1)


def analysis(c: int = LATENT_CHANNELS) -> nn.Sequential:
    """Luma plane (N, 1, H, W), scaled to about -1..1, to the latent (N, 128, ceil(H/16),
    ceil(W/16)).
    """
    layers: list[nn.Module] = []
    for inputs in (1, c, c):
        layers += [EvenPad(), conv(inputs, c, stride=2), Gate(c, 3)]
    return nn.Sequential(*layers, EvenPad(), conv(c, c, stride=2), conv(c, c, 1, bias=False))


def synthesis(c: int = LATENT_CHANNELS) -> nn.Sequential:
    """Latent (N, 128, h, w) to the luma plane (N, 1, 16h, 16w), scaled to about -1..1."""
    return nn.Sequential(
        LightResidualBlock(c),
        upsample(c, 96),
        Gate(96, 1),
        upsample(96, 64),
        Gate(64, 1),
        conv(64, 64),
        Gate(64, 1),
        conv(64, 16, 1, bias=False),
        nn.PixelShuffle(4),
    )


def hyper_decoder(c: int = LATENT_CHANNELS) -> nn.Sequential:
    """z (N, 128, h, w) to the mean of the latent (N, 128, 4h, 4w)."""
    return nn.Sequential(
        conv(c, c, 1, bias=False),
        upsample(c, c),
        nn.LeakyReLU(0.01),
        conv(c, c),
        upsample(c, c),
        nn.LeakyReLU(0.01),
        conv(c, c),
        nn.LeakyReLU(0.01),
    )


def hyper_scale_decoder(c: int = LATENT_CHANNELS) -> nn.Sequential:
    """z (N, 128, h, w) to the standard deviation of the latent (N, 128, 4h, 4w); its absolute value
    counts.
    """
    return nn.Sequential(
        upsample(c, c), nn.ReLU(), conv(c, c), nn.ReLU(), upsample(c, c), nn.ReLU(), conv(c, c)
    )


class Vm33(LumaTransforms):
    """The five luma networks. Samples are in units of 0..255 at the interface."""

    def __init__(self) -> None:
        super().__init__(analysis(), synthesis())
        self.hyper_encoder = hyper_encoder(LATENT_CHANNELS)
        self.hyper_decoder = hyper_decoder()
        self.hyper_scale_decoder = hyper_scale_decoder()
