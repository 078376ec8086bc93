"""The profiles' schema: everything that a run's numbers depend on besides code and data, checked before a run."""

from __future__ import annotations

import difflib
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from promic_nb import codecs, hyperparameters, parameters
from promic_nb.errors import UserError
from promic_nb.parameters import (
    Backbone,
    BlockSide,
    ChannelChoice,
    CodecName,
    ConfigName,
    Count,
    Crop,
    CropSide,
    EngineName,
    FaceSide,
    FineTuningOptions,
    LatentCodecName,
    LearnerName,
    LossName,
    MetricName,
    Name,
    NetworkName,
    NonNegative,
    PictureSet,
    Positive,
    RateInput,
    RecipeName,
    Sides,
    SolverOptions,
    TeacherImages,
    TrainedOn,
)
from promic_nb.recipes import RECIPES


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Benchmark(_Strict):
    """The rate-distortion study: each such test slice, metrics, settings by codec (or `target_bpp`), and the codecs that BD-rates refer to."""

    every: Count
    metrics: list[MetricName]
    codecs: dict[CodecName, list[dict]]
    references: list[CodecName]


class Slices(_Strict):
    """Which slices are used: each such one. Validation slices are for evaluation during training; 0: none."""

    train: Count
    test: Count
    val: NonNegative = 0


class RatePoint(_Strict):
    """One rate of the latent: a codec, which of its models (`jpegai_vm33` has just one), and the displacement of its gain unit.

    `target_bpp` says at which rate of the tables of hyperparameters its models are trained.
    """

    codec: LatentCodecName = "jpegai_bop_off"
    beta: Positive | None = None
    gain: int = 0
    target_bpp: Positive | None = None

    @model_validator(mode="after")
    def _beta_fits(self) -> RatePoint:
        if (self.beta is None) != (self.codec == "jpegai_vm33"):
            raise ValueError("a rate names a beta, except with jpegai_vm33, which has one model")
        return self

    @property
    def settings(self) -> dict[str, Any]:
        """For `codecs.get`."""
        return self.model_dump(exclude={"codec", "target_bpp"}, exclude_none=True)


class Training(_Strict):
    """Length and learning rate of one training."""

    steps: Count
    learning_rate: Positive
    batch: Count = 2


class DetectorTraining(Training):
    """And the rest of the optimizer's settings."""

    solver: SolverOptions = {}


class LatentTraining(DetectorTraining):
    """And PD-FT's."""

    fine_tuning: FineTuningOptions = {}


class GuidedTraining(DetectorTraining):
    """GDTT: and its crops' side, and which images the teacher sees."""

    solver: SolverOptions = {"optimizer": "adam"}
    crop: CropSide = 256
    teacher_images: TeacherImages = "reconstructed"


class TransformCoding(_Strict):
    """JPEG step by step, and thresholds on DFT and DCT: the qualities and shares of coefficients, and the side of the part measured."""

    qualities: list[Count]
    shares: list[Positive]
    blocks: list[NonNegative]
    crop: Count


class DeblockingModels(_Strict):
    """Networks that are trained with each loss on each JPEG quality."""

    networks: list[NetworkName]
    losses: list[LossName] = ["mse"]
    trained_on: list[TrainedOn] = ["75"]


class Deblocking(_Strict):
    """JPEG deblocking of cell images: what is trained, how long, and what is measured."""

    models: list[DeblockingModels]
    qualities: list[Count]
    steps: Count
    batch: Count
    crop: CropSide
    backbone: Backbone = "none"
    every: Count = 1
    seeds: list[NonNegative] = [0]

    def names(self) -> list[str]:
        """NETWORK/LOSS/TRAINED_ON of each model, once."""
        return list(dict.fromkeys(f"{n}/{x}/{q}" for m in self.models for n in m.networks for x in m.losses for q in m.trained_on))


