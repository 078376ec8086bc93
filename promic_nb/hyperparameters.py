"""The dissertation's optimised training parameters (Appendix B, Tables 10-19) as data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

from promic_nb.errors import UserError

# Table 4: limits of the search; `base_lr` is sampled over its logarithm. (lowest, highest)
SEARCH = {
    "base_lr": (1e-4, 1.0), "batch": (4, 12), "delta_lr": (1e-6, 1e-1), "initial": (100, 5000), "steps": (0, 100), "interval": (100, 1000),
}  # fmt: skip


@dataclass(frozen=True)
class Hyperparameters:
    """Parameters of one training, with the learning-rate schedule of section 4.1.1.

    Attributes:
        batch: images in a batch (SOLVER.IMS_PER_BATCH).
        base_lr: learning rate until `initial` (SOLVER.BASE_LR).
        delta_lr: how much it falls in all (Delta Learning Rate).
        initial: iteration at which it begins to fall (Initial Iteration).
        steps: number of equal falls (Number of Steps); 0 keeps the rate.
        interval: iterations between two falls (Iteration Step).
    """

    batch: int
    base_lr: float
    delta_lr: float
    initial: int
    steps: int
    interval: int


@cache
def tables() -> dict:
    """Tables 10-19: `rates` (bpp) and, for each recipe, a value or a list over the rates for each parameter."""
    return yaml.safe_load(files("promic_nb").joinpath("hyperparameters.yaml").read_text())


def published(recipe: str, rate: float | None = None) -> Hyperparameters:
    """Parameters of one model at one target rate.

    Args:
        recipe: "original", A-H or ProMIC.
        rate: target rate in bpp, one of the tables' five; none for "original".

    Raises:
        UserError: a recipe or rate that the tables do not have.
    """
    data = tables()
    if recipe not in data["recipes"]:
        raise UserError(f"recipe {recipe!r} has no published parameters", f"Choose one of {', '.join(data['recipes'])}")
    values = data["recipes"][recipe]
    if recipe == "original":
        return Hyperparameters(**values)
    if rate not in data["rates"]:
        raise UserError(f"target rate {rate} bpp has no published parameters", f"Choose one of {', '.join(map(str, data['rates']))}")
    return Hyperparameters(**{k: v[data["rates"].index(rate)] for k, v in values.items()})
