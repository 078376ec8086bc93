"""What a trained codec makes of pictures: rate, rate term, quality, and its channels."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from promic_nb.datasets.pictures import Sample
from promic_nb.studies.latent_learning.codec import CompressionNetworks, entropy_bits, entropy_bpp
from promic_nb.studies.latent_learning.pictures import original_size


def _latent(codec: CompressionNetworks, image: np.ndarray) -> tuple[Tensor, Tensor]:
    """A picture at its original size, and its latent, where the codec is."""
    x = original_size(image).to(next(codec.parameters()).device)
    return x, codec.latent(x)


@torch.inference_mode()
def rates(
    codec: CompressionNetworks, samples: Sequence[Sample]
) -> list[tuple[float, float, float]]:
    """For each sample at its original size: rate (bits per pixel, by entropy), log(sigma^2) of its
    latent, and PSNR (dB).
    """
    found = []
    for image, _ in samples:
        x, z = _latent(codec, image)
        mse = (codec.decode(z) - x).square().mean()
        variance = float(z.var(correction=0))  # 0 where a picture is coded as zeros only
        log_variance = math.log(variance) if variance else math.nan
        found.append((entropy_bpp(z[0].cpu().numpy()), log_variance, float(-10 * mse.log10())))
    return found


@torch.inference_mode()
def channel_statistics(
    codec: CompressionNetworks, samples: Sequence[Sample]
) -> tuple[np.ndarray, np.ndarray]:
    """Variance of each channel of the latent, the mean over pictures (section 3.4.4), and entropy
    of each over all pictures, in bits.
    """
    latents = [_latent(codec, image)[1][0].cpu() for image, _ in samples]
    variance = torch.stack([z.var(dim=(1, 2), correction=0) for z in latents]).mean(0).numpy()
    values = torch.cat([z.flatten(1) for z in latents], dim=1).numpy()
    return variance, np.array([entropy_bits(v) for v in values])
