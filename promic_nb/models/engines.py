"""The detector engines behind a common interface."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

from promic_nb.errors import UserError
from promic_nb.models.config import DetectorConfig
from promic_nb.models.detector import Detector
from promic_nb.models.torchvision_engine import TorchvisionDetector
from promic_nb.models.translator import DomainTranslator


def _detectron2(config: DetectorConfig, translator: DomainTranslator | None = None) -> Detector:
    if config.masks:
        raise UserError(
            "the detectron2 engine predicts no masks",
            "Choose the engine torchvision, or leave masks off",
        )
    if find_spec("detectron2") is None:
        raise UserError(
            "Detectron2 is not installed",
            "See docs/detectors.md, or choose the engine torchvision: it computes the same boxes",
        )
    from promic_nb.models.detectron2_engine import Detectron2Detector

    return Detectron2Detector(config, translator)


ENGINES: dict[str, Callable[..., Detector]] = {
    "torchvision": TorchvisionDetector,
    "detectron2": _detectron2,
}
