"""The dissertation's optimised training parameters (Appendix B, Tables 10-19) as data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from promic_nb.errors import UserError

# Table 4: limits of the search, (lowest, highest); `base_lr` is sampled on a log scale.
SEARCH = {
    "base_lr": (1e-4, 1.0),
    "batch": (4, 12),
    "delta_lr": (1e-6, 1e-1),
    "initial": (100, 5000),
    "steps": (0, 100),
    "interval": (100, 1000),
}


@dataclass(frozen=True)
class Hyperparameters:
    """Parameters of one training, with the learning-rate schedule of section 4.1.1.

    Attributes:
        batch: images in a batch (SOLVER.IMS_PER_BATCH).
        base_lr: learning rate until `initial` (SOLVER.BASE_LR).
        delta_lr: total fall of the learning rate (Delta Learning Rate).
        initial: iteration of the first fall (Initial Iteration).
        steps: number of equal falls (Number of Steps); 0 keeps the learning rate constant.
        interval: iterations between two falls (Iteration Step).
    """

    batch: int
    base_lr: float
    delta_lr: float
    initial: int
    steps: int
    interval: int

    def training(self) -> dict[str, Any]:
        """As parameters of `07_train_detector`: batch, learning_rate and delta schedule."""
        schedule = {
            "delta": self.delta_lr,
            "initial_iteration": self.initial,
            "decay_steps": self.steps,
            "iteration_step": self.interval,
        }
        return {
            "batch": self.batch,
            "learning_rate": self.base_lr,
            "solver": {"schedule": "delta", **schedule},
        }


@cache
def tables(source: str = "published") -> dict:
    """The rates in bpp (`rates`) and the parameters of each recipe.

    A parameter is one value, or a list over the rates.

    Args:
        source: "published" for Tables 10-19, or a YAML file in that form, such as a search writes.

    Raises:
        UserError: the file does not exist or has another form.
    """
    file = (
        files("promic_nb.training").joinpath("hyperparameters.yaml")
        if source == "published"
        else Path(source)
    )
    try:
        data = yaml.safe_load(file.read_text())
        for recipe in data["recipes"]:
            for rate in data["rates"]:
                _at(data, recipe, rate)
    except FileNotFoundError:
        raise UserError(
            f"{source} does not exist",
            "Use 'published', or a hyperparameters.yaml from 23_search_results",
        ) from None
    except (yaml.YAMLError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise UserError(
            f"{source} does not have the form of Tables 10-19 ({error})",
            "See promic_nb/training/hyperparameters.yaml for an example",
        ) from None
    return data


def _at(data: dict, recipe: str, rate: float | None) -> Hyperparameters:
    values = data["recipes"][recipe]
    return Hyperparameters(
        **{k: v[data["rates"].index(rate)] if isinstance(v, list) else v for k, v in values.items()}
    )


def get(recipe: str, rate: float | None = None, source: str = "published") -> Hyperparameters:
    """Parameters of one model at one target rate.

    Args:
        recipe: "original", A-H or ProMIC.
        rate: target rate in bpp, one of those in the tables; ignored for "original".
        source: see `tables`.

    Raises:
        UserError: the tables do not have this recipe or rate.
    """
    data = tables(source)
    if recipe not in data["recipes"]:
        raise UserError(
            f"recipe {recipe!r} has no {source} parameters",
            f"Choose one of {', '.join(data['recipes'])}",
        )
    if recipe != "original" and rate not in data["rates"]:
        raise UserError(
            f"target rate {rate} bpp has no {source} parameters",
            f"Choose one of {', '.join(map(str, data['rates']))}",
        )
    return _at(data, recipe, rate)


def beside_published(
    found: Hyperparameters, recipe: str, rate: float
) -> list[tuple[str, float, float | None]]:
    """Name, value and published value of each parameter.

    The published value is None if Tables 10-19 do not have this recipe or rate.
    """
    try:
        printed = asdict(get(recipe, rate))
    except UserError:
        printed = {}
    return [(name, float(value), printed.get(name)) for name, value in asdict(found).items()]
