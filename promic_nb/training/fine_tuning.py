"""How a recipe trains its detector: in two phases with PD-FT (section 3.3.3), in one without."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from promic_nb.models.detector import Detector
from promic_nb.models.recipes import Recipe
from promic_nb.training.data import DetectorData
from promic_nb.training.detection import train_detector
from promic_nb.training.guidance import Guidance
from promic_nb.training.options import FitOptions
from promic_nb.training.solver import Solver


@dataclass(frozen=True)
class FineTuning:
    """PD-FT: stages 3-5 are frozen first, then all is trained. What the text leaves open are these.

    Attributes:
        frozen_share: share of the iterations with frozen stages; a solver with patience ends that
            phase earlier, at its best AP50. Short trainings lose by a long one
            (docs/hyperparameters.md).
        free_learning_rate_factor: learning rate of the second phase, as a multiple of the first's.
            Each phase has a schedule of its own.
        stage_norms: batch norms of stages 3-5 in the second phase: "adapt" takes statistics of the
            latent's batches, "keep" those of pixels.
    """

    frozen_share: float = 0.1
    free_learning_rate_factor: float = 1.0
    stage_norms: Literal["adapt", "keep"] = "adapt"


def fine_tune(
    model: Detector,
    data: DetectorData,
    solver: Solver,
    fine_tuning: FineTuning,
    options: FitOptions,
    *,
    guidance: Guidance | None = None,
) -> Detector:
    """PD-FT in two trainings, in the folders `frozen` and `free` below the options' folder, with
    `solver.steps` iterations in all. Arguments and errors as `train_detector`.
    """
    unit = max(1, solver.eval_every)
    frozen = round(fine_tuning.frozen_share * solver.steps / unit) * unit
    if frozen:
        first = replace(solver, steps=frozen)
        model = train_detector(
            model, data, first, options.below("frozen"), frozen="stages", guidance=guidance
        )
    if frozen < solver.steps:
        factor = fine_tuning.free_learning_rate_factor
        second = replace(
            solver,
            steps=solver.steps - frozen,
            learning_rate=factor * solver.learning_rate,
            delta=factor * solver.delta,
        )
        model = train_detector(
            model,
            data,
            second,
            options.below("free"),
            frozen="norms" if fine_tuning.stage_norms == "keep" else "",
            guidance=guidance,
        )
    return model.eval()


def train_recipe(
    recipe: Recipe,
    model: Detector,
    data: DetectorData,
    solver: Solver,
    fine_tuning: FineTuning,
    options: FitOptions,
    *,
    guidance: Guidance | None = None,
) -> Detector:
    """A recipe trains its detector: in two phases with PD-FT, in one without, not at all for GDTT
    alone. Arguments and errors as `train_detector`.
    """
    if recipe.pd_ft:
        return fine_tune(model, data, solver, fine_tuning, options, guidance=guidance)
    if recipe.trains_detector:
        return train_detector(model, data, solver, options, guidance=guidance)
    return model
