"""Statistics of a trained codec on pictures: rate, rate term, quality, and channels."""

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
    """A picture at its original size, and its latent, on the codec's device."""
    x = original_size(image).to(next(codec.parameters()).device)
    return x, codec.latent(x)


@torch.inference_mode()
def rates(
    codec: CompressionNetworks, samples: Sequence[Sample]
) -> list[tuple[float, float, float]]:
    """Rate, rate term and quality of each sample at its original size.

    The rate is in bits per pixel, by entropy; the rate term is log(sigma^2) of the latent; the
    quality is the PSNR in dB.
    """
    found = []
    for image, _ in samples:
        x, z = _latent(codec, image)
        mse = (codec.decode(z) - x).square().mean()
        variance = float(z.var(correction=0))  # 0 if all symbols of a picture are zero
        log_variance = math.log(variance) if variance else math.nan
        found.append((entropy_bpp(z[0].cpu().numpy()), log_variance, float(-10 * mse.log10())))
    return found


@torch.inference_mode()
def channel_statistics(
    codec: CompressionNetworks, samples: Sequence[Sample]
) -> tuple[np.ndarray, np.ndarray]:
    """Variance and entropy of each channel of the latent.

    The variance is the mean over pictures (section 3.4.4); the entropy, in bits, is over all
    pictures.
    """
    latents = [_latent(codec, image)[1][0].cpu() for image, _ in samples]
    variance = torch.stack([z.var(dim=(1, 2), correction=0) for z in latents]).mean(0).numpy()
    values = torch.cat([z.flatten(1) for z in latents], dim=1).numpy()
    return variance, np.array([entropy_bits(v) for v in values])
