"""Boxes in slices that a detector reads as they are: pixels, or latents."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from tqdm.auto import tqdm

from promic_nb.metrics.detection import Detections
from promic_nb.models.detector import Detector
from promic_nb.models.inputs import Batch
from promic_nb.models.scales import predict_at

Size = tuple[int, int]


def detect_slices(
    model: Detector,
    inputs: Sequence[np.ndarray],
    size: Size,
    sizes: Sequence[int] = (),
    progress: bool = True,
) -> list[Detections]:
    """Objects in many slices, as `models.api.detect`.

    Args:
        inputs: slices, uint8 (H, W), or latents as the model reads them: of several rates, with the
            number of the rate in a last plane (`training.multirate`).
        size: (H, W) of the slices in pixels.
        sizes: shorter sides to which images are resized, as `predict_at` takes them.
        progress: whether a bar is shown.
    """
    bar = tqdm(inputs, desc="detecting", unit="slice", disable=not progress, leave=False)
    return [predict(model, x, size, sizes) for x in bar]


def predict(model: Detector, x: np.ndarray, size: Size, sizes: Sequence[int]) -> Detections:
    """Objects in one slice, as `detect_slices`."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model.eval().to(device)
    tensor = torch.from_numpy(np.array(x)).float().to(device)
    return predict_at(model, Batch([tensor.view(-1, *tensor.shape[-2:])], [size], []), sizes)[0]
