"""The schema of profiles: everything a run's numbers depend on besides code and data.

It is checked before a run.
"""

from __future__ import annotations

import difflib
from typing import Any

from pydantic import ValidationError

from promic_nb import codecs
from promic_nb.core.fields import Augmentation, Count, Crop, Name, NonNegative, SplitName
from promic_nb.datasets.registry import DatasetName
from promic_nb.datasets.source import check_source
from promic_nb.errors import UserError
from promic_nb.experiment.sections import (
    Benchmark,
    DetectorTraining,
    Diagnosis,
    Extensions,
    GuidedTraining,
    LatentTraining,
    Probes,
    RatePoint,
    Slices,
    Strict,
    Studies,
)
from promic_nb.models.config import ConfigName
from promic_nb.models.recipes import RECIPES, RecipeName, StudyName
from promic_nb.models.registry import EngineName
from promic_nb.runs.layout import RunFolder
from promic_nb.training import hyperparameters
from promic_nb.training.hyperparameters import Hyperparameters


class Profile(Strict):
    """A profile: everything a run's numbers depend on besides code and data."""

    profile: Name
    smoke: bool
    data: str = ""
    cells: str = ""
    dataset: DatasetName = "phantom"
    slices: Slices
    benchmark: Benchmark
    rates: dict[Name, RatePoint]
    recipes: list[RecipeName]
    # Rates of recipes that are not trained at all of them.
    only_rates: dict[RecipeName, list[Name]] = {}  # noqa: RUF012 (pydantic copies it)
    seeds: list[NonNegative]
    detector: ConfigName
    engine: EngineName = "torchvision"
    weights: str = "none"
    crop: Crop
    study: StudyName = "printed"
    augmentation: Augmentation = "encoded"
    tested: list[SplitName] = ["test"]  # noqa: RUF012 (pydantic copies it)
    # Train the A that latent models are compared with for as many iterations as they get in all.
    equal_budget: bool = False
    original: DetectorTraining
    reconstructed: DetectorTraining
    latent: LatentTraining
    guided: GuidedTraining
    min_bd_points: Count
    # "published", or a file in the same form: replaces batch, rate and schedule of the trainings
    hyperparameters: str = ""
    probes: Probes | None = None
    studies: Studies = Studies()
    extensions: Extensions | None = None
    diagnosis: Diagnosis | None = None

    @property
    def run(self) -> RunFolder:
        """The folder of the run."""
        return RunFolder(self.profile, self.dataset)

    def rates_of(self, recipe: str) -> list[str]:
        """The labels of the rates that a recipe is trained at; "pixels" for `original`."""
        if RECIPES[recipe].inputs == "original":
            return ["pixels"]
        return self.only_rates.get(recipe, list(self.rates))

    def training(self, recipe: str, rate: str) -> dict[str, Any]:
        """Steps, batch, learning rate and solver of a detector's training, for `07_train_detector`.

        Raises:
            UserError: the tables of hyperparameters lack the recipe or the rate's `target_bpp`.
        """
        sections = {
            "original": self.original,
            "reconstructed": self.reconstructed,
            "latent": self.latent,
        }
        values = sections[RECIPES[recipe].inputs].model_dump()
        if not self.hyperparameters:
            return values
        best = self._tabled(recipe, rate).training()
        return {**values, **best, "solver": {**values["solver"], **best["solver"]}}

    def guided_training(self, lrb: bool, rate: str) -> dict[str, Any]:
        """The same for GDTT, for `06_guided_translator`.

        Batch and learning rate are from the tables (model D, or H with LRB), the schedule is from
        section 4.1.
        """
        values = self.guided.model_dump()
        if not self.hyperparameters:
            return values
        if values["solver"].get("optimizer", "sgd") != "sgd":
            raise UserError(
                "the tables' GDTT learning rates are for SGD, but guided.solver has another one",
                "Set guided.solver.optimizer to sgd",
            )
        best = self._tabled("H" if lrb else "D", rate)
        if "epoch" in values["solver"]:  # same number of slices, in batches of another size
            values["solver"]["epoch"] = max(
                1, round(values["solver"]["epoch"] * values["batch"] / best.batch)
            )
        return {**values, "batch": best.batch, "learning_rate": best.base_lr}

    def _tabled(self, recipe: str, rate: str) -> Hyperparameters:
        return hyperparameters.get(
            recipe,
            self.rates[rate].target_bpp if rate in self.rates else None,
            self.hyperparameters,
        )


