"""Test learners after a frozen codec, on pictures of any size."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torchmetrics.classification import MulticlassJaccardIndex
from torchmetrics.functional.classification import multiclass_accuracy

from promic_nb.datasets.pictures import Sample
from promic_nb.studies.latent_learning.learner import Learner
from promic_nb.studies.latent_learning.learning import VOID, Received
from promic_nb.studies.latent_learning.pictures import original_size, resized, to_tensor

TOP = 5


@torch.inference_mode()
def predict(
    model: Learner, received: Received, samples: Sequence[Sample], side: int = 0, enlarged: int = 1
) -> Iterator[Tensor]:
    """Scores of each sample, (classes,) or (classes, H, W).

    Pictures have `enlarged` times their original size, or are resized to `side`.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model.eval().to(device)
    received.to(device)
    for image, _ in samples:
        if side:
            x = resized(to_tensor(image), (side, side))[None]
        else:
            x = original_size(image, enlarged)
        yield model(received(x.to(device)))[0].cpu()


def accuracy(scores: Iterable[Tensor], targets: Sequence[int]) -> dict[str, float]:
    """Top-1 and top-5 accuracy (0..1) of class scores.

    Top-5 is NaN if there are five classes or fewer.
    """
    predicted, true = torch.stack(list(scores)), torch.tensor(list(targets))
    classes = predicted.shape[1]

    def top(k: int) -> float:
        return float(multiclass_accuracy(predicted, true, classes, average="micro", top_k=k))

    return {"top1": top(1), "top5": top(TOP) if classes > TOP else math.nan}


def mean_iou(scores: Iterable[Tensor], masks: Iterable[np.ndarray], classes: int) -> float:
    """Mean over classes of the intersection over union (0..1), over all pixels of all pictures.

    Void pixels are ignored.
    """
    metric = MulticlassJaccardIndex(classes, ignore_index=VOID)
    for map_, mask in zip(scores, masks, strict=True):
        enlarged = nn.functional.interpolate(
            map_[None], mask.shape, mode="bilinear", align_corners=False
        )
        metric.update(enlarged.argmax(1), torch.from_numpy(np.ascontiguousarray(mask))[None].long())
    return float(metric.compute())
