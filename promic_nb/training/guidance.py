"""Online GDTT: the distillation of Eq. 40 continues while the detector is trained.

See section 5.1 of the dissertation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from promic_nb.errors import UserError
from promic_nb.models.detector import Detector
from promic_nb.models.inputs import Batch
from promic_nb.training.fit import digest


@dataclass(frozen=True)
class Guidance:
    """The teacher that guides a latent detector during training.

    Attributes:
        teacher: pixel detector whose stage-2 features are the target; it is not trained.
        pixels: the teacher's input: for each training latent a slice, uint8 (H, W).
        weight: of the MSE (Eq. 40), added to the four losses of Faster R-CNN.
    """

    teacher: Detector
    pixels: Sequence[np.ndarray]
    weight: float


class GuidedLosses:
    """The losses of any detector, plus the MSE between its stage-2 features and its teacher's.

    Not a module, so that checkpoints do not include the teacher.

    Raises:
        UserError: student and teacher have different feature widths.
    """

    def __init__(self, model: Detector, guidance: Guidance) -> None:
        ours, theirs = model.config.backbone, guidance.teacher.config.backbone
        if ours != theirs:
            raise UserError(
                f"a teacher with the backbone {theirs!r} cannot guide one with {ours!r}",
                "Give a teacher of the same configuration",
            )
        self.model, self.weight = model, guidance.weight
        self.teacher: nn.Module = guidance.teacher.front.eval().requires_grad_(False)
        # a checkpoint made with another teacher must not be resumed
        self.settings = f"{self.weight:g} {digest(self.teacher)}"

    def __call__(self, batch: Batch) -> dict[str, Tensor]:
        """The detector's losses by name, and the weighted MSE as "loss_guidance".

        `batch.pixels` must show the same crops.
        """
        seen: list[Tensor] = []
        watch = self.model.front.register_forward_hook(
            lambda _, __, features: seen.append(features)
        )  # reused rather than computed again: norms would see it twice
        try:
            losses = self.model.losses(batch)
        finally:
            watch.remove()
        with torch.no_grad():
            target = self.teacher.to(seen[0].device)(batch.pixels)
        return {
            **losses,
            "loss_guidance": self.weight * nn.functional.mse_loss(seen[0].float(), target.float()),
        }
