"""Train a deblocking network on pairs of compressed and original crops."""

from __future__ import annotations

from collections.abc import Sequence

import lightning
import numpy as np
import torch
from torch import Tensor, nn

from promic_nb.studies.deblocking.jpeg import jpeg
from promic_nb.studies.deblocking.network import Deblocker
from promic_nb.training.fit import SampleStream, fit
from promic_nb.training.options import FitOptions, Schedule

RANDOM = (25, 100)  # range of qualities for "random", both ends included


class DeblockingTask(lightning.LightningModule):
    """Minimizes a loss between the restored and the original crop.

    Adam with a constant learning rate (section 3.4: Keras' default, 1e-3).
    """

    def __init__(self, network: nn.Module, loss: nn.Module, learning_rate: float) -> None:
        super().__init__()
        self.network, self.loss, self.learning_rate = network, loss, learning_rate

    def training_step(self, batch: tuple[Tensor, Tensor], _: int) -> Tensor:
        compressed, original = batch
        value = self.loss(self.network(compressed), original)
        self.log("loss", value, prog_bar=True)
        return value

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.network.parameters(), self.learning_rate)


def to_tensor(image: np.ndarray) -> Tensor:
    """Convert uint8 (H, W, 3) to float32 (3, H, W) in 0..1."""
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))).float() / 255


def pairs(images: Sequence[np.ndarray], trained_on: str, crop: int, seed: int) -> SampleStream:
    """A stream of (compressed, original) crops, float32 (3, crop, crop) in 0..1.

    The whole image is compressed before it is cropped, so JPEG blocks may start anywhere in the
    crop. Smaller images are used whole, with repeated edges. Crops are flipped on both axes and
    change in brightness to 80-120 %, as in section 3.3.

    Args:
        trained_on: a JPEG quality, or "random".
    """

    def draw(rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        image = images[rng.integers(len(images))]
        random = trained_on == "random"
        quality = rng.integers(RANDOM[0], RANDOM[1] + 1) if random else trained_on
        compressed, _ = jpeg(image, int(quality))
        both = np.concatenate([compressed, image], axis=2)
        both = np.pad(both, [(0, max(0, crop - n)) for n in both.shape[:2]] + [(0, 0)], mode="edge")
        top, left = (rng.integers(0, n - crop + 1) for n in both.shape[:2])
        both = both[top : top + crop, left : left + crop]
        both = both[:: rng.choice([-1, 1]), :: rng.choice([-1, 1])]
        tensor = (to_tensor(both) * rng.uniform(0.8, 1.2)).clamp(max=1).float()
        return tensor[:3], tensor[3:]

    return SampleStream(draw, seed)


def train_deblocker(
    network: Deblocker,
    images: Sequence[np.ndarray],
    loss: nn.Module,
    schedule: Schedule,
    options: FitOptions,
    *,
    trained_on: str,
    crop: int = 192,
) -> Deblocker:
    """Train a network in place and return it in evaluation mode, or resume from the folder.

    Args:
        images: originals, uint8 (H, W, 3).
        loss: of a prediction and a target.
        trained_on: JPEG quality of the compressed images, or "random".
        crop: side of the crops in pixels.
    """
    task = DeblockingTask(network, loss, schedule.learning_rate)
    fit(task, pairs(images, trained_on, crop, schedule.seed), schedule.loop(), options)
    return network.eval()
