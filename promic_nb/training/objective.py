"""One trial of the search for hyperparameters: a detector of the ablation, trained as
`07_train_detector` does, and its AP50 on validation slices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import optuna
import torch
from lightning.pytorch.callbacks import Callback

from promic_nb.codecs.latents import load_slices
from promic_nb.datasets import open_stack
from promic_nb.datasets.boxes import boxes_from_mask
from promic_nb.errors import UserError
from promic_nb.metrics.detection import average_precision
from promic_nb.models.build import build_detector, build_translator, mirror
from promic_nb.models.detector import Detector
from promic_nb.models.load import load_detector
from promic_nb.models.recipes import RECIPES
from promic_nb.models.slices import detect_slices
from promic_nb.models.weights import load_weights
from promic_nb.training.detection import FineTuning, Slices, train_recipe
from promic_nb.training.samples import Crop
from promic_nb.training.search import original_number, suggest
from promic_nb.training.solver import Solver


class Report(Callback):
    """Reports each evaluation of a training to its trial, and ends the training where the pruner
    says so or the loss is not finite.

    Evaluations are counted over all trainings that the trial consists of, and over those of the
    killed trial that it repeats.
    """

    def __init__(self, trial: optuna.Trial, monitor: str = "AP50") -> None:
        self.trial, self.monitor = trial, monitor
        self.done = len(trial.study.trials[trial.number].intermediate_values)

    def on_train_batch_end(
        self, trainer: lightning.Trainer, task: lightning.LightningModule, outputs: dict, *_: Any
    ) -> None:
        if not torch.isfinite(outputs["loss"]):
            raise optuna.TrialPruned(f"diverged at iteration {trainer.global_step}")

    def on_validation_end(
        self, trainer: lightning.Trainer, task: lightning.LightningModule
    ) -> None:
        self.done += 1
        self.trial.report(float(trainer.callback_metrics[self.monitor]), self.done)
        if self.trial.should_prune():
            raise optuna.TrialPruned(f"behind the others after evaluation {self.done}")


@dataclass(frozen=True)
class DetectorTrial:
    """An objective for `search`; worker processes can be given it.

    Attributes are the parameters of `07_train_detector` and:

    Attributes:
        eval_every: iterations between evaluations on validation slices.
        limits: in place of Table 4's.
        folder: of the trainings, one for each trial; a trial that repeats a killed one resumes its
            training.

    Raises:
        UserError: a recipe without a training of the detector.
    """

    recipe: str
    dataset: str
    data: str
    folder: str
    steps: int
    eval_every: int
    config: str = "small"
    engine: str = "torchvision"
    weights: str = "none"
    latents: str = ""
    start: str = ""
    translator: str = ""
    solver: Mapping[str, Any] = field(default_factory=dict)
    fine_tuning: Mapping[str, Any] = field(default_factory=dict)
    crop: Crop = 256
    train_every: int = 1
    val_every: int = 1
    seed: int = 0
    threads: int = 1
    limits: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not RECIPES[self.recipe].trains_detector:
            raise UserError(
                f"recipe {self.recipe} trains no detector: its hyperparameters are its translator's",
                "Choose another recipe",
            )

    def __call__(self, trial: optuna.Trial) -> float:
        """Train with the parameters that the trial suggests; return AP50, 0..1."""
        torch.set_num_threads(self.threads)
        found = suggest(trial, self.limits).training()
        options = {**self.solver, **found["solver"], "eval_every": self.eval_every}
        solver = Solver(self.steps, found["learning_rate"], found["batch"], **options)
        (train, validation), size = _slices(
            self.dataset, self.data, self.recipe, self.latents, self.train_every, self.val_every
        )
        where = {
            "folder": Path(self.folder) / f"trial{original_number(trial)}",
            "progress": False,
            "callbacks": [Report(trial)],
        }
        options = {"validation": validation, "crop": self.crop, "seed": self.seed, **where}
        model = train_recipe(
            RECIPES[self.recipe],
            self._model(train),
            train,
            size,
            solver,
            FineTuning(**self.fine_tuning),
            **options,
        )
        return average_precision(
            validation[1], detect_slices(model, validation[0], size, progress=False)
        )["AP50"]

    def _model(self, train: Slices) -> Detector:
        plan = RECIPES[self.recipe]
        model = (
            load_detector(self.start, self.engine)
            if self.start
            else build_detector(self.config, self.seed, self.engine, self.weights)
        )
        if plan.inputs != "latent":
            return model
        bridge = build_translator(model.config, train[0].shape[1], plan.lrb, self.seed)
        return mirror(model, load_weights(bridge, self.translator) if plan.gdtt else bridge)


@lru_cache(maxsize=1)
def _slices(
    dataset: str, data: str, recipe: str, latents: str, train_every: int, val_every: int
) -> tuple[tuple[Slices, Slices], tuple[int, int]]:
    """Inputs and boxes for training and for validation, and the size of a slice in pixels."""
    stack, inputs = open_stack(dataset, data), RECIPES[recipe].inputs
    found = []
    for split, every in (("train", train_every), ("val", val_every)):
        if inputs == "original":
            ids = stack.ids(split, every)
            seen: Any = [stack.image(split, i) for i in ids]
        else:
            encoded = load_slices(
                Path(latents) / split, {"data": stack.fingerprint, "split": split}
            )
            ids, seen = encoded.ids, encoded.latents if inputs == "latent" else encoded.images
        found.append((seen, [boxes_from_mask(stack.mask(split, i)) for i in ids]))
    return tuple(found), np.shape(stack.mask("train", stack.ids("train")[0]))
