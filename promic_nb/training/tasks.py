"""Lightning tasks: train a detector, and train a translator guided by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import lightning
import numpy as np
import torch
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn

from promic_nb.core.fields import GuidedLoss
from promic_nb.metrics.detection import Detections, average_precision
from promic_nb.models.detector import Detector
from promic_nb.models.inputs import Batch
from promic_nb.models.translator import DomainTranslator
from promic_nb.training.fit import digest
from promic_nb.training.guidance import Guidance, GuidedLosses
from promic_nb.training.solver import Solver

Frozen = Literal["", "norms", "stages", "detector"]


class DetectorTask(lightning.LightningModule):
    """Trains a detector with any engine.

    Args:
        solver: optimizer and schedule.
        frozen: in stages 3-5, everything ("stages": no gradient, and batch norms keep their
            statistics), the statistics only ("norms"), or nothing (""); or everything but the
            front ("detector").
        guidance: for online GDTT.
    """

    def __init__(
        self,
        model: Detector,
        solver: Solver,
        frozen: Frozen = "",
        guidance: Guidance | None = None,
    ) -> None:
        super().__init__()
        self._losses: Callable[[Batch], dict[str, Tensor]] = model.losses
        self.guided = ""
        if guidance:
            self._losses = guided = GuidedLosses(model, guidance)
            self.guided = guided.settings
        self.model, self.solver, self.frozen = model, solver, frozen
        self.settings = str(solver)  # a checkpoint made with other settings is not resumed
        self._seen: list[tuple[np.ndarray, Detections]] = []

    def on_train_batch_start(self, *_: object) -> None:
        self.model.stages.train(not self.frozen)
        if self.frozen != "detector":
            self.model.stages.requires_grad_(self.frozen != "stages")
            return
        self.model.requires_grad_(False)
        self.model.front.requires_grad_(True)
        # RPN and heads stay in training mode for their losses.
        for part in self.model.modules():
            if isinstance(part, nn.modules.batchnorm._BatchNorm):
                part.eval()
        self.model.front.train()

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, _: int) -> Batch:
        return batch.to(device)

    def training_step(self, batch: Batch, _: int) -> Tensor:
        losses = self._losses(batch)
        total = torch.as_tensor(sum(losses.values()))
        self.log("loss", total, prog_bar=True, batch_size=len(batch.inputs))
        self.log_dict(losses, batch_size=len(batch.inputs))
        return total

    def validation_step(self, batch: Batch, _: int) -> None:
        self._seen += zip(
            (b.cpu().numpy() for b in batch.boxes), self.model.predict(batch), strict=True
        )

    def on_validation_epoch_end(self) -> None:
        truth, found = zip(*self._seen, strict=True)
        self._seen.clear()
        self.log("AP50", average_precision(truth, found)["AP50"], prog_bar=True)

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        return self.solver.configure(self)


@dataclass(frozen=True)
class Distillation:
    """What GDTT minimizes, and what follows it.

    Attributes:
        loss: "mse" is Eq. 40. "normalized" divides the error of each channel by the spread of the
            teacher's channel, so that quiet channels count as much as loud ones.
        norm_batches: number of batches from which the statistics of the translator's batch norms
            are estimated again afterwards; 0 keeps the running ones.
    """

    loss: GuidedLoss = "mse"
    norm_batches: int = 0


QUIET = 0.01  # channels below this share of the mean variance count as if they had that much


def feature_loss(features: Tensor, target: Tensor, kind: GuidedLoss) -> Tensor:
    """The distance of features (N, C, h, w) to those of a teacher; see `Distillation`."""
    error = (features - target).square().mean((0, 2, 3))
    if kind == "mse":
        return error.mean()
    variance = target.var((0, 2, 3))
    return (error / (variance + QUIET * variance.mean())).mean()


class GuidedTranslatorTask(lightning.LightningModule):
    """GDTT: minimizes the MSE between the translator's output and the teacher's features (Eq. 40).

    These are the features after stage 2.
    """

    epoch_sum: Tensor

    def __init__(
        self,
        translator: DomainTranslator,
        teacher_front: nn.Module,
        solver: Solver,
        loss: GuidedLoss = "mse",
    ) -> None:
        super().__init__()
        self.translator, self.solver, self.loss = translator, solver, loss
        # A checkpoint made with another solver or teacher is not resumed.
        self.settings = str(solver)
        self.teacher = digest(teacher_front)
        # In a list, so that it does not become part of the checkpoint.
        self._teacher = [teacher_front.eval().requires_grad_(False)]
        self.register_buffer("epoch_sum", torch.zeros(()))

    def training_step(self, batch: tuple[Tensor, Tensor], _: int) -> Tensor:
        pixels, latent = batch
        with torch.no_grad():
            target = self._teacher[0].to(self.device)(pixels)
        features = self.translator(latent)
        # slices of odd sizes: the teacher pads its pixels to a coarser grid than latents have
        target = target[..., : features.shape[-2], : features.shape[-1]]
        loss = feature_loss(features, target, self.loss)
        mse = nn.functional.mse_loss(features.detach(), target)
        done = self.global_step % self.solver.epoch
        self.epoch_sum = loss.detach() + (self.epoch_sum if done else 0)
        self.log("mse", mse, prog_bar=True)
        self.log("relative_mse", mse / target.var())
        self.log("epoch_loss", self.epoch_sum / (done + 1))
        return loss

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        return self.solver.configure(self.translator)
