"""Compression and reconstruction networks, trained with the model-free rate term log(sigma^2)."""

from __future__ import annotations

from collections.abc import Sequence

import lightning
import numpy as np
import torch
from compressai.layers import GDN
from compressai.models.utils import conv, deconv
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn

from promic_nb.datasets.pictures import Sample
from promic_nb.studies.latent_learning.pictures import STRIDE, resized, to_tensor
from promic_nb.studies.latent_learning.tables import CHANNELS
from promic_nb.training.fit import SampleStream, fit, one_cycle
from promic_nb.training.options import FitOptions, Schedule


class CompressionNetworks(nn.Module):
    """CompNet and RecNet of section 3.2.

    CompNet has four 5x5 convolutions with stride 2 and GDN between them; RecNet mirrors it.

    Args:
        width: channels of the inner layers.
        channels: of the latent.
    """

    def __init__(self, width: int = 192, channels: int = CHANNELS) -> None:
        super().__init__()
        n = width
        self.compress = nn.Sequential(
            conv(3, n), GDN(n), conv(n, n), GDN(n), conv(n, n), GDN(n), conv(n, channels)
        )
        self.reconstruct = nn.Sequential(
            deconv(channels, n),
            GDN(n, inverse=True),
            deconv(n, n),
            GDN(n, inverse=True),
            deconv(n, n),
            GDN(n, inverse=True),
            deconv(n, 3),
        )

    def latent(self, x: Tensor) -> Tensor:
        """Quantized features of RGB x (N, 3, H, W) in 0..1.

        Whole numbers as float32 (N, channels, H/16, W/16).
        """
        return self.compress(x - 0.5).round()

    def decode(self, z: Tensor) -> Tensor:
        """RGB (N, 3, 16h, 16w) in 0..1, clamped, from quantized features (N, channels, h, w)."""
        return (self.reconstruct(z) + 0.5).clamp(0, 1)


def rate_term(z: Tensor) -> Tensor:
    """log(sigma^2) over all values of z, in nats (section 3.3).

    It is twice the differential entropy of a Gaussian, without its constant.
    """
    return z.var(correction=0).log()


def entropy_bits(symbols: np.ndarray) -> float:
    """Empirical entropy of whole numbers, in bits per value (H(z) of section 3.3)."""
    share = np.unique(symbols, return_counts=True)[1] / symbols.size
    return float(abs((share * np.log2(share)).sum()))


def entropy_bpp(z: np.ndarray) -> float:
    """Rate of quantized features (C, h, w) in bits per pixel, as the paper counts it.

    It is their empirical entropy; there is no bitstream.
    """
    return entropy_bits(z) * z.shape[0] / STRIDE**2


class CompressionTask(lightning.LightningModule):
    """Minimizes log(sigma^2) + beta MSE (Eq. 1 with beta_2 = beta_3 = 0).

    Both terms use the features with uniform noise instead of rounding. As printed, on the features
    themselves, the rate term has no minimum: it falls without limit as they shrink. With the noise,
    sigma^2 cannot fall below 1/12. The last steps round, so that the reconstruction learns from
    the input that it will get.

    Args:
        beta: weight of the MSE of samples in 0..1; the paper does not print its scale.
        learning_rate: peak learning rate of Adam.
        steps: length of the schedule.
    """

    ROUNDED = 0.3  # share of the steps, at the end

    def __init__(
        self, model: CompressionNetworks, beta: float, learning_rate: float, steps: int
    ) -> None:
        super().__init__()
        self.model, self.beta, self.learning_rate, self.steps = model, beta, learning_rate, steps

    def training_step(self, x: Tensor, _: int) -> Tensor:
        z = self.model.compress(x - 0.5)
        noisy = z + torch.rand_like(z) - 0.5
        rounded = z + (z.round() - z).detach()  # with a straight-through gradient
        given = noisy if self.global_step < (1 - self.ROUNDED) * self.steps else rounded
        mse = (self.model.reconstruct(given) + 0.5 - x).square().mean()
        log_variance = rate_term(noisy)
        loss = log_variance + self.beta * mse
        self.log_dict(
            {"loss": loss, "log_variance": log_variance, "psnr_db": -10 * torch.log10(mse)},
            prog_bar=True,
        )
        return loss

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        adam = torch.optim.Adam(self.parameters(), self.learning_rate)
        return one_cycle(adam, self.learning_rate, self.steps)


def crops(samples: Sequence[Sample], side: int, seed: int) -> SampleStream:
    """Random square crops for the codec: float32 (3, side, side) in 0..1, flipped at random.

    Smaller pictures are enlarged first.
    """

    def draw(rng: np.random.Generator) -> Tensor:
        image = to_tensor(samples[int(rng.integers(len(samples)))][0])
        short = min(image.shape[-2:])
        if short < side:
            height, width = (round(n * side / short) for n in image.shape[-2:])
            image = resized(image, (height, width))
        top, left = (int(rng.integers(0, n - side + 1)) for n in image.shape[-2:])
        crop = image[:, top : top + side, left : left + side]
        return (crop.flip(-1) if rng.random() < 0.5 else crop).contiguous()

    return SampleStream(draw, seed)


def train_compression(
    samples: Sequence[Sample],
    schedule: Schedule,
    options: FitOptions,
    *,
    beta: float,
    width: int,
    crop: int = 64,
) -> CompressionNetworks:
    """Train CompNet and RecNet, or resume from the folder; return them frozen, in evaluation mode.

    Args:
        beta: weight of the MSE.
        width: channels of the inner layers.
        crop: side of the random training crops, in pixels.
    """
    lightning.seed_everything(schedule.seed, verbose=False)
    task = CompressionTask(CompressionNetworks(width), beta, schedule.learning_rate, schedule.steps)
    fit(task, crops(samples, crop, schedule.seed), schedule.loop(clip=5.0), options)
    return task.model.eval().requires_grad_(False)