class LatentLearning(_Strict):
    """Study of seed 004: picture sets with their folders, beta by rate point, the codec, and the learners."""

    pictures: PictureSet
    pictures_path: str = ""
    masks: PictureSet
    masks_path: str = ""
    betas: dict[Name, Positive]
    codec_width: Count
    codec_steps: Count
    networks: list[LearnerName]
    large: bool = False
    width: Positive
    sides: Sides
    steps: Count
    learning_rate: Positive
    batch: Count
    test_limit: Count


class Multitask(_Strict):
    """Study of seed 001: picture sets with their folders, the teacher's weights, the codec to begin with, and the trainings."""

    pictures: PictureSet
    pictures_path: str = ""
    faces: PictureSet
    faces_path: str = ""
    teacher: str = ""
    beta: Positive
    class_side: BlockSide
    face_side: FaceSide
    width: Positive
    class_steps: Count
    face_steps: Count
    learning_rate: Positive
    encoder_rate: Positive
    batch: Count
    test_limit: Count


class Probes(_Strict):
    """What trained models are asked beside AP: their feature maps at one rate (Figs. 25 and 26), and inputs of other rates.

    `full` is the model trained as a whole; `cross` are the models tested at all rates, on each `every`-th encoded slice.
    """

    rate: str
    full: RecipeName = "B"
    cross: list[RecipeName] = ["A", "ProMIC"]
    every: Count = 1


class Studies(_Strict):
    """The related studies; one without settings is not run."""

    transform_coding: TransformCoding | None = None
    deblocking: Deblocking | None = None
    latent_learning: LatentLearning | None = None
    multitask: Multitask | None = None


class Extensions(_Strict):
    """Variants of ProMIC beyond the dissertation (its section 5.1), all at one rate point but for one model of all rates.

    Attributes:
        rate: the rate point.
        channels, channel_choices: how many channels of the latent are read, and how they are chosen.
        guidance: weights of online GDTT.
        one_model: what tells the rates of one model for all apart.
        masks: whether A and ProMIC are trained with instance masks.
    """

    rate: str
    channels: list[Count] = []
    channel_choices: list[ChannelChoice] = ["variance", "importance"]
    guidance: list[Positive] = []
    one_model: list[RateInput] = []
    masks: bool = False

    def variants(self) -> dict[str, dict[str, Any]]:
        """Parameters of notebook 07 by the name of the variant that they make."""
        return {
            **{f"channels{n}-{c}": {"channels": n, "channel_choice": c} for n in self.channels for c in self.channel_choices},
            **{f"guidance{weight:g}": {"guidance": weight} for weight in self.guidance},
            **{f"one-model-{kind}": {"rate_input": kind} for kind in self.one_model},
            **({"masks": {"masks": True}} if self.masks else {}),
        }


