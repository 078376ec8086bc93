"""Mirror training (section 3.3 of the dissertation): the detector and the guided translator."""

from __future__ import annotations

from functools import partial
from itertools import islice

import numpy as np
import torch
from torch import Tensor
from torch.optim.swa_utils import update_bn
from torch.utils.data import DataLoader

from promic_nb.errors import UserError
from promic_nb.models.detector import Detector
from promic_nb.models.inputs import Batch
from promic_nb.models.translator import DomainTranslator
from promic_nb.training.data import DetectorData, Size, Slices, TranslatorData
from promic_nb.training.fit import fit
from promic_nb.training.guidance import Guidance
from promic_nb.training.options import Evaluation, FitOptions
from promic_nb.training.samples import collate, detection_crops, paired_crops
from promic_nb.training.solver import Solver
from promic_nb.training.tasks import DetectorTask, Distillation, Frozen, GuidedTranslatorTask


def train_detector(
    model: Detector,
    data: DetectorData,
    solver: Solver,
    options: FitOptions,
    *,
    frozen: Frozen = "",
    guidance: Guidance | None = None,
) -> Detector:
    """Train on crops of slices or latents, or resume the training in the options' folder.

    Args:
        frozen: what stays frozen in stages 3-5, see `DetectorTask`.
        guidance: for online GDTT.

    Returns:
        The model in evaluation mode, at its best AP50 if the solver evaluates.

    Raises:
        UserError: a plateau schedule, which needs a loss per epoch; a solver that evaluates without
            validation slices or objects in them, or whose steps are not a multiple of its
            evaluation interval.
    """
    if solver.schedule == "plateau":
        raise UserError(
            "the plateau schedule is only for translators",
            "Choose one_cycle or delta for a detector",
        )
    evaluation = _evaluation(data.validation, solver) if solver.eval_every else None
    train = data.train
    stream = detection_crops(
        train.inputs,
        train.boxes,
        train.size,
        data.crop,
        data.seed,
        flips=data.flips,
        pixels=guidance.pixels if guidance else None,
        labels=train.labels,
        classes=train.classes,
    )
    fit(
        DetectorTask(model.train(), solver, frozen, guidance),
        stream,
        solver.loop,
        options,
        collate=partial(collate, cell=train.cell),
        evaluation=evaluation,
    )
    return model.eval()


def train_translator(
    translator: DomainTranslator,
    teacher: Detector,
    data: TranslatorData,
    solver: Solver,
    options: FitOptions,
    distillation: Distillation = Distillation(),  # noqa: B008 (frozen)
) -> DomainTranslator:
    """GDTT: train the translator to output the teacher's stem and stage-2 features of the pixels.

    Resumes the training in the options' folder.
    """
    stream = paired_crops(
        data.pixels, data.latents, data.size, data.crop, data.seed, flips=data.flips
    )
    task = GuidedTranslatorTask(translator, teacher.front, solver, distillation.loss)
    fit(task, stream, solver.loop, options)
    if distillation.norm_batches:
        pairs = paired_crops(
            data.pixels, data.latents, data.size, data.crop, data.seed + 1, flips=data.flips
        )
        latents = DataLoader(pairs, solver.batch, collate_fn=_latents)
        update_bn(islice(latents, distillation.norm_batches), translator)
    return translator


def _latents(pairs: list[tuple[Tensor, Tensor]]) -> Tensor:
    return torch.stack([latent for _, latent in pairs])


def _evaluation(validation: Slices | None, solver: Solver) -> Evaluation:
    """Evaluate on whole slices or latents, one at a time."""
    if not validation:
        raise UserError(
            "the solver evaluates during training, but there are no validation slices",
            "Provide them, or set eval_every to 0",
        )
    if solver.steps % solver.eval_every:
        raise UserError(
            f"{solver.steps} steps are not a multiple of eval_every, {solver.eval_every}",
            "Choose a multiple",
        )
    if not any(map(len, validation.boxes)):
        raise UserError(
            "no validation slice shows an object, so none of them can tell which weights are best",
            "Choose other validation slices, or set eval_every to 0",
        )
    samples = [
        (torch.from_numpy(np.array(x)).float().view(-1, *x.shape[-2:]), torch.from_numpy(b))
        for x, b in zip(validation.inputs, validation.boxes, strict=True)
    ]
    whole = partial(_whole, size=validation.size)
    every = solver.eval_every
    patience = -(-solver.patience // every)  # 0 would mean no limit
    return Evaluation(samples, "AP50", every, patience, whole)


def _whole(samples: list[tuple[Tensor, Tensor]], size: Size) -> Batch:
    """Whole slices or latents as a batch."""
    return Batch([x for x, _ in samples], [size] * len(samples), [b for _, b in samples])