def load_profile(config: dict[str, Any]) -> Profile:
    """A profile from Snakemake's config.

    Raises:
        UserError: a key is unknown or missing, or has a wrong type or value (including codec
            settings); names the key and the choices.
    """
    try:
        profile = Profile.model_validate(config)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        known = list(Profile.model_fields)
        near = difflib.get_close_matches(key, known, n=1)
        hint = (
            f"Did you mean {near[0]!r}?"
            if near and first["type"] == "extra_forbidden"
            else f"Keys: {', '.join(known)}"
        )
        raise UserError(
            f"profile {config.get('profile', '?')!r}: {key}: {first['msg']}", hint
        ) from None
    try:
        check_source(profile.dataset, profile.data)
    except UserError as error:
        raise UserError(f"profile {profile.profile!r}: {error.what}", error.remedy) from None
    try:
        for codec, settings in profile.benchmark.codecs.items():
            _once(codec, codecs.expand(codec, settings))
    except UserError as error:
        raise UserError(
            f"profile {profile.profile!r}: benchmark.codecs: {error.what}", error.remedy
        ) from None
    points = [(rate, point.codec, point.settings) for rate, point in profile.rates.items()]
    for i, (rate, *point) in enumerate(points):
        for other, *earlier in points[:i]:
            if point == earlier:
                raise UserError(
                    f"profile {profile.profile!r}: rates {other!r} and {rate!r} are the same point",
                    "Remove one, or give it another beta or gain",
                )
    if not profile.slices.val and any(
        t.solver.get("eval_every")
        for t in (profile.original, profile.reconstructed, profile.latent)
    ):
        raise UserError(
            f"profile {profile.profile!r} evaluates during training but has no validation slices",
            "Set slices.val, or set eval_every to 0",
        )
    _check_lengths(profile)
    if profile.extensions and profile.extensions.rate not in profile.rates:
        raise UserError(
            f"profile {profile.profile!r}: extensions.rate is {profile.extensions.rate!r}",
            f"Choose one of {', '.join(profile.rates)}",
        )
    if profile.extensions and profile.extensions.masks and profile.engine != "torchvision":
        raise UserError(
            f"profile {profile.profile!r}: extensions.masks with the engine {profile.engine!r}",
            "Choose torchvision, or turn masks off",
        )
    latent = [r for r in profile.recipes if r not in ("original", "A")]
    if latent and not {"original", "A"} <= set(profile.recipes):
        raise UserError(
            f"profile {profile.profile!r}: recipes {latent} start from A, and A from original",
            "Add both to recipes",
        )
    _check_tables(profile)
    for recipe, rates in profile.only_rates.items():
        if not set(rates) <= set(profile.rates_of("A")) & set(profile.rates):
            raise UserError(
                f"profile {profile.profile!r}: only_rates.{recipe} names a rate that it does not "
                "have, or without a model A",
                f"Choose from {', '.join(profile.rates_of('A'))}",
            )
    if "val" in profile.tested and not profile.slices.val:
        raise UserError(
            f"profile {profile.profile!r} tests on validation slices but has none",
            "Set slices.val",
        )
    for name, question in (profile.diagnosis.questions if profile.diagnosis else {}).items():
        if not set(question.recipes) <= set(profile.recipes):
            raise UserError(
                f"profile {profile.profile!r}: diagnosis.questions.{name} names recipes that it "
                "does not train",
                f"Choose from {', '.join(profile.recipes)}",
            )
        if not set(question.rates) <= set(profile.rates):
            raise UserError(
                f"profile {profile.profile!r}: diagnosis.questions.{name} names unknown rates",
                f"Choose from {', '.join(profile.rates)}",
            )
    _check_views(profile)
    if (probes := profile.probes) and not (
        {"A", probes.full, *probes.cross} <= set(profile.recipes)
        and probes.rate in profile.rates_of(probes.full)
    ):
        raise UserError(
            f"profile {profile.profile!r}: probes name a recipe or a rate that it does not train",
            "Choose from its recipes and rates",
        )
    return profile


def _check_lengths(profile: Profile) -> None:
    """Check that trainings that evaluate end with an evaluation."""
    lengths = {
        "original.steps": (profile.original, profile.original.steps),
        "reconstructed.steps": (profile.reconstructed, profile.reconstructed.steps),
        "latent.steps": (profile.latent, profile.latent.steps),
    }
    if profile.equal_budget:
        both = profile.guided.steps + profile.latent.steps
        lengths["guided.steps and latent.steps together"] = (profile.reconstructed, both)
    for name, (section, steps) in lengths.items():
        every = section.solver.get("eval_every")
        if every and steps % every:
            raise UserError(
                f"profile {profile.profile!r}: {name} ({steps}) is not a multiple of eval_every, "
                f"{every}",
                "Choose a multiple",
            )


def _check_views(profile: Profile) -> None:
    """Check that the latents of the profile hold all views that its diagnosis asks for."""
    if not profile.diagnosis:
        return
    from promic_nb.datasets.views import VIEWS  # scikit-image takes a second to import

    there = VIEWS[profile.augmentation]
    for name, setting in profile.diagnosis.settings().items():
        views = VIEWS[setting.augmentation or profile.augmentation]
        if views != there[: len(views)]:
            raise UserError(
                f"profile {profile.profile!r}: the setting {name} has the augmentation "
                f"{setting.augmentation!r}, but slices are encoded for {profile.augmentation!r}",
                f"Set augmentation of the profile to {setting.augmentation}, or leave that out",
            )


def _check_tables(profile: Profile) -> None:
    """Check that the tables of hyperparameters have every entry that the profile needs."""
    try:
        for recipe, plan in RECIPES.items():
            for rate in profile.rates_of(recipe) if recipe in profile.recipes else ():
                profile.training(recipe, rate)
                if plan.gdtt:
                    profile.guided_training(plan.lrb, rate)
    except UserError as error:
        raise UserError(
            f"profile {profile.profile!r}: hyperparameters: {error.what}", error.remedy
        ) from None


def _once(codec: str, points: list[dict[str, Any]]) -> None:
    """Reject points of a codec that are equal once defaults are filled in."""
    whole: list[dict[str, Any]] = []
    for point in points:
        own = {key: value for key, value in point.items() if key != "target_bpp"}
        whole.append({**codecs.check(codec, **own), **point})
        if whole[-1] in whole[:-1]:
            raise UserError(f"the settings of {codec} have {point} twice", "Remove one")
