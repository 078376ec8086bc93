"""How a recipe trains its detector: in two phases with PD-FT (section 3.3.3), otherwise in one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from promic_nb.models.detector import Detector
from promic_nb.models.recipes import Recipe
from promic_nb.training import log
from promic_nb.training.data import DetectorData
from promic_nb.training.detection import train_detector
from promic_nb.training.guidance import Guidance
from promic_nb.training.options import FitOptions
from promic_nb.training.solver import Solver


@dataclass(frozen=True)
class FineTuning:
    """PD-FT: train with stages 3-5 frozen, then train everything.

    These are the settings that the dissertation leaves open.

    Attributes:
        frozen_share: share of the iterations with frozen stages. A solver with patience may end
            this phase earlier, at its best AP50. A long frozen phase hurts short trainings
            (docs/hyperparameters.md).
        frozen_parts: what is frozen at first: "stages" 3-5, or the whole "detector" behind the
            translator. The latter with a share of 1 trains the translator alone (Figs. 25 and 26).
        free_learning_rate_factor: learning rate of the second phase, as a multiple of the first's.
            Each phase has its own schedule.
        stage_norms: batch norms of stages 3-5 in the second phase: "adapt" uses the statistics of
            latent batches, "keep" those learned from pixels.
    """

    frozen_share: float = 0.1
    frozen_parts: Literal["stages", "detector"] = "stages"
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
    """PD-FT: two trainings with `solver.steps` iterations in total.

    Their folders are `frozen` and `free`, inside the options' folder. Arguments and errors are
    those of `train_detector`.
    """
    unit = max(1, solver.eval_every)
    frozen = round(fine_tuning.frozen_share * solver.steps / unit) * unit
    trainable = [p for p in model.parameters() if p.requires_grad]
    log.discard(
        options.folder,
        *([] if frozen else [options.below("frozen").folder]),
        *([] if frozen < solver.steps else [options.below("free").folder]),
    )
    if frozen:
        first = replace(solver, steps=frozen)
        parts = fine_tuning.frozen_parts
        model = train_detector(
            model, data, first, options.below("frozen"), frozen=parts, guidance=guidance
        )
        for parameter in trainable:  # what the first phase froze
            parameter.requires_grad_(True)
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
    """Train a recipe's detector.

    With PD-FT it takes two phases, otherwise one; GDTT alone does not train the detector. Arguments
    and errors are those of `train_detector`.
    """
    if recipe.pd_ft:
        return fine_tune(model, data, solver, fine_tuning, options, guidance=guidance)
    log.discard(options.below("frozen").folder, options.below("free").folder)
    if recipe.trains_detector:
        return train_detector(model, data, solver, options, guidance=guidance)
    log.discard(options.folder)
    return model