class Profile(_Strict):
    """A profile: everything that a run's numbers depend on besides code and data."""

    profile: Name
    smoke: bool
    data: str = ""
    cells: str = ""
    dataset: parameters.Dataset = "phantom"
    slices: Slices
    benchmark: Benchmark
    rates: dict[Name, RatePoint]
    recipes: list[RecipeName]
    seeds: list[NonNegative]
    detector: ConfigName
    engine: EngineName = "torchvision"
    weights: str = "none"
    crop: Crop
    original: DetectorTraining
    reconstructed: DetectorTraining
    latent: LatentTraining
    guided: GuidedTraining
    min_bd_points: Count
    hyperparameters: str = ""  # "published", or a file in that form: they replace batch, rate and schedule of the trainings
    probes: Probes | None = None
    studies: Studies = Studies()
    extensions: Extensions | None = None

    def training(self, recipe: str, rate: str) -> dict[str, Any]:
        """Length, batch, rate and solver of a detector's training, for `07_train_detector`.

        Raises:
            UserError: the tables of hyperparameters lack the recipe or the rate's `target_bpp`.
        """
        values = getattr(self, RECIPES[recipe].inputs).model_dump()
        if not self.hyperparameters:
            return values
        best = self._tabled(recipe, rate).training()
        return {**values, **best, "solver": {**values["solver"], **best["solver"]}}

    def guided_training(self, lrb: bool, rate: str) -> dict[str, Any]:
        """The same of GDTT, for `06_guided_translator`; the tables give batch and rate (model D, or H with LRB), section 4.1 the schedule."""
        values = self.guided.model_dump()
        if not self.hyperparameters:
            return values
        if values["solver"].get("optimizer", "sgd") != "sgd":
            raise UserError("the tables' rates of GDTT are for SGD, and guided.solver names another optimizer", "Set guided.solver.optimizer to sgd")
        best = self._tabled("H" if lrb else "D", rate)
        if "epoch" in values["solver"]:  # as many slices as before, in batches of another size
            values["solver"]["epoch"] = max(1, round(values["solver"]["epoch"] * values["batch"] / best.batch))
        return {**values, "batch": best.batch, "learning_rate": best.base_lr}

    def _tabled(self, recipe: str, rate: str) -> hyperparameters.Hyperparameters:
        return hyperparameters.get(recipe, self.rates[rate].target_bpp if rate in self.rates else None, self.hyperparameters)


def load_profile(config: dict[str, Any]) -> Profile:
    """A profile from Snakemake's config.

    Raises:
        UserError: an unknown or missing key, a wrong type or value, a codec's setting among them; the key and the choices are named.
    """
    try:
        profile = Profile.model_validate(config)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        known = list(Profile.model_fields)
        near = difflib.get_close_matches(key, known, n=1)
        hint = f"Did you mean {near[0]!r}?" if near and first["type"] == "extra_forbidden" else f"Keys: {', '.join(known)}"
        raise UserError(f"profile {config.get('profile', '?')!r}: {key}: {first['msg']}", hint) from None
    try:
        for codec, settings in profile.benchmark.codecs.items():
            codecs.expand(codec, settings)
    except UserError as error:
        raise UserError(f"profile {profile.profile!r}: benchmark.codecs: {error.what}", error.remedy) from None
    if not profile.slices.val and any(t.solver.get("eval_every") for t in (profile.original, profile.reconstructed, profile.latent)):
        raise UserError(f"profile {profile.profile!r} evaluates during training and has no validation slices", "Set slices.val, or eval_every to 0")
    if profile.extensions and profile.extensions.rate not in profile.rates:
        raise UserError(f"profile {profile.profile!r}: extensions.rate is {profile.extensions.rate!r}", f"Choose one of {', '.join(profile.rates)}")
    if profile.extensions and profile.extensions.masks and profile.engine != "torchvision":
        raise UserError(f"profile {profile.profile!r}: extensions.masks with the engine {profile.engine!r}", "Choose torchvision, or leave masks off")
    latent = [r for r in profile.recipes if r not in ("original", "A")]
    if latent and not {"original", "A"} <= set(profile.recipes):
        raise UserError(f"profile {profile.profile!r}: recipes {latent} start from A, and A from original", "Add both to recipes")
    _check_tables(profile)
    if (probes := profile.probes) and not ({"A", probes.full, *probes.cross} <= set(profile.recipes) and probes.rate in profile.rates):
        raise UserError(f"profile {profile.profile!r}: probes name a recipe or a rate that it does not train", "Choose from its recipes and rates")
    return profile


def _check_tables(profile: Profile) -> None:
    """All that the tables of hyperparameters are asked for is there."""
    try:
        for recipe, plan in RECIPES.items():
            for rate in profile.rates if recipe in profile.recipes else ():
                profile.training(recipe, rate)
                if plan.gdtt:
                    profile.guided_training(plan.lrb, rate)
    except UserError as error:
        raise UserError(f"profile {profile.profile!r}: hyperparameters: {error.what}", error.remedy) from None
