"""What a trained detector computes inside: feature maps at the inputs of its stages, and how far
two models' agree (Figs. 25 and 26).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from promic_nb.models.detector import Detector

STAGES = (3, 4)  # of Figs. 25 and 26


@torch.inference_mode()
def stage_inputs(model: Detector, inputs: np.ndarray) -> dict[int, Tensor]:
    """Feature maps at the inputs of stages 3 and 4 for one slice, (C, H/4, W/4) and (C, H/8, W/8),
    float32.

    Args:
        model: in evaluation mode.
        inputs: pixels (H, W), or a latent (C, ceil(H/16), ceil(W/16)).
    """
    device = next(model.stages.parameters()).device
    tensor = torch.from_numpy(np.array(inputs)).float().to(device)
    third = model.front(tensor.view(1, -1, *tensor.shape[-2:]))
    return {3: third[0].cpu(), 4: model.stages[0](third)[0].cpu()}


class ChannelCorrelation:
    """Pearson's correlation of two models' maps, channel by channel, over all positions of all
    slices that were added.
    """

    def __init__(self) -> None:
        self.sums = torch.zeros(5, 1, dtype=torch.float64)
        self.count = 0
        self.low, self.high = np.array(np.inf), np.array(-np.inf)

    def add(self, reference: Tensor, other: Tensor) -> None:
        """Add one slice's maps, each (C, h, w)."""
        pair = torch.stack([reference, other]).double().flatten(2)
        x, y = pair
        self.sums = self.sums + torch.stack(
            [x.sum(1), y.sum(1), (x * x).sum(1), (y * y).sum(1), (x * y).sum(1)]
        )
        self.count += x.shape[1]
        self.low, self.high = (
            np.minimum(self.low, pair.amin(2).numpy()),
            np.maximum(self.high, pair.amax(2).numpy()),
        )

    @property
    def value(self) -> np.ndarray:
        """Float64 (C,), -1..1; NaN for a channel that is constant in one of the models."""
        mean = self.sums / self.count
        covariance = mean[4] - mean[0] * mean[1]
        variances = (mean[2] - mean[0] ** 2) * (mean[3] - mean[1] ** 2)
        with np.errstate(invalid="ignore", divide="ignore"):
            value = covariance.numpy() / np.sqrt(variances.clamp(min=0).numpy())
        return np.where((self.low == self.high).any(0), np.nan, np.clip(value, -1, 1))
