"""What every detector is, whatever its engine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from torch import Tensor, nn

from promic_nb.metrics.detection import Detections
from promic_nb.models.card import Card, as_json
from promic_nb.models.config import DetectorConfig
from promic_nb.models.inputs import Batch, LatentFront, Tensors
from promic_nb.models.translator import DomainTranslator


class Detector(nn.Module):
    """A detector of any engine: a front, stages 3 to 5, a pyramid, proposals and heads.

    Args:
        config: its settings.

    Attributes:
        engine: its name in `ENGINES`.
        front: images or latents to the features after stage 2, (N, C, H'/4, W'/4).
        stages: stages 3, 4 and 5, for freezing.
        origin: where its first weights come from, for provenance.
        card: what it was trained for; saved with it.
    """

    engine: str
    front: nn.Module
    stages: nn.ModuleList

    def __init__(self, config: DetectorConfig) -> None:
        super().__init__()
        self.config = config
        self.origin: dict[str, Any] = {"weights": "none"}
        self.card = Card()

    @property
    def translator(self) -> DomainTranslator | None:
        """The translator of a detector of latents; None for one of pixels."""
        return self.front.translator if isinstance(self.front, LatentFront) else None

    def features(self, inputs: Tensors) -> list[Tensor]:
        """Feature pyramid p2..p6, strides 4..64, of images (1 or 3, H, W) in 0..255 or latents."""
        raise NotImplementedError

    def propose(self, batch: Batch, features: list[Tensor]) -> list[Tensor]:
        """The RPN's boxes of each image, (n, 4) xyxy pixels, by falling score."""
        raise NotImplementedError

    def refine(
        self, batch: Batch, features: list[Tensor], proposals: list[Tensor]
    ) -> list[Detections]:
        """What the box head makes of proposals: detections of each image, by falling score."""
        raise NotImplementedError

    def predict(self, batch: Batch) -> list[Detections]:
        """Detections of each image, by falling score: features, proposals and their refinement.

        The model must be in evaluation mode.
        """
        raise NotImplementedError

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """The four Faster R-CNN losses of a training batch by torchvision's names, and `loss_mask`
        of a detector with masks.
        """
        raise NotImplementedError

    def weights(self) -> dict[str, Tensor]:
        """All tensors, by names that are the same in every engine."""
        return self.state_dict()

    def load_weights(self, state: Mapping[str, Tensor]) -> None:
        """Take tensors as `weights` gives them; all must be there."""
        self.load_state_dict(dict(state))

    def note(self) -> dict[str, str]:
        """What a file holds beside the tensors: settings, translator and card, each as JSON."""
        note = {
            "config": json.dumps(asdict(self.config)),
            "card": as_json.dump_json(self.card).decode(),
        }
        return note | (self.translator.note() if self.translator else {})
