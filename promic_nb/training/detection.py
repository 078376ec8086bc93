"""Mirror training (section 3.3 of the dissertation): the detector, the guided translator, and fine-tuning with frozen stages."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import lightning
import numpy as np
import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from promic_nb.metrics.detection import Detections
from promic_nb.models.detector import Batch, Detector
from promic_nb.models.translator import DomainTranslator
from promic_nb.training.fit import digest, fit, one_cycle
from promic_nb.training.samples import collate, detection_crops, paired_crops


class DetectorTask(lightning.LightningModule):
    """Trains a detector by SGD with one learning-rate cycle.

    Args:
        rate: peak learning rate.
        steps: length of the cycle.
        frozen_steps: PD-FT: stages 3-5 get no gradient, and keep their batch-norm statistics, for so many steps.
    """

    def __init__(self, model: Detector, rate: float, steps: int, frozen_steps: int = 0) -> None:
        super().__init__()
        self.model, self.rate, self.steps, self.frozen_steps = model, rate, steps, frozen_steps

    def on_train_batch_start(self, *_: object) -> None:
        frozen = self.global_step < self.frozen_steps
        self.model.stages.requires_grad_(not frozen)
        self.model.stages.train(not frozen)

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, _: int) -> Batch:
        return Batch(batch.inputs.to(device), batch.size, [b.to(device) for b in batch.boxes])

    def training_step(self, batch: Batch, _: int) -> Tensor:
        losses = self.model.losses(batch)
        total = sum(losses.values())
        self.log("loss", total, prog_bar=True, batch_size=len(batch.inputs))
        self.log_dict(losses, batch_size=len(batch.inputs))
        return total

    def configure_optimizers(self) -> dict:
        return one_cycle(torch.optim.SGD(self.parameters(), self.rate, momentum=0.9, weight_decay=1e-4), self.rate, self.steps)


class GuidedTranslatorTask(lightning.LightningModule):
    """GDTT: minimizes the MSE between the translator's output and the teacher's stage-2 features (Eq. 40)."""

    def __init__(self, translator: DomainTranslator, teacher_front: nn.Module, rate: float, steps: int) -> None:
        super().__init__()
        self.translator, self.rate, self.steps = translator, rate, steps
        self.teacher = digest(teacher_front)  # so that a checkpoint made with another teacher is not resumed
        self._teacher = [teacher_front.eval().requires_grad_(False)]  # in a list: not a part of the checkpoint

    def training_step(self, batch: tuple[Tensor, Tensor], _: int) -> Tensor:
        pixels, latent = batch
        with torch.no_grad():
            target = self._teacher[0].to(self.device)(pixels)
        mse = nn.functional.mse_loss(self.translator(latent), target)
        self.log("mse", mse, prog_bar=True)
        self.log("relative_mse", mse / target.var())
        return mse

    def configure_optimizers(self) -> dict:
        return one_cycle(torch.optim.Adam(self.parameters(), self.rate), self.rate, self.steps)


def train_detector(
    model: Detector,
    inputs: Sequence[np.ndarray],
    boxes: Sequence[np.ndarray],
    size: tuple[int, int],
    *,
    steps: int,
    rate: float,
    folder: Path,
    frozen_steps: int = 0,
    batch: int = 2,
    crop: int = 256,
    seed: int = 0,
    progress: bool = True,
) -> Detector:
    """Train on crops of slices or latents; see `DetectorTask` and `detection_crops`. Resumes from `folder`."""
    stream = detection_crops(inputs, boxes, size, crop, seed)
    task = DetectorTask(model, rate, steps, frozen_steps)
    fit(task, stream, steps=steps, batch=batch, folder=folder, collate=partial(collate, crop=crop), clip=5.0, progress=progress)
    return model.eval()


def train_translator(
    translator: DomainTranslator,
    teacher: Detector,
    pixels: Sequence[np.ndarray],
    latents: Sequence[np.ndarray],
    size: tuple[int, int],
    *,
    steps: int,
    rate: float,
    folder: Path,
    batch: int = 4,
    crop: int = 256,
    seed: int = 0,
    progress: bool = True,
) -> DomainTranslator:
    """GDTT: teach the translator what the teacher's stem and stage 2 make of the pixels. Resumes from `folder`."""
    stream = paired_crops(pixels, latents, size, crop, seed)
    task = GuidedTranslatorTask(translator, teacher.front, rate, steps)
    fit(task, stream, steps=steps, batch=batch, folder=folder, clip=5.0, progress=progress)
    return translator


def mirror(teacher: Detector, translator: DomainTranslator) -> Detector:
    """PD-TL: a latent detector with the teacher's stages 3-5, neck and heads behind the translator."""
    model = Detector(teacher.config, translator)
    own = {k: v for k, v in teacher.state_dict().items() if not k.startswith("front.")}
    model.load_state_dict({**model.state_dict(), **own})
    return model


def detect(model: Detector, inputs: Sequence[np.ndarray], size: tuple[int, int], progress: bool = True) -> list[Detections]:
    """Detections of whole slices (uint8 (H, W)) or latents (float32 (C, h, w)), one after another."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model.eval().to(device)
    found = []
    for x in tqdm(inputs, desc="detecting", unit="slice", disable=not progress, leave=False):
        tensor = torch.from_numpy(np.array(x)).float().to(device)
        found += model.predict(Batch(tensor.view(1, -1, *tensor.shape[-2:]), size, []))
    return found
