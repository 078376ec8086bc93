"""The one way to build detectors and translators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from promic_nb.core.fields import FirstNorm
from promic_nb.core.paths import root
from promic_nb.models.adapters import RateAffine
from promic_nb.models.backbones import BACKBONES
from promic_nb.models.config import CONFIGS, DetectorConfig
from promic_nb.models.detector import Detector
from promic_nb.models.pretrained import adopt, starting_point
from promic_nb.models.registry import ENGINES
from promic_nb.models.torchvision_engine import TorchvisionDetector
from promic_nb.models.translator import DomainTranslator

DOWNLOADS = Path("data") / "downloads"


def make_detector(
    config: DetectorConfig,
    engine: str = "torchvision",
    translator: DomainTranslator | None = None,
    seed: int = 0,
) -> Detector:
    """A detector with random weights drawn from `seed`, the same in every engine.

    Raises:
        UserError: an unknown engine, or one that is not installed.
    """
    ENGINES.check(engine)
    torch.manual_seed(seed)
    model = TorchvisionDetector(config, translator)
    if engine == "torchvision":
        return model
    other = ENGINES[engine](config, translator)
    other.load_weights(model.weights())
    return other


def build_detector(
    config: str,
    seed: int = 0,
    engine: str = "torchvision",
    weights: str = "none",
    classes: int = 1,
) -> Detector:
    """A pixel detector.

    Args:
        config: one of `CONFIGS`.
        seed: of the weights that do not come from a file.
        engine: one of `ENGINES`.
        weights: "none", "imagenet", "coco", "coco_torchvision" or a path; see `pretrained`. What
            was taken is in the model's `origin`.
        classes: kinds of objects.

    Example:
        >>> build_detector("small").config.backbone
        'small'
    """
    settings, state, origin = starting_point(weights, CONFIGS[config], root() / DOWNLOADS)
    model = make_detector(replace(settings, classes=classes), engine, seed=seed)
    if state:
        merged, origin["from_random"] = adopt(model.weights(), state)
        model.load_weights(merged)
    model.origin = origin
    return model


def build_translator(
    config: str | DetectorConfig,
    in_channels: int,
    lrb: bool,
    seed: int = 0,
    *,
    first_norm: FirstNorm = "one",
    channels: Sequence[int] = (),
    rates: RateAffine | None = None,
) -> DomainTranslator:
    """A translator for the latent's channels and the detector's stage 2, with random weights drawn
    from `seed`.

    Args:
        first_norm: as in `TranslatorConfig`; the scale of "natural" is set by `keep_spread`.
        channels: those of the latent that it reads; none: all.
        rates: for latents of several rates, their affine.

    Example:
        >>> build_translator("small", 160, lrb=True).config.out_channels
        32
    """
    torch.manual_seed(seed)
    settings = CONFIGS[config] if isinstance(config, str) else config
    return DomainTranslator(
        in_channels,
        BACKBONES[settings.backbone].stage2_channels,
        lrb,
        first_norm=first_norm,
        channels=channels,
        rates=rates,
    )


def with_masks(model: Detector, seed: int = 0) -> Detector:
    """The detector with a mask head beside its box head, with random weights drawn from `seed`;
    raises `UserError` in an engine without masks.
    """
    masked = make_detector(replace(model.config, masks=True), model.engine, seed=seed)
    masked.load_weights({**masked.weights(), **model.weights()})
    masked.origin, masked.card = model.origin, model.card
    return masked


def mirror(teacher: Detector, translator: DomainTranslator) -> Detector:
    """PD-TL (section 3.3.1): a latent detector of the teacher's engine, with its stages 3-5, neck
    and heads behind the translator.
    """
    model = make_detector(teacher.config, teacher.engine, translator)
    own = {k: v for k, v in teacher.weights().items() if not k.startswith("front.")}
    model.load_weights({**model.weights(), **own})
    model.origin = teacher.origin
    return model
