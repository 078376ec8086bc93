"""Typed values: what a parameter, a setting or a key of a profile may be, and one clear line where
it is not.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from typing_extensions import TypedDict

from promic_nb.core.registry import UNKNOWN, Registry
from promic_nb.errors import UserError

Name = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$",
        description="letters, digits, '_', '-' and '.': it is part of paths",
    ),
]
Count = Annotated[int, Field(ge=1, description="a whole number from 1")]
NonNegative = Annotated[int, Field(ge=0, description="a whole number from 0")]
Positive = Annotated[float, Field(gt=0, description="a number above 0")]
NonNegativeNumber = Annotated[float, Field(ge=0, description="a number from 0")]
Share = Annotated[float, Field(ge=0, le=1, description="a number from 0 to 1")]
CropSide = Annotated[int, Field(ge=64, multiple_of=64, description="a multiple of 64")]
BlockSide = Annotated[int, Field(ge=16, multiple_of=16, description="a multiple of 16")]
FaceSide = Annotated[int, Field(ge=64, multiple_of=16, description="a multiple of 16 from 64")]
Sides = Annotated[
    list[BlockSide],
    Field(min_length=2, max_length=2, description="two multiples of 16, the smaller first"),
]
_CROP = "a side, a multiple of 64, or the least share of each side, within 0..1"


def _crop(value: int | float) -> int | float:
    if not (0 < value < 1 or (isinstance(value, int) and value >= 64 and value % 64 == 0)):
        raise ValueError(f"a crop is {_CROP}")
    return value


Crop = Annotated[int | float, AfterValidator(_crop), Field(description=_CROP)]
# Displacement D of the learned codecs' gain unit: D = 259 is a step 1.5 times finer, 1620 one 12.6
# times finer. VM 7.0 has -1069 to 702; here a single model serves all rates.
GAINS = (-1620, 1620)
Gain = Annotated[
    int,
    Field(ge=GAINS[0], le=GAINS[1], description=f"a whole number from {GAINS[0]} to {GAINS[1]}"),
]
OperationPoint = Literal["bop", "hop"]
ChannelChoice = Literal["variance", "importance"]
RateInput = Literal["none", "gain", "affine"]
PrunerName = Literal["median", "hyperband", "none"]
TeacherImages = Literal["reconstructed", "original"]
Augmentation = Literal["none", "grid", "encoded", "shifted"]  # `datasets.views.VIEWS`
SplitName = Literal["train", "val", "test"]
GuidedLoss = Literal["mse", "normalized"]  # `training.tasks.Distillation`
FirstNorm = Literal["one", "natural", "none"]  # `models.translator.TranslatorConfig`


class SolverOptions(TypedDict, total=False):
    """Options of `training.solver.Solver` beside steps, rate and batch; see there."""

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)  # type: ignore[misc]
    optimizer: Literal["sgd", "adam"]
    momentum: NonNegativeNumber
    weight_decay: NonNegativeNumber
    clip: NonNegativeNumber
    schedule: Literal["one_cycle", "delta", "plateau"]
    delta: NonNegativeNumber
    initial_iteration: NonNegative
    decay_steps: NonNegative
    iteration_step: Count
    factor: Share
    plateau_patience: NonNegative
    threshold: Share
    min_learning_rate: NonNegativeNumber
    epoch: Count
    amp: bool
    average: Share
    eval_every: NonNegative
    patience: NonNegative


class FineTuningOptions(TypedDict, total=False):
    """Options of `training.fine_tuning.FineTuning`; see there."""

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)  # type: ignore[misc]
    frozen_share: Share
    frozen_parts: Literal["stages", "detector"]
    free_learning_rate_factor: Positive
    stage_norms: Literal["adapt", "keep"]


def whole(low: int, high: int) -> Any:
    """What makes `Annotated[int, whole(low, high)]` a whole number in low..high."""
    return Field(ge=low, le=high, description=f"a whole number from {low} to {high}")


def number(low: float, high: float) -> Any:
    """What makes `Annotated[float, number(low, high)]` a number in low..high."""
    return Field(ge=low, le=high, description=f"a number from {low} to {high}")


def check(model: type[BaseModel], values: dict[str, Any], where: str) -> dict[str, Any]:
    """All fields of a model, with `values` in place of defaults.

    Raises:
        UserError: one line that says where, and names the parameter and the choices.
    """
    try:
        return model.model_validate(values).model_dump()
    except ValidationError as error:
        raise _as_user_error(error, model, values, where) from None


def _as_user_error(
    error: ValidationError, model: type[BaseModel], values: dict[str, Any], where: str
) -> UserError:
    """The first problem as one line."""
    first = error.errors()[0]
    key = str(first["loc"][0]) if first["loc"] else ""
    if key not in model.model_fields:
        near = difflib.get_close_matches(key, model.model_fields, n=1)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        return UserError(
            f"{where}: unknown parameter {key!r}", f"{hint}Choices: {', '.join(model.model_fields)}"
        )
    why = "" if first["type"] == UNKNOWN else f" ({first['msg']})"
    return UserError(
        f"{where}: parameter {key!r} is {values.get(key)!r}", f"Choices: {choices(model, key)}{why}"
    )


def choices(model: type[BaseModel], key: str) -> str:
    """What a parameter accepts, in words."""
    field = model.model_fields[key]
    kind = field.annotation
    if get_origin(kind) is Literal:
        return ", ".join(repr(c) for c in get_args(kind))
    if (registry := _registry([*field.metadata, kind])) is not None:
        names = ", ".join(map(repr, registry))
        return names if kind is str else f"names of {names}"
    return field.description or str(
        getattr(kind, "__name__", kind) if get_origin(kind) is None else kind
    )


def _registry(parts: Iterable[Any]) -> Registry[Any] | None:
    """The first registry in a type such as `list[Annotated[str, CODECS]]`."""
    for part in parts:
        found = part if isinstance(part, Registry) else _registry(get_args(part))
        if found is not None:
            return found
    return None
