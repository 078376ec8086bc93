"""The sections of a profile."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, field_validator, model_validator

from promic_nb.codecs.registry import CodecName, LatentCodecName
from promic_nb.core.fields import (
    Augmentation,
    BlockSide,
    ChannelChoice,
    Count,
    CropSide,
    FaceSide,
    FineTuningOptions,
    FirstNorm,
    GuidedLoss,
    Name,
    NonNegative,
    Positive,
    RateInput,
    Sides,
    SolverOptions,
    TeacherImages,
)
from promic_nb.datasets.pictures.registry import PictureSetName
from promic_nb.metrics.registry import MetricName
from promic_nb.models.recipes import RecipeName
from promic_nb.studies.deblocking.registry import Backbone, LossName, NetworkName, TrainedOn
from promic_nb.studies.latent_learning.registry import LearnerName


class Strict(BaseModel):
    """No unknown keys, no type conversion, and no duplicates in a list.

    A seed, model or setting listed twice would count twice in every mean.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    @field_validator("*")
    @classmethod
    def _nothing_twice(cls, value: Any) -> Any:
        for items in value.values() if isinstance(value, dict) else [value]:
            if isinstance(items, list):
                for i, item in enumerate(items):
                    if item in items[:i]:
                        raise ValueError(f"{item!r} occurs twice")
        return value


class Benchmark(Strict):
    """The rate-distortion study.

    Every Nth test slice, the metrics, the settings by codec (or `target_bpp`), and the reference
    codecs of BD-rates.
    """

    every: Count
    metrics: list[MetricName]
    codecs: dict[CodecName, list[dict]]
    references: list[CodecName]


class Slices(Strict):
    """Which slices of each split are used: every Nth one.

    Validation slices are for evaluation during training; 0 means none.
    """

    train: Count
    test: Count
    val: NonNegative = 0


class RatePoint(Strict):
    """One rate of the latent.

    It consists of a codec, one of its models (`jpegai_vm33` has only one), and the displacement of
    its gain unit.

    `target_bpp` is the rate in the tables of hyperparameters that its models are trained with.
    """

    codec: LatentCodecName = "jpegai_bop_off"
    beta: Positive | None = None
    gain: int = 0
    target_bpp: Positive | None = None

    @model_validator(mode="after")
    def _beta_fits(self) -> RatePoint:
        if (self.beta is None) != (self.codec == "jpegai_vm33"):
            raise ValueError("a rate needs a beta, except with jpegai_vm33, which has one model")
        return self

    @property
    def settings(self) -> dict[str, Any]:
        """The settings for `codecs.get`."""
        return self.model_dump(exclude={"codec", "target_bpp"}, exclude_none=True)


class Training(Strict):
    """Number of steps and learning rate of a training."""

    steps: Count
    learning_rate: Positive
    batch: Count = 2


class DetectorTraining(Training):
    """Additional optimizer settings."""

    solver: SolverOptions = {}


class LatentTraining(DetectorTraining):
    """Additional settings of PD-FT."""

    fine_tuning: FineTuningOptions = {}


class GuidedTraining(DetectorTraining):
    """GDTT: the side of its crops, the images that the teacher sees, and what is minimized.

    `loss` and `norm_batches` are those of `training.tasks.Distillation`.
    """

    solver: SolverOptions = {"optimizer": "adam"}
    crop: CropSide = 256
    teacher_images: TeacherImages = "reconstructed"
    loss: GuidedLoss = "mse"
    norm_batches: NonNegative = 0


class TransformCoding(Strict):
    """JPEG step by step, and thresholds on DFT and DCT.

    The qualities, the shares of coefficients, and the side of the measured part.
    """

    qualities: list[Count]
    shares: list[Positive]
    blocks: list[NonNegative]
    crop: Count


class DeblockingModels(Strict):
    """Networks to train, with each loss and each JPEG quality."""

    networks: list[NetworkName]
    losses: list[LossName] = ["mse"]
    trained_on: list[TrainedOn] = ["75"]


