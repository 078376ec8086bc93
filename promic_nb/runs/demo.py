"""Two small detectors for demonstrations, on decoded slices and on latents.

They come from a run, if one has them; otherwise they are trained in a minute and kept.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from promic_nb.codecs.base import LatentCodec
from promic_nb.codecs.latents import encode_slices
from promic_nb.core import paths
from promic_nb.datasets.layout import SliceStack
from promic_nb.models.build import build_detector, build_translator, mirror
from promic_nb.models.card import Card, RatePoint
from promic_nb.models.detector import Detector
from promic_nb.models.load import load_detector
from promic_nb.models.recipes import RECIPES
from promic_nb.models.weights import save_weights
from promic_nb.runs.layout import all_runs
from promic_nb.training.data import DetectorData, Slices, TranslatorData
from promic_nb.training.detection import train_detector, train_translator
from promic_nb.training.options import FitOptions
from promic_nb.training.solver import Solver


@dataclass(frozen=True)
class Pair:
    """Model A, which reads decoded slices, and ProMIC, which reads latents.

    `origin` says where they come from.
    """

    decoded: Detector
    latent: Detector
    origin: str


def detectors(
    codec: LatentCodec,
    stack: SliceStack,
    folder: Path,
    *,
    steps: int = 120,
    crop: int = 192,
    every: int = 3,
    seed: int = 0,
) -> Pair:
    """A pair of detectors for a codec's latents.

    Args:
        codec: at the setting that the models are trained for; other gains of the same weights
            share the latent space.
        folder: for the models trained here, named by what they depend on.
        steps, crop: iterations of each training, and the side of its crops; the latent detector
            starts from the other one (section 3.3).
        every: use every Nth training slice.
    """
    if found := _of_a_run(codec, stack):
        return found
    cause = [
        codec.name,
        codec.setting,
        codec.sha256,
        stack.fingerprint,
        steps,
        crop,
        every,
        seed,
    ]
    here = folder / hashlib.sha256(json.dumps(cause).encode()).hexdigest()[:12]
    if not (here / "latent.safetensors").is_file():
        _train(codec, stack, here, ids=stack.ids("train", every), steps=steps, crop=crop, seed=seed)
    origin = f"trained here in {steps} iterations: a first look, not a result"
    return _load(here / "decoded.safetensors", here / "latent.safetensors", origin)


def _of_a_run(codec: LatentCodec, stack: SliceStack) -> Pair | None:
    """Models A and ProMIC of the newest run on the same data set and latents."""
    there = [
        (note, rate, run)
        for run in all_runs(paths.root())
        if run.dataset == stack.name
        for rate, note in run.signatures("train").items()
    ]
    for note, rate, run in sorted(there, key=lambda x: x[0].stat().st_mtime, reverse=True):
        of = json.loads(note.read_text())["of"]
        files = [run.weights(run.model(recipe, rate, 0)) for recipe in ("A", "ProMIC")]
        if (
            of["weights"] == codec.sha256
            and of["setting"] == codec.setting
            and all(f.is_file() for f in files)
        ):
            decoded, latent = files
            return _load(decoded, latent, f"of the run {run.name}, rate {rate!r}")
    return None


def _load(decoded: Path, latent: Path, origin: str) -> Pair:
    return Pair(load_detector(decoded), load_detector(latent), origin)


def _train(
    codec: LatentCodec,
    stack: SliceStack,
    here: Path,
    ids: list[int],
    steps: int,
    crop: int,
    seed: int,
) -> None:
    encoded = encode_slices(codec, stack, "train", ids, here / "latents")
    boxes = [stack.boxes("train", i) for i in ids]
    size = encoded.images.shape[1], encoded.images.shape[2]
    images, latents = list(encoded.images), list(encoded.latents)
    rates = (RatePoint.of("", encoded.signature),)
    training = FitOptions(here / "training")

    decoded = train_detector(
        build_detector("small", seed),
        DetectorData(Slices(images, boxes, size), crop=crop, seed=seed),
        Solver(steps, 0.02),
        training.below("decoded"),
    )
    decoded.card = Card("A", rates=rates)
    save_weights(decoded, here / "decoded.safetensors")
    translator = train_translator(
        build_translator(decoded.config, len(latents[0]), RECIPES["ProMIC"].lrb, seed),
        decoded,
        TranslatorData(images, latents, size, crop, seed),
        Solver(steps, 0.002, 4, "adam"),
        training.below("translator"),
    )
    latent = train_detector(
        mirror(decoded, translator),
        DetectorData(Slices(latents, boxes, size), crop=crop, seed=seed),
        Solver(steps, 0.01),
        training.below("latent"),
    )
    latent.card = Card("ProMIC", rates=rates)
    save_weights(latent, here / "latent.safetensors")
    shutil.rmtree(here / "training")
