"""What the Snakefile needs to know: the profile, checked, and which modules a notebook stands on."""

from __future__ import annotations

import ast
import difflib
from functools import cache
from pathlib import Path
from typing import Any

import grimp
import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from promic_nb import parameters
from promic_nb.errors import UserError
from promic_nb.parameters import (
    BlockSide,
    CodecName,
    ConfigName,
    Count,
    CropSide,
    FaceSide,
    LearnerName,
    NonNegative,
    PictureSet,
    Positive,
    RecipeName,
    Sides,
)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Benchmark(_Strict):
    """The rate-distortion study: each such test slice, settings by codec, and the codec that BD-rates refer to."""

    every: Count
    codecs: dict[CodecName, list[dict]]
    reference: CodecName


class Slices(_Strict):
    """Which slices are used: each such one."""

    train: Count
    test: Count


class RatePoint(_Strict):
    """One rate of the latent: a model of the codec and the displacement of its gain unit."""

    beta: Positive
    gain: int = 0


class Training(_Strict):
    """Length and peak learning rate of one training."""

    steps: Count
    learning_rate: Positive
    batch: Count = 2


class LatentLearning(_Strict):
    """Study of seed 004: picture sets with their folders, beta by rate point, the codec, and the learners."""

    pictures: PictureSet
    pictures_path: str = ""
    masks: PictureSet
    masks_path: str = ""
    betas: dict[str, Positive]
    codec_width: Count
    codec_steps: Count
    networks: list[LearnerName]
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


class Studies(_Strict):
    """The related studies; one without settings is not run."""

    latent_learning: LatentLearning | None = None
    multitask: Multitask | None = None


class Profile(_Strict):
    """A profile: everything that a run's numbers depend on besides code and data."""

    profile: str
    smoke: bool
    data: str = ""
    dataset: parameters.Dataset = "phantom"
    slices: Slices
    benchmark: Benchmark
    rates: dict[str, RatePoint]
    recipes: list[RecipeName]
    seeds: list[NonNegative]
    detector: ConfigName
    crop: CropSide
    original: Training
    reconstructed: Training
    latent: Training
    guided: Training
    min_bd_points: Count
    studies: Studies = Studies()


def load_profile(config: dict[str, Any]) -> Profile:
    """A profile from Snakemake's config.

    Raises:
        UserError: an unknown or missing key, a wrong type or value; the key and the choices are named.
    """
    try:
        profile = Profile(**config)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        known = list(Profile.model_fields)
        near = difflib.get_close_matches(key, known, n=1)
        hint = f"Did you mean {near[0]!r}?" if near and first["type"] == "extra_forbidden" else f"Keys: {', '.join(known)}"
        raise UserError(f"profile {config.get('profile', '?')!r}: {key}: {first['msg']}", hint) from None
    latent = [r for r in profile.recipes if r not in ("original", "A")]
    if latent and not {"original", "A"} <= set(profile.recipes):
        raise UserError(f"profile {profile.profile!r}: recipes {latent} start from A, and A from original", "Add both to recipes")
    return profile


def notebook_parameters(notebook: str, values: dict[str, Any]) -> str:
    """Checked parameters of a notebook as YAML for papermill; raises `UserError` as `parameters.validate` does."""
    parameters.validate(Path("notebooks") / f"{notebook}.ipynb", values)
    return yaml.safe_dump(values, sort_keys=False, default_flow_style=True, width=10**6).strip()


@cache
def modules(notebook: str) -> list[str]:
    """Source files of promic_nb that a notebook imports, directly or not: a change in one of them reruns it."""
    source = "\n".join(source for source, _ in parameters.code_cells(Path("notebooks") / f"{notebook}.ipynb"))
    graph = grimp.build_graph("promic_nb")
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("promic_nb"):
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [a.name for a in node.names if a.name.startswith("promic_nb")]
        else:
            continue
        found |= {n for n in names if n in graph.modules}
    found |= {m for name in list(found) for m in graph.find_upstream_modules(name)}
    # Importing a module runs the __init__ of each package above it, and what that imports.
    while parents := {m.rpartition(".")[0] for m in found if "." in m} - found:
        found |= parents | {m for p in parents for m in graph.find_upstream_modules(p)}
    return sorted(_file(m) for m in found)


def _file(module: str) -> str:
    path = Path(*module.split("."))
    return str(path / "__init__.py" if path.is_dir() else path.with_suffix(".py"))
