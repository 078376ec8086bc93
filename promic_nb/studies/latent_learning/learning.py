"""Training and testing of learning networks behind a frozen codec, with inputs of fixed or of
varying size.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import lightning
import numpy as np
import torch
from torch import Tensor, nn
from torchmetrics.classification import MulticlassJaccardIndex
from torchmetrics.functional.classification import multiclass_accuracy

from promic_nb.datasets.pictures import Sample
from promic_nb.studies.latent_learning.codec import (
    STRIDE,
    CompressionNetworks,
    entropy_bits,
    entropy_bpp,
    resized,
    to_tensor,
)
from promic_nb.studies.latent_learning.learner import Learner
from promic_nb.training.fit import SampleStream, digest, fit, one_cycle
from promic_nb.training.options import FitOptions, Loop

VOID = 255  # pixels of a mask that belong to no class
TOP = 5


class Received(nn.Module):
    """What a learner is given of pictures: some channels of their latent, or their reconstruction.

    Args:
        codec: frozen.
        domain: "latent" or "reconstruction".
        channels: of the latent, by index; None for all.
    """

    def __init__(
        self, codec: CompressionNetworks, domain: str, channels: Sequence[int] | None = None
    ) -> None:
        super().__init__()
        self.codec, self.domain = codec, domain
        self.channels = slice(None) if channels is None else list(channels)

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        """(N, channels, H/16, W/16), or (N, 3, H, W) about 0, of x (N, 3, H, W) in 0..1."""
        z = self.codec.latent(x)
        return z[:, self.channels] if self.domain == "latent" else self.codec.decode(z) - 0.5


class LearningTask(lightning.LightningModule):
    """Minimizes the cross-entropy of classes, or of pixels, by SGD with one learning-rate cycle;
    the codec stays as it is.
    """

    def __init__(self, model: Learner, received: Received, rate: float, steps: int) -> None:
        super().__init__()
        self.model, self.rate, self.steps = model, rate, steps
        # so that a checkpoint behind another codec is not resumed
        self.given = f"{digest(received)} {received.domain} {received.channels}"
        self._received = [received]  # in a list: not a part of the checkpoint

    def training_step(self, batch: tuple[Tensor, Tensor], _: int) -> Tensor:
        x, target = batch
        loss = nn.functional.cross_entropy(
            self.model(self._received[0].to(self.device)(x)),
            target,
            ignore_index=VOID if self.model.dense else -100,
        )
        self.log("loss", loss, prog_bar=True, batch_size=len(x))
        return loss

    def configure_optimizers(self) -> dict:
        return one_cycle(
            torch.optim.SGD(self.parameters(), self.rate, momentum=0.9, weight_decay=1e-4),
            self.rate,
            self.steps,
        )


def batches(
    samples: Sequence[Sample], sides: tuple[int, int], count: int, seed: int
) -> SampleStream:
    """Whole minibatches (x (count, 3, s, s) in 0..1, targets), resized to one random side s within
    each (section 3.4.3), and flipped.

    Args:
        sides: smallest and largest s, multiples of 16; equal ones mean training at a fixed size.
    """

    def draw(rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        side = int(rng.integers(sides[0] // STRIDE, sides[1] // STRIDE + 1)) * STRIDE
        drawn = [
            _drawn(samples[int(i)], side, rng.random() < 0.5)
            for i in rng.integers(len(samples), size=count)
        ]
        return torch.stack([x for x, _ in drawn]), torch.stack([target for _, target in drawn])

    return SampleStream(draw, seed)


def _drawn(sample: Sample, side: int, flip: bool) -> tuple[Tensor, Tensor]:
    """Picture and class, or mask (int64), at another size."""
    x, target = resized(to_tensor(sample[0]), (side, side)), torch.as_tensor(sample[1])
    if target.ndim:
        target = nn.functional.interpolate(
            target[None, None].float(), (side, side), mode="nearest"
        )[0, 0].long()
    return (x.flip(-1), target.flip(-1) if target.ndim else target) if flip else (x, target)


def train_learner(
    model: Learner,
    received: Received,
    samples: Sequence[Sample],
    *,
    sides: tuple[int, int],
    steps: int,
    rate: float,
    batch: int,
    folder: Path,
    seed: int = 0,
    progress: bool = True,
) -> Learner:
    """Train on `samples` resized to sides in `sides`; in evaluation mode on return.

    Resumes from `folder`.
    """
    stream = batches(samples, sides, batch, seed)
    fit(
        LearningTask(model, received, rate, steps),
        stream,
        Loop(steps, 1, 5.0),
        FitOptions(folder, progress),
        collate=lambda b: b[0],
    )
    return model.eval()


def original_size(image: np.ndarray, enlarged: int = 1) -> Tensor:
    """A picture for the codec at `enlarged` times its own size, resized to the nearest multiples of
    16: (1, 3, H, W) in 0..1.
    """
    return resized(
        to_tensor(image),
        tuple(max(1, round(enlarged * n / STRIDE)) * STRIDE for n in image.shape[:2]),
    )[None]


@torch.inference_mode()
def predict(
    model: Learner, received: Received, samples: Sequence[Sample], side: int = 0, enlarged: int = 1
) -> Iterator[Tensor]:
    """Scores of each sample, (classes,) or (classes, H, W), at `enlarged` times its original size,
    or resized to `side`.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model.eval().to(device), received.to(device)
    for image, _ in samples:
        x = (
            resized(to_tensor(image), (side, side))[None]
            if side
            else original_size(image, enlarged)
        )
        yield model(received(x.to(device)))[0].cpu()


def accuracy(scores: Iterable[Tensor], targets: Sequence[int]) -> dict[str, float]:
    """Top-1 and top-5 accuracy (0..1) of class scores; top-5 is NaN where there are no more than
    five classes.
    """
    predicted, true = torch.stack(list(scores)), torch.tensor(list(targets))
    classes = predicted.shape[1]
    found = {"top1": float(multiclass_accuracy(predicted, true, classes, average="micro"))}
    return found | {
        "top5": float(multiclass_accuracy(predicted, true, classes, average="micro", top_k=TOP))
        if classes > TOP
        else float("nan")
    }


def mean_iou(scores: Iterable[Tensor], masks: Iterable[np.ndarray], classes: int) -> float:
    """Mean over classes of intersection over union of all pixels of all pictures (0..1); void
    pixels do not count.
    """
    metric = MulticlassJaccardIndex(classes, ignore_index=VOID)
    for map_, mask in zip(scores, masks, strict=True):
        enlarged = nn.functional.interpolate(
            map_[None], mask.shape, mode="bilinear", align_corners=False
        )
        metric.update(enlarged.argmax(1), torch.from_numpy(np.ascontiguousarray(mask))[None].long())
    return float(metric.compute())


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
        variance = float(
            z.var(correction=0)
        )  # of a picture that is coded as zeros only: nothing to take the logarithm of
        found.append(
            (
                entropy_bpp(z[0].cpu().numpy()),
                math.log(variance) if variance else math.nan,
                float(-10 * mse.log10()),
            )
        )
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