class Deblocking(Strict):
    """JPEG deblocking of cell images: trainings, their length, and measurements."""

    models: list[DeblockingModels]
    qualities: list[Count]
    steps: Count
    batch: Count
    crop: CropSide
    backbone: Backbone = "none"
    every: Count = 1
    seeds: list[NonNegative] = [0]

    def trainings(self) -> list[tuple[str, str, str]]:
        """Network, loss and `trained_on` of each model, without duplicates."""
        return list(
            dict.fromkeys(
                (network, loss, trained_on)
                for m in self.models
                for network in m.networks
                for loss in m.losses
                for trained_on in m.trained_on
            )
        )


class LatentLearning(Strict):
    """The study of document 004.

    Picture sets and their folders, beta by rate point, the codec, and the learners.
    """

    pictures: PictureSetName
    pictures_path: str = ""
    masks: PictureSetName
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


class Multitask(Strict):
    """The study of document 001.

    Picture sets and their folders, the teacher's weights, the initial codec, and the trainings.
    """

    pictures: PictureSetName
    pictures_path: str = ""
    faces: PictureSetName
    faces_path: str = ""
    teacher: str = ""
    beta: Positive
    class_side: BlockSide
    face_side: FaceSide
    width: Positive
    class_steps: Count
    face_steps: Count
    learning_rate: Positive
    encoder_learning_rate: Positive
    batch: Count
    test_limit: Count


class Probes(Strict):
    """Measurements of trained models besides AP.

    They are feature maps at one rate (Figs. 25 and 26), and inputs of other rates.

    `full` is the fully trained model; `cross` are the models tested at all rates, on every Nth
    encoded slice (`every`).
    """

    rate: str
    full: RecipeName = "B"
    cross: list[RecipeName] = ["A", "ProMIC"]
    every: Count = 1


class Studies(Strict):
    """The related studies; a study without settings is not run."""

    transform_coding: TransformCoding | None = None
    deblocking: Deblocking | None = None
    latent_learning: LatentLearning | None = None
    multitask: Multitask | None = None


class Extensions(Strict):
    """Variants of ProMIC beyond the dissertation (see its section 5.1).

    All are at one rate point, except one model for all rates.

    Attributes:
        rate: the rate point.
        channels, channel_choices: how many channels of the latent are read, and how they are
            chosen.
        guidance: weights of online GDTT.
        one_model: how one model for all rates is told the rate.
        masks: whether A and ProMIC are trained with instance masks.
    """

    rate: str
    channels: list[Count] = []
    channel_choices: list[ChannelChoice] = ["variance", "importance"]
    guidance: list[Positive] = []
    one_model: list[RateInput] = []
    masks: bool = False

    def variants(self) -> dict[str, dict[str, Any]]:
        """Parameters of notebook 07, by the name of the variant."""
        return {
            **{
                f"channels{n}-{c}": {"channels": n, "channel_choice": c}
                for n in self.channels
                for c in self.channel_choices
            },
            **{f"guidance{weight:g}": {"guidance": weight} for weight in self.guidance},
            **{f"one-model-{kind}": {"rate_input": kind} for kind in self.one_model},
            **({"masks": {"masks": True}} if self.masks else {}),
        }


class DiagnosisSetting(Strict):
    """One setting of the diagnosis: how a training differs from the profile's own.

    Attributes:
        augmentation, first_norm: for the translator's training and the detector's;
            absent: the profile's own.
        translator: other parameters of notebook 06.
        detector: other parameters of notebook 07.
    """

    augmentation: Augmentation | None = None
    first_norm: FirstNorm | None = None
    translator: dict[str, Any] = {}
    detector: dict[str, Any] = {}

    @property
    def common(self) -> dict[str, Any]:
        """Parameters of both notebooks."""
        return self.model_dump(include={"augmentation", "first_norm"}, exclude_none=True)


class Question(Strict):
    """One question of the diagnosis.

    Attributes:
        asks: the question, for tables.
        recipes: models that are trained with each setting.
        rates: labels of rate points; empty: all.
        settings: by name.
    """

    asks: str
    recipes: list[RecipeName]
    rates: list[str] = []
    settings: dict[Name, DiagnosisSetting]


class Diagnosis(Strict):
    """What limits the latent models: trainings that differ from the profile's own in one thing."""

    questions: dict[Name, Question]

    def settings(self) -> dict[str, DiagnosisSetting]:
        """All settings by the name QUESTION.SETTING."""
        return {
            f"{question}.{name}": setting
            for question, each in self.questions.items()
            for name, setting in each.settings.items()
        }
