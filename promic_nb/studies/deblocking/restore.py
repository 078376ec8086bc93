"""Training of a deblocking network, restored images, and how far they are from the originals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import lightning
import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import Tensor, nn

from promic_nb.metrics.quality import compute
from promic_nb.studies.deblocking.jpeg import jpeg
from promic_nb.training.fit import SampleStream, fit
from promic_nb.training.options import FitOptions, Loop

RANDOM = (25, 100)  # "random" draws qualities from here, both included
LOWER_IS_BETTER = ("mae", "mse")
METRICS = ("mae", "mse", "psnr_db", "ssim")


class DeblockingTask(lightning.LightningModule):
    """Minimizes a loss between the restored and the original crop with Adam at a constant rate
    (section 3.4: Keras' default, 1e-3).
    """

    def __init__(self, network: nn.Module, loss: nn.Module, rate: float) -> None:
        super().__init__()
        self.network, self.loss, self.rate = network, loss, rate

    def training_step(self, batch: tuple[Tensor, Tensor], _: int) -> Tensor:
        compressed, original = batch
        value = self.loss(self.network(compressed), original)
        self.log("loss", value, prog_bar=True)
        return value

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.network.parameters(), self.rate)


def to_tensor(image: np.ndarray) -> Tensor:
    """uint8 (H, W, 3) as float32 (3, H, W) in 0..1."""
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))).float() / 255


def pairs(images: Sequence[np.ndarray], trained_on: str, crop: int, seed: int) -> SampleStream:
    """Stream of (compressed, original) crops, float32 (3, crop, crop) in 0..1.

    The whole image is compressed, then cut at random, so that blocks lie anywhere in the crop;
    smaller images are used whole, edges repeated. Flips on both axes and a brightness of 80 to 120
    %, as in section 3.3.

    Args:
        trained_on: a JPEG quality, or "random".
    """

    def draw(rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        image = images[rng.integers(len(images))]
        compressed, _ = jpeg(
            image,
            int(rng.integers(RANDOM[0], RANDOM[1] + 1))
            if trained_on == "random"
            else int(trained_on),
        )
        both = np.concatenate([compressed, image], axis=2)
        both = np.pad(both, [(0, max(0, crop - n)) for n in both.shape[:2]] + [(0, 0)], mode="edge")
        top, left = (rng.integers(0, n - crop + 1) for n in both.shape[:2])
        both = both[top : top + crop, left : left + crop]
        both = both[:: rng.choice([-1, 1]), :: rng.choice([-1, 1])]
        tensor = (to_tensor(both) * rng.uniform(0.8, 1.2)).clamp(max=1).float()
        return tensor[:3], tensor[3:]

    return SampleStream(draw, seed)


def train_deblocker(
    network: nn.Module,
    images: Sequence[np.ndarray],
    *,
    trained_on: str,
    loss: nn.Module,
    steps: int,
    folder: Path,
    learning_rate: float = 1e-3,
    batch: int = 8,
    crop: int = 192,
    seed: int = 0,
    progress: bool = True,
) -> nn.Module:
    """Train a network on originals uint8 (H, W, 3), which are compressed at the quality
    `trained_on`; resumes from `folder`.
    """
    task = DeblockingTask(network, loss, learning_rate)
    fit(
        task,
        pairs(images, trained_on, crop, seed),
        Loop(steps, batch),
        FitOptions(folder, progress),
    )
    return network.eval()


def restore(network: nn.Module, image: np.ndarray) -> np.ndarray:
    """What the network makes of a compressed image: uint8 (H, W, 3)."""
    with torch.inference_mode():
        restored = network.eval()(to_tensor(image)[None])[0]
    return (restored.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy()


def measure(original: np.ndarray, image: np.ndarray) -> dict[str, float]:
    """MAE and MSE (Eqs. 6 and 7, over RGB in 0..1), PSNR in dB (Eq. 9; 100 for equal images) and
    SSIM (Eq. 14, on grey).
    """
    difference = (original.astype(float) - image.astype(float)) / 255
    mse = float(np.mean(difference**2))
    grey = [np.array(Image.fromarray(x).convert("L")) for x in (original, image)]
    psnr = min(100.0, -10 * np.log10(mse)) if mse else 100.0
    return {
        "mae": float(np.mean(np.abs(difference))),
        "mse": mse,
        "psnr_db": psnr,
        "ssim": compute(*grey, ["ssim"], front_end="8bit")["ssim"],
    }


def centre(image: np.ndarray, side: int) -> np.ndarray:
    """The middle of an image, at most `side` pixels high and wide."""
    top, left = (max(0, (n - side) // 2) for n in image.shape[:2])
    return image[top : top + side, left : left + side]


def summary(results: pd.DataFrame) -> pd.DataFrame:
    """Means over images, and how many images a network improved.

    Args:
        results: rows of dataset, network, loss, trained_on, split_seed, seed, size, image, quality,
            metric, jpeg, restored.

    Returns:
        Rows of dataset, network, loss, trained_on, split_seed, seed, size, quality, metric, jpeg,
        restored, change, improved_percent, images, and `reference`, the mean of JPEG at quality 75
        (NaN where that was not measured), and `reaches_reference`.
    """
    keys = [
        "dataset",
        "network",
        "loss",
        "trained_on",
        "split_seed",
        "seed",
        "size",
        "quality",
        "metric",
    ]
    table = results.assign(change=results.restored - results.jpeg)
    sign = np.where(table.metric.isin(LOWER_IS_BETTER), -1, 1)
    table["improved_percent"] = 100.0 * (table.change * sign > 0)
    means = table.groupby(keys, sort=False, as_index=False).agg(
        jpeg=("jpeg", "mean"),
        restored=("restored", "mean"),
        change=("change", "mean"),
        improved_percent=("improved_percent", "mean"),
        images=("image", "nunique"),
    )
    same = ["dataset", "split_seed", "size", "metric"]
    reference = means.query("quality == 75").drop_duplicates(same).set_index(same).jpeg
    means["reference"] = [
        reference.get(key, float("nan")) for key in means[same].itertuples(index=False, name=None)
    ]
    direction = np.where(means.metric.isin(LOWER_IS_BETTER), -1, 1)
    means["reaches_reference"] = direction * (means.restored - means.reference) >= 0
    return means
