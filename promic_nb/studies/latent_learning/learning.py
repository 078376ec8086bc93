"""Train learners after a frozen codec, with inputs of fixed or variable size."""

from __future__ import annotations

from collections.abc import Sequence

import lightning
import numpy as np
import torch
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn

from promic_nb.datasets.pictures import Sample
from promic_nb.studies.latent_learning.codec import CompressionNetworks
from promic_nb.studies.latent_learning.learner import Learner
from promic_nb.studies.latent_learning.pictures import STRIDE, resized, to_tensor
from promic_nb.training.fit import SampleStream, digest, fit, one_cycle
from promic_nb.training.options import FitOptions, Loop, Schedule

VOID = 255  # pixels of a mask that belong to no class


class Received(nn.Module):
    """The learner's input: some channels of the latent, or the reconstruction.

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
        """(N, channels, H/16, W/16), or (N, 3, H, W) around 0, from x (N, 3, H, W) in 0..1."""
        z = self.codec.latent(x)
        return z[:, self.channels] if self.domain == "latent" else self.codec.decode(z) - 0.5


class LearningTask(lightning.LightningModule):
    """Minimizes the cross-entropy of classes or pixels; the codec stays frozen.

    SGD with one learning-rate cycle.
    """

    def __init__(
        self, model: Learner, received: Received, learning_rate: float, steps: int
    ) -> None:
        super().__init__()
        self.model, self.learning_rate, self.steps = model, learning_rate, steps
        # a checkpoint made with another codec is not resumed
        self.given = f"{digest(received)} {received.domain} {received.channels}"
        self._received = [received]  # in a list: not part of the checkpoint

    def training_step(self, batch: tuple[Tensor, Tensor], _: int) -> Tensor:
        x, target = batch
        loss = nn.functional.cross_entropy(
            self.model(self._received[0].to(self.device)(x)),
            target,
            ignore_index=VOID if self.model.dense else -100,
        )
        self.log("loss", loss, prog_bar=True, batch_size=len(x))
        return loss

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        sgd = torch.optim.SGD(
            self.parameters(), self.learning_rate, momentum=0.9, weight_decay=1e-4
        )
        return one_cycle(sgd, self.learning_rate, self.steps)


def batches(
    samples: Sequence[Sample], sides: tuple[int, int], count: int, seed: int
) -> SampleStream:
    """Whole minibatches (x (count, 3, s, s) in 0..1, targets), flipped at random.

    All pictures of a minibatch are resized to one random side s (section 3.4.3).

    Args:
        sides: smallest and largest s, multiples of 16; equal for training at a fixed size.
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
    """A picture and its class or mask (int64), resized."""
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
    sides: tuple[int, int],
    schedule: Schedule,
    options: FitOptions,
) -> Learner:
    """Train in place on `samples` resized within `sides`; return the model in evaluation mode.

    Resumes the training in the folder.
    """
    fit(
        LearningTask(model, received, schedule.learning_rate, schedule.steps),
        batches(samples, sides, schedule.batch, schedule.seed),
        Loop(schedule.steps, batch=1, clip=5.0),  # a sample of the stream is a whole minibatch
        options,
        collate=lambda b: b[0],
    )
    return model.eval()
