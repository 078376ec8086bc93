"""The detector engines behind one face."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import Protocol

from torch import Tensor, nn

from promic_nb.errors import UserError
from promic_nb.metrics.detection import Detections
from promic_nb.models.config import DetectorConfig
from promic_nb.models.inputs import Batch
from promic_nb.models.torchvision_engine import TorchvisionDetector
from promic_nb.models.translator import DomainTranslator


class Detector(Protocol):
    """A detector of any engine; it is an `nn.Module` too.

    Attributes:
        engine: its name in `ENGINES`.
        config: its settings.
        front: images or latents to the features after stage 2, (N, C, H'/4, W'/4).
        stages: stages 3, 4 and 5, for freezing.
    """

    engine: str
    config: DetectorConfig
    front: nn.Module
    stages: nn.ModuleList

    def features(self, inputs: Tensor | Sequence[Tensor]) -> list[Tensor]:
        """Feature pyramid p2..p6 of images (n, 1 or 3, H, W) in 0..255 or of latents."""

    def propose(self, batch: Batch, features: list[Tensor]) -> list[Tensor]:
        """The RPN's boxes of each image, (n, 4) xyxy pixels, by falling score."""

    def refine(
        self, batch: Batch, features: list[Tensor], proposals: list[Tensor]
    ) -> list[Detections]:
        """What the box head makes of proposals."""

    def predict(self, batch: Batch) -> list[Detections]:
        """Detections of each image, by falling score: features, proposals and their refinement."""

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """The four Faster R-CNN losses of a training batch, and `loss_mask` of a detector with
        masks.
        """

    def weights(self) -> dict[str, Tensor]:
        """All tensors, by names that are the same in every engine."""

    def load_weights(self, state: Mapping[str, Tensor]) -> None:
        """Take what `weights` gives."""


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
