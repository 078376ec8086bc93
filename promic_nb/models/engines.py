"""Engines that are not installed with this package; `registry` has the table of all."""

from __future__ import annotations

from importlib.util import find_spec

from promic_nb.errors import UserError
from promic_nb.models.config import DetectorConfig
from promic_nb.models.detector import Detector
from promic_nb.models.translator import DomainTranslator


def detectron2(config: DetectorConfig, translator: DomainTranslator | None = None) -> Detector:
    """A detector of Detectron2, which is not installed with this package.

    Raises:
        UserError: it is not installed, or masks or several classes are asked for.
    """
    if config.masks:
        raise UserError(
            "the detectron2 engine predicts no masks",
            "Choose the engine torchvision, or leave masks off",
        )
    if config.classes > 1:
        raise UserError(
            "the detectron2 engine finds one class of objects here",
            "Choose the engine torchvision for a stack of several classes",
        )
    if find_spec("detectron2") is None:
        raise UserError(
            "Detectron2 is not installed",
            "See docs/detectors.md, or choose the engine torchvision: it computes the same boxes",
        )
    from promic_nb.models.detectron2_engine import Detectron2Detector

    return Detectron2Detector(config, translator)
