"""Detection at several sizes of an image (Table 3, TEST.AUG.MIN_SIZES), merged."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional as F
from torchvision.ops import batched_nms

from promic_nb.errors import UserError
from promic_nb.metrics.detection import Detections
from promic_nb.models.detector import Detector
from promic_nb.models.inputs import Batch


def predict_at(model: Detector, batch: Batch, shorter_sides: Sequence[int]) -> list[Detections]:
    """Detections of images resized so that their shorter side has each of these lengths, in pixels
    of the images as given.

    As in Detectron2's test-time augmentation, the boxes of all sizes go through one more NMS.
    Without sizes, `model.predict`.

    Raises:
        UserError: the model reads latents, which cannot be resized.
    """
    if not shorter_sides:
        return model.predict(batch)
    if model.translator:
        raise UserError(
            "a latent cannot be resized for detection at several sizes",
            "Leave the sizes empty for models on latents",
        )
    return [
        _one(model, x, size, shorter_sides)
        for x, size in zip(batch.inputs, batch.sizes, strict=True)
    ]


def _one(
    model: Detector, image: torch.Tensor, size: tuple[int, int], shorter_sides: Sequence[int]
) -> Detections:
    boxes, scores, classes = [], [], []
    for side in shorter_sides:
        height, width = (int(n * side / min(size) + 0.5) for n in size)
        target = height, width
        resized = F.interpolate(image[None], target, mode="bilinear", antialias=True)[0]
        found = model.predict(Batch([resized], [target], []))[0]
        boxes.append(found.boxes * np.tile([size[1] / target[1], size[0] / target[0]], 2))
        scores.append(found.scores)
        classes.append(found.numbers)
    merged, score = np.concatenate(boxes).astype(np.float32), np.concatenate(scores)
    number = np.concatenate(classes)
    kept = batched_nms(*map(torch.from_numpy, (merged, score, number)), model.config.nms_threshold)
    first = kept[: model.config.detections].numpy()
    return Detections(merged[first], score[first], classes=number[first])
