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
SKIP_INDEX = (
    382 / 128
)  # positions with a scale index up to this (sigma <= 0.200) are not coded and stand for 0


class JpegAiStyle(nn.Module):
    """Analysis, synthesis, hyperprior and context model for one rate point (one beta).

    Args:
        op: operation point of the transforms, "bop" or "hop"; both share the latent, the hyperprior
            and the context model.

    Attributes:
        gain: (160) learned gain vector in levels of the scale grid: residuals of a channel are
            multiplied by exp(gain LOG_STEP).
    """

    def __init__(self, op: str = "bop") -> None:
        super().__init__()
        self.op = op
        self.analysis, self.synthesis = (make() for make in nets.OPERATION_POINTS[op])
        self.gain = nn.Parameter(torch.zeros(nets.LATENT_CHANNELS))
        self.hyper_encoder = nets.hyper_encoder()
        self.hyper_decoder = nets.hyper_decoder()
        self.hyper_scale_decoder = nets.hyper_scale_decoder()
        self.context = nets.ContextModel()
        self.z_prior = EntropyBottleneck(nets.LATENT_CHANNELS)
        self.gaussian = GaussianConditional(SCALE_TABLE)
        # Start at sigma = 0.8 everywhere (index 10 of 31), above the skip threshold, so that the
        # first steps code something.
        nn.init.constant_(self.hyper_scale_decoder[-2].bias, 10.0)

    def latent(self, x: Tensor) -> Tensor:
        """Continuous latent y (N, 160, ceil(H/16), ceil(W/16)) of samples x (N, 1, H, W) in 0..255."""
        return self.analysis((x - 127.5) / 128)

    def reconstruct(self, y: Tensor) -> Tensor:
        """Samples (N, 1, 16h, 16w) in 0..255, unclamped, of a decoded latent (N, 160, h, w)."""
        return self.synthesis(y) * 128 + 127.5

    def z_likelihood(self, z: Tensor) -> Tensor:
        """Probability of the unit interval around each sample of z (N, C, h, w), in the shape (C,
        1, N h w).
        """
        return self.z_prior._likelihood(z.transpose(0, 1).reshape(z.shape[1], 1, -1))[0]

    def forward(self, x: Tensor, dither: bool = False) -> tuple[Tensor, Tensor]:
        """Training pass.

        Args:
            x: float (N, 1, H, W), 0..255, H and W multiples of 64.
            dither: add uniform noise before rounding. Plain rounding hides small residuals from the
                synthesis, which then never learns to use their channel; with noise they come
                through in the mean.

        Returns:
            The reconstruction (N, 1, H, W) in 0..255 and the rate in bits per pixel, a scalar. The
            rate is that of noisy symbols, the reconstruction uses rounded ones with a
            straight-through gradient. Skipping is left to the coder: skipped here, a position would
            get no gradient, and so could never be coded again.
        """
        y = self.latent(x).float()
        with torch.autocast(x.device.type, enabled=False):
            z = self.hyper_encoder(y.abs()).clamp(-Z_MAX, Z_MAX)
            z_bits = -self.z_likelihood(z + torch.rand_like(z) - 0.5).clamp_min(1e-9).log2().sum()
            z_hat = z + (z.round() - z).detach()
            psi = self.hyper_decoder(z_hat)
            gain = self.gain.view(1, -1, 1, 1)
            scale = torch.exp(LOG_STEP * gain)
            index = (self.hyper_scale_decoder(z_hat).abs() + gain).clamp(0, LEVELS - 1)
            sigma = SIGMA_MIN * torch.exp(LOG_STEP * index)

            decoded: list[Tensor] = []
            residuals = []
            for phase, part in enumerate(nets.split_phases(y)):
                mean = self.context.mean(phase, psi, decoded)
                r = (part - mean) * scale
                residuals.append(r)
                noisy = r + torch.rand_like(r) - 0.5 if dither else r
                decoded.append(mean + (r + (noisy.round() - r).detach()) / scale)
            r = nets.merge_phases(residuals)
            r_bits = (
                -self.gaussian._likelihood(r + torch.rand_like(r) - 0.5, sigma)
                .clamp_min(1e-9)
                .log2()
                .sum()
            )
            y_hat = nets.merge_phases(decoded)
        x_hat = self.reconstruct(y_hat).float()
        return x_hat, (z_bits + r_bits) / x.numel()
