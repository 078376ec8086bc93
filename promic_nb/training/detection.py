"""Mirror training (section 3.3 of the dissertation): the detector, the guided translator, and
fine-tuning with frozen stages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor, nn

from promic_nb.errors import UserError
from promic_nb.metrics.detection import Detections, average_precision
from promic_nb.models.detector import Detector
from promic_nb.models.inputs import Batch
from promic_nb.models.recipes import Recipe
from promic_nb.models.translator import DomainTranslator
from promic_nb.training.fit import digest, fit
from promic_nb.training.guidance import Guidance, GuidedLosses
from promic_nb.training.options import Evaluation, FitOptions, Loop
from promic_nb.training.samples import Crop, collate, detection_crops, paired_crops
from promic_nb.training.solver import Solver

Slices = tuple[
    Sequence[np.ndarray], Sequence[np.ndarray]
]  # whole slices or latents, and the boxes of each


@dataclass(frozen=True)
class FineTuning:
    """PD-FT (section 3.3.3): stages 3-5 are frozen first, then all is trained.

    What the text leaves open are these.

    Attributes:
        frozen_share: share of the iterations with frozen stages; a solver with patience ends that
            phase earlier, at its best AP50. Short trainings lose by a long one
            (docs/hyperparameters.md).
        free_rate: learning rate after unfreezing as a multiple of the rate before. Each phase has a
            schedule of its own.
        stage_norms: batch norms of stages 3-5 after unfreezing: "adapt" takes statistics of the
            latent's batches, "keep" those of pixels.
    """

    frozen_share: float = 0.1
    free_rate: float = 1.0
    stage_norms: Literal["adapt", "keep"] = "adapt"


class DetectorTask(lightning.LightningModule):
    """Trains a detector of any engine.

    Args:
        solver: optimizer and schedule.
        frozen: of stages 3-5, all ("stages": no gradient, and batch norms keep their statistics),
            the statistics ("norms"), or nothing ("").
        guidance: for online GDTT.
    """

    def __init__(
        self,
        model: Detector,
        solver: Solver,
        frozen: Literal["", "norms", "stages"] = "",
        guidance: Guidance | None = None,
    ) -> None:
        super().__init__()
        self._losses = GuidedLosses(model, guidance) if guidance else model.losses
        self.guided = self._losses.settings if guidance else ""
        self.model, self.solver, self.frozen = model, solver, frozen
        self.settings = str(solver)  # so that a checkpoint made with others is not resumed
        self._seen: list[tuple[np.ndarray, Detections]] = []

    def on_train_batch_start(self, *_: object) -> None:
        self.model.stages.requires_grad_(self.frozen != "stages")
        self.model.stages.train(not self.frozen)

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, _: int) -> Batch:
        return batch.to(device)

    def training_step(self, batch: Batch, _: int) -> Tensor:
        losses = self._losses(batch)
        total = sum(losses.values())
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

    def configure_optimizers(self) -> dict:
        return self.solver.configure(self)


class GuidedTranslatorTask(lightning.LightningModule):
    """GDTT: minimizes the MSE between the translator's output and the teacher's stage-2 features
    (Eq. 40).
    """

    def __init__(
        self, translator: DomainTranslator, teacher_front: nn.Module, solver: Solver
    ) -> None:
        super().__init__()
        self.translator, self.solver = translator, solver
        self.settings = str(solver)
        self.teacher = digest(
            teacher_front
        )  # so that a checkpoint made with another teacher or solver is not resumed
        self._teacher = [
            teacher_front.eval().requires_grad_(False)
        ]  # in a list: not a part of the checkpoint
        self.register_buffer("epoch_sum", torch.zeros(()))

    def training_step(self, batch: tuple[Tensor, Tensor], _: int) -> Tensor:
        pixels, latent = batch
        with torch.no_grad():
            target = self._teacher[0].to(self.device)(pixels)
        mse = nn.functional.mse_loss(self.translator(latent), target)
        done = self.global_step % self.solver.epoch
        self.epoch_sum = mse.detach() + (self.epoch_sum if done else 0)
        self.log("mse", mse, prog_bar=True)
        self.log("relative_mse", mse / target.var())
        self.log("epoch_loss", self.epoch_sum / (done + 1))
        return mse

    def configure_optimizers(self) -> dict:
        return self.solver.configure(self.translator)


def _cell(inputs: Sequence[np.ndarray]) -> int:
    """Pixels that a position of the inputs stands for."""
    return 1 if inputs[0].ndim == 2 else 16


def train_detector(
    model: Detector,
    slices: Slices,
    size: tuple[int, int],
    solver: Solver,
    *,
    folder: Path,
    validation: Slices | None = None,
    frozen: Literal["", "norms", "stages"] = "",
    guidance: Guidance | None = None,
    labels: Sequence[np.ndarray] | None = None,
    crop: Crop = 256,
    seed: int = 0,
    progress: bool = True,
    callbacks: Sequence[Callback] = (),
) -> Detector:
    """Train on crops of slices or latents, see `DetectorTask` and `detection_crops`; resumes from
    `folder`.

    Args:
        size: (H, W) of the slices.
        validation: whole slices or latents to be evaluated on where the solver asks for it.
        frozen: see `DetectorTask`.
        callbacks: of Lightning, such as one that ends the training.
        guidance: for online GDTT.
        labels: for a detector with masks, the label image of each slice (`datasets.boxes.objects`).

    Raises:
        UserError: a plateau schedule, which needs an epoch's loss; or the solver evaluates and
            there is nothing to evaluate on, or its steps are no multiple of its evaluations'
            distance.
    """
    if solver.schedule == "plateau":
        raise UserError(
            "the plateau schedule is for translators", "Choose one_cycle or delta for a detector"
        )
    evaluation = None
    if solver.eval_every:
        if not validation:
            raise UserError(
                "the solver evaluates during training and there are no validation slices",
                "Give them, or set eval_every to 0",
            )
        if solver.steps % solver.eval_every:
            raise UserError(
                f"{solver.steps} steps are no multiple of eval_every, {solver.eval_every}",
                "Choose a multiple",
            )
        samples = [
            (torch.from_numpy(np.array(x)).float().view(-1, *x.shape[-2:]), torch.from_numpy(b))
            for x, b in zip(*validation, strict=True)
        ]
        whole = partial(_whole, size=size)
        evaluation = Evaluation(
            samples, "AP50", solver.eval_every, solver.patience // solver.eval_every, whole
        )
    stream = detection_crops(
        *slices, size, crop, seed, pixels=guidance.pixels if guidance else None, labels=labels
    )
    task = DetectorTask(model.train(), solver, frozen, guidance)
    fit(
        task,
        stream,
        Loop(solver.steps, solver.batch, solver.clip or None, solver.precision),
        FitOptions(folder, progress, callbacks),
        collate=partial(collate, cell=_cell(slices[0])),
        evaluation=evaluation,
    )
    return model.eval()


def fine_tune(
    model: Detector,
    slices: Slices,
    size: tuple[int, int],
    solver: Solver,
    plan: FineTuning,
    *,
    folder: Path,
    **options: Any,
) -> Detector:
    """PD-FT in two trainings, `folder`/frozen and `folder`/free, `solver.steps` iterations in all;
    `options` as `train_detector` takes them.
    """
    unit = max(1, solver.eval_every)
    frozen = round(plan.frozen_share * solver.steps / unit) * unit
    if frozen:
        model = train_detector(
            model,
            slices,
            size,
            replace(solver, steps=frozen),
            folder=folder / "frozen",
            frozen="stages",
            **options,
        )
    if frozen < solver.steps:
        slower = {
            "learning_rate": plan.free_rate * solver.learning_rate,
            "delta": plan.free_rate * solver.delta,
        }
        free = replace(solver, steps=solver.steps - frozen, **slower)
        kept: Literal["", "norms"] = "norms" if plan.stage_norms == "keep" else ""
        model = train_detector(
            model, slices, size, free, folder=folder / "free", frozen=kept, **options
        )
    return model.eval()


def train_recipe(
    plan: Recipe,
    model: Detector,
    slices: Slices,
    size: tuple[int, int],
    solver: Solver,
    fine_tuning: FineTuning,
    **options: Any,
) -> Detector:
    """A recipe trains its detector: in two phases with PD-FT, in one without, none for GDTT alone;
    `options` as `train_detector` takes them.
    """
    if plan.pd_ft:
        return fine_tune(model, slices, size, solver, fine_tuning, **options)
    return train_detector(model, slices, size, solver, **options) if plan.trains_detector else model


def _whole(samples: list[tuple[Tensor, Tensor]], size: tuple[int, int]) -> Batch:
    """Whole slices or latents as a batch."""
    return Batch([x for x, _ in samples], [size] * len(samples), [b for _, b in samples])


def train_translator(
    translator: DomainTranslator,
    teacher: Detector,
    pixels: Sequence[np.ndarray],
    latents: Sequence[np.ndarray],
    size: tuple[int, int],
    solver: Solver,
    *,
    folder: Path,
    crop: int = 256,
    seed: int = 0,
    progress: bool = True,
) -> DomainTranslator:
    """GDTT: teach the translator what the teacher's stem and stage 2 make of the pixels.

    Resumes from `folder`.
    """
    stream = paired_crops(pixels, latents, size, crop, seed)
    task = GuidedTranslatorTask(translator, teacher.front, solver)
    fit(
        task,
        stream,
        Loop(solver.steps, solver.batch, solver.clip or None, solver.precision),
        FitOptions(folder, progress),
    )
    return translator
