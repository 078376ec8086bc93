"""The JPEG-AI-style luma model: what is trained, and what encoder and decoder evaluate.

Samples are in units of 0..255 at the interface; the networks see (x - 127.5) / 128.
"""

from __future__ import annotations

import math

import torch
from compressai.entropy_models import EntropyBottleneck, GaussianConditional
from torch import Tensor, nn

from promic_nb.codecs.jpegai import networks as nets
from promic_nb.codecs.jpegai.coder import Z_MAX

# The grid of standard deviations: 32 levels from 0.11 to 54.82, log-spaced (VM 7.0).
SIGMA_MIN, SIGMA_MAX, LEVELS = 0.11, 54.82, 32
LOG_STEP = math.log(SIGMA_MAX / SIGMA_MIN) / (LEVELS - 1)
SCALE_TABLE = [SIGMA_MIN * math.exp(LOG_STEP * level) for level in range(LEVELS)]
# Positions with a scale index up to this (sigma <= 0.200) are not coded and stand for 0.
SKIP_INDEX = 382 / 128


class JpegAiStyle(nets.LumaTransforms):
    """Analysis, synthesis, hyperprior and context model for one rate point (one beta).

    Args:
        op: operation point of the transforms, "bop" or "hop"; both share the latent, the hyperprior
            and the context model.

    Attributes:
        gain: (160) learned gain vector in levels of the scale grid: residuals of a channel are
            multiplied by exp(gain LOG_STEP).
    """

    def __init__(self, op: str = "bop") -> None:
        super().__init__(*(make() for make in nets.OPERATION_POINTS[op]))
        self.op = op
        self.gain = nn.Parameter(torch.zeros(nets.LATENT_CHANNELS))
        self.hyper_encoder = nets.hyper_encoder()
        self.hyper_decoder = nets.hyper_decoder()
        self.hyper_scale_decoder = nets.hyper_scale_decoder()
        self.context = nets.ContextModel()
        # A narrow start: a prior that spends bits on every z teaches the encoder to say nothing.
        self.z_prior = EntropyBottleneck(nets.LATENT_CHANNELS, init_scale=1)
        self.gaussian = GaussianConditional(SCALE_TABLE)
        # Start at sigma = 0.8 everywhere (index 10 of 31), above the skip threshold, so that the
        # first steps code something.
        nets.start_levels(self.hyper_scale_decoder, torch.full((nets.LATENT_CHANNELS,), 10.0))

    def z_likelihood(self, z: Tensor) -> Tensor:
        """Probability of the unit interval around each sample of z (N, C, h, w), in the shape
        (C, 1, N h w).
        """
        return self.z_prior._likelihood(z.transpose(0, 1).reshape(z.shape[1], 1, -1))[0]

    def forward(
        self, x: Tensor, dither: bool = False, displacement: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Training pass.

        Args:
            x: float (N, 1, H, W), 0..255, H and W multiples of 64.
            dither, displacement: as in `quantized`.

        Returns:
            The reconstruction (N, 1, H, W) in 0..255, and the rate of each picture in bits per
            pixel, (N).
        """
        y = self.latent(x).float()
        with torch.autocast(x.device.type, enabled=False):
            y_hat, bits = self.quantized(y, dither, displacement)
        return self.reconstruct(y_hat).float(), bits / x[0].numel()

    def quantized(
        self, y: Tensor, dither: bool = False, displacement: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Quantization and rate of a latent, for training.

        Args:
            y: float (N, 160, h, w), h and w multiples of 4.
            dither: add uniform noise before rounding. Plain rounding hides small residuals from the
                synthesis, which then never learns to use their channel; with noise they come
                through in the mean. Without dither the symbols are those of the coder, which skips
                positions of small sigma, and the rate is theirs.
            displacement: (N), of the gain unit, for each picture, in levels of the scale grid (D /
                128 of a bitstream); by default 0.

        Returns:
            The decoded latent and the bits of each picture, (N). With dither the rate is that of
            noisy symbols, the latent has rounded ones with a straight-through gradient. Skipping is
            left to the coder then: skipped in training, a position would get no gradient, and so
            could never be coded again.
        """
        z = self.hyper_encoder(y.abs()).clamp(-Z_MAX, Z_MAX)
        z_hat = z + (z.round() - z).detach()
        coded_z = z + torch.rand_like(z) - 0.5 if dither else z_hat
        psi = self.hyper_decoder(z_hat)
        gain = self.gain.view(1, -1, 1, 1)
        if displacement is not None:
            gain = gain + displacement.view(-1, 1, 1, 1)
        scale = torch.exp(LOG_STEP * gain)
        index = (self.hyper_scale_decoder(z_hat).abs() + gain).clamp(0, LEVELS - 1)

        decoded: list[Tensor] = []
        residuals = []
        phases = zip(nets.deinterleave(y), nets.deinterleave(index), strict=True)
        for phase, (part, level) in enumerate(phases):
            mean = self.context.mean(phase, psi, decoded)
            r = (part - mean) * scale
            if dither:
                rounded = (r + torch.rand_like(r) - 0.5).round()
            else:
                rounded = r.round() * (level > SKIP_INDEX)
            residuals.append(r if dither else r + (r.round() - r).detach())
            decoded.append(mean + (r + (rounded - r).detach()) / scale)
        r = nets.interleave(residuals)
        if dither:
            r = r + torch.rand_like(r) - 0.5
        sigma = SIGMA_MIN * torch.exp(LOG_STEP * index)
        bits = _bits(self.gaussian._likelihood(r, sigma)).flatten(1).sum(1)
        z_bits = _bits(self.z_likelihood(coded_z)).view(z.shape[1], len(z), -1).sum((0, 2))
        return nets.interleave(decoded), bits + z_bits


def _bits(likelihood: Tensor) -> Tensor:
    return -likelihood.clamp_min(1e-9).log2()
