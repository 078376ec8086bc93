"""Mirror training (section 3.3 of the dissertation): the detector, the guided translator, and fine-tuning with frozen stages."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor, nn
from tqdm.auto import tqdm

from promic_nb.errors import UserError
from promic_nb.metrics.detection import Detections, average_precision
from promic_nb.models.build import make_detector
from promic_nb.models.engines import Detector
from promic_nb.models.inputs import Batch
from promic_nb.models.scales import predict_at
from promic_nb.models.translator import DomainTranslator
from promic_nb.training.fit import Evaluation, digest, fit, one_cycle
from promic_nb.training.samples import Crop, collate, detection_crops, paired_crops
from promic_nb.training.solver import Solver

Slices = tuple[Sequence[np.ndarray], Sequence[np.ndarray]]  # whole slices or latents, and the boxes of each


class DetectorTask(lightning.LightningModule):
    """Trains a detector of any engine.

    Args:
        solver: optimizer and schedule.
        frozen_steps: PD-FT: stages 3-5 get no gradient, and keep their batch-norm statistics, for so many steps.
    """

    def __init__(self, model: Detector, solver: Solver, frozen_steps: int = 0) -> None:
        super().__init__()
        self.model, self.solver, self.frozen_steps = model, solver, frozen_steps
        self.settings = str(solver)  # so that a checkpoint made with others is not resumed
        self._seen: list[tuple[np.ndarray, Detections]] = []

    def on_train_batch_start(self, *_: object) -> None:
        frozen = self.global_step < self.frozen_steps
        self.model.stages.requires_grad_(not frozen)
        self.model.stages.train(not frozen)

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, _: int) -> Batch:
        return batch.to(device)

    def training_step(self, batch: Batch, _: int) -> Tensor:
        losses = self.model.losses(batch)
        total = sum(losses.values())
        self.log("loss", total, prog_bar=True, batch_size=len(batch.inputs))
        self.log_dict(losses, batch_size=len(batch.inputs))
        return total

    def validation_step(self, batch: Batch, _: int) -> None:
        self._seen += zip((b.cpu().numpy() for b in batch.boxes), self.model.predict(batch), strict=True)

    def on_validation_epoch_end(self) -> None:
        truth, found = zip(*self._seen, strict=True)
        self._seen.clear()
        self.log("AP50", average_precision(truth, found)["AP50"], prog_bar=True)

    def configure_optimizers(self) -> dict:
        return self.solver.optimizer(self)


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
    frozen_steps: int = 0,
    crop: Crop = 256,
    seed: int = 0,
    progress: bool = True,
    callbacks: Sequence[Callback] = (),
) -> Detector:
    """Train on crops of slices or latents, see `DetectorTask` and `detection_crops`; resumes from `folder`.

    Args:
        size: (H, W) of the slices.
        validation: whole slices or latents to be evaluated on where the solver asks for it.
        callbacks: of Lightning, such as one that ends the training.

    Raises:
        UserError: the solver evaluates and there is nothing to evaluate on, or its steps are no multiple of its evaluations' distance.
    """
    evaluation = None
    if solver.eval_every:
        if not validation:
            raise UserError("the solver evaluates during training and there are no validation slices", "Give them, or set eval_every to 0")
        if solver.steps % solver.eval_every:
            raise UserError(f"{solver.steps} steps are no multiple of eval_every, {solver.eval_every}", "Choose a multiple")
        samples = [(torch.from_numpy(np.array(x)).float().view(-1, *x.shape[-2:]), torch.from_numpy(b)) for x, b in zip(*validation, strict=True)]
        whole = partial(_whole, size=size)
        evaluation = Evaluation(samples, "AP50", solver.eval_every, solver.patience // solver.eval_every, whole)
    stream = detection_crops(*slices, size, crop, seed)
    task = DetectorTask(model, solver, frozen_steps)
    fit(
        task, stream, steps=solver.steps, batch=solver.batch, folder=folder, collate=partial(collate, cell=_cell(slices[0])),
        clip=solver.clip or None, precision=solver.precision, evaluation=evaluation, progress=progress,
        callbacks=callbacks,
    )  # fmt: skip
    return model.eval()


def _whole(samples: list[tuple[Tensor, Tensor]], size: tuple[int, int]) -> Batch:
    """Whole slices or latents as a batch."""
    return Batch([x for x, _ in samples], [size] * len(samples), [b for _, b in samples])


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
    """PD-TL: a latent detector of the teacher's engine, with its stages 3-5, neck and heads behind the translator."""
    model = make_detector(teacher.config, teacher.engine, translator)
    own = {k: v for k, v in teacher.weights().items() if not k.startswith("front.")}
    model.load_weights({**model.weights(), **own})
    return model


def detect(
    model: Detector, inputs: Sequence[np.ndarray], size: tuple[int, int], sizes: Sequence[int] = (), progress: bool = True
) -> list[Detections]:
    """Detections of whole slices (uint8 (H, W)) or latents (float32 (C, h, w)), one after another; `sizes` as `predict_at` takes them."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model.eval().to(device)
    found = []
    for x in tqdm(inputs, desc="detecting", unit="slice", disable=not progress, leave=False):
        tensor = torch.from_numpy(np.array(x)).float().to(device)
        found += predict_at(model, Batch([tensor.view(-1, *tensor.shape[-2:])], [size], []), sizes)
    return found
