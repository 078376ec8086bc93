"""The objective of the hyperparameter search.

It trains a detector of the ablation as `07_train_detector` does and returns its AP50 on validation
slices.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import optuna
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor

from promic_nb.core.fields import Augmentation, FirstNorm
from promic_nb.datasets import open_stack
from promic_nb.datasets.layout import Split
from promic_nb.errors import UserError
from promic_nb.metrics.detection import average_precision
from promic_nb.models.build import build_detector, mirror
from promic_nb.models.detector import Detector
from promic_nb.models.load import load_detector
from promic_nb.models.recipes import RECIPES
from promic_nb.models.slices import detect_slices
from promic_nb.models.weights import load_weights
from promic_nb.training.data import DetectorData, Slices
from promic_nb.training.fine_tuning import FineTuning, train_recipe
from promic_nb.training.inputs import load_inputs
from promic_nb.training.multirate import TranslatorOptions, translator_for
from promic_nb.training.options import FitOptions
from promic_nb.training.samples import Crop
from promic_nb.training.search import original_number, suggest
from promic_nb.training.solver import Solver


class Report(Callback):
    """Reports each evaluation to the trial.

    It ends the training if the pruner says so or the loss is not finite.

    Evaluations are counted over all trainings of the trial, including those of a killed trial that
    it repeats.
    """

    def __init__(self, trial: optuna.Trial, monitor: str = "AP50") -> None:
        self.trial, self.monitor = trial, monitor
        self.done = len(trial.study.trials[trial.number].intermediate_values)

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: Tensor | Mapping[str, Any] | None,
        *_: Any,
    ) -> None:
        if isinstance(outputs, Mapping) and not torch.isfinite(outputs["loss"]):
            raise optuna.TrialPruned(f"diverged at iteration {trainer.global_step}")

    def on_validation_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        self.done += 1
        self.trial.report(float(trainer.callback_metrics[self.monitor]), self.done)
        if self.trial.should_prune():
            raise optuna.TrialPruned(f"behind the others after evaluation {self.done}")


@dataclass(frozen=True)
class DetectorObjective:
    """An objective for `search`; it can be passed to worker processes.

    The attributes are the parameters of `07_train_detector` and:

    Attributes:
        eval_every: iterations between evaluations on validation slices.
        limits: used instead of Table 4's.
        folder: of the trainings, one per trial; a trial that repeats a killed one resumes its
            training.

    Raises:
        UserError: the recipe does not train its detector.
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
    first_norm: FirstNorm = "one"
    augmentation: Augmentation = "encoded"
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
                f"recipe {self.recipe} trains only its translator; there are no detector "
                "hyperparameters to search",
                "Choose another recipe",
            )

    def __call__(self, trial: optuna.Trial) -> float:
        """Train with the parameters suggested by the trial; return AP50, 0..1."""
        torch.set_num_threads(self.threads)
        found = suggest(trial, self.limits).training()
        settings = {**self.solver, **found["solver"], "eval_every": self.eval_every}
        solver = Solver(self.steps, found["learning_rate"], found["batch"], **settings)
        train, validation = _slices(
            self.dataset,
            self.data,
            self.recipe,
            self.latents,
            (self.train_every, self.val_every),
            self.augmentation,
        )
        folder = Path(self.folder) / f"trial{original_number(trial)}"
        model = train_recipe(
            RECIPES[self.recipe],
            self._model(train.inputs),
            DetectorData(
                train, validation, self.crop, self.seed, flips=self.augmentation == "grid"
            ),
            solver,
            FineTuning(**self.fine_tuning),
            FitOptions(folder, progress=False, callbacks=[Report(trial)]),
        )
        found_boxes = detect_slices(model, validation.inputs, validation.size, progress=False)
        return average_precision(validation.boxes, found_boxes)["AP50"]

    def _model(self, inputs: Sequence[np.ndarray]) -> Detector:
        recipe = RECIPES[self.recipe]
        model = (
            load_detector(self.start, self.engine)
            if self.start
            else build_detector(self.config, self.seed, self.engine, self.weights)
        )
        if recipe.inputs != "latent":
            return model
        options = TranslatorOptions(self.first_norm)
        translator = translator_for(model.config, [inputs], recipe.lrb, self.seed, options)
        if recipe.gdtt:
            translator = load_weights(translator, self.translator)
        return mirror(model, translator)


@lru_cache(maxsize=1)
def _slices(
    dataset: str,
    data: str,
    recipe: str,
    latents: str,
    every: tuple[int, int],
    augmentation: Augmentation,
) -> tuple[Slices, Slices]:
    """What the recipe sees for training and for validation: every Nth slice of each, all classes
    as one.
    """
    splits: dict[Split, int] = {"train": every[0], "val": every[1]}
    stack = open_stack(dataset, data)
    inputs = load_inputs(stack, recipe, {"": latents}, splits, augmentation=augmentation)
    train, validation = (inputs.slices[split] for split in ("train", "val"))
    return replace(train, classes=None), replace(validation, classes=None)
