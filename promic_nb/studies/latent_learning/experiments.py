"""The learners that Tables 2 to 7 compare, each trained and tested."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from promic_nb.datasets.pictures import Pictures
from promic_nb.studies.latent_learning.codec import STRIDE, CompressionNetworks
from promic_nb.studies.latent_learning.learner import build_learner
from promic_nb.studies.latent_learning.learning import (
    Received,
    accuracy,
    channel_statistics,
    mean_iou,
    predict,
    train_learner,
)
from promic_nb.studies.latent_learning.tables import CHANNELS, ON_PIXELS, SUBSETS

RANKED = 500  # training pictures that rank the channels; the paper takes all of ImageNet
TRAINING = {  # smallest and largest side of the pictures to those of a training
    "smallest": lambda a, b: (a, a),
    "largest": lambda a, b: (b, b),
    "variable": lambda a, b: (a, b),
    "middle": lambda a, b: ((a + b) // 2 // STRIDE * STRIDE,) * 2,
}
ENLARGED = 3  # large pictures (section 4.6): each side, by interpolation


def large_sides(sides: tuple[int, int]) -> tuple[int, int]:
    """Sides in training on large pictures, in the paper's proportions: 672 to 1120 for 224 to 448."""
    return ENLARGED * sides[0], 5 * sides[1] // 2 // STRIDE * STRIDE


@dataclass(frozen=True)
class Experiment:
    """One learner to be trained.

    Attributes:
        network: one of `LEARNERS`.
        domain: "latent" or "reconstruction".
        training: sides that it is trained on: "smallest", "largest", "middle", or "variable"
            between them.
        features: channels of the latent that it sees.
    """

    network: str
    domain: str
    training: str
    features: int = CHANNELS


def classification(networks: Sequence[str]) -> list[Experiment]:
    """Learners of Tables 2 to 6: on latents and on reconstructions, for fixed and variable sizes,
    and on subsets of the features.
    """
    found = []
    for name in networks:
        found += [
            Experiment(name, "latent", training) for training in ("smallest", "largest", "variable")
        ]
        found.append(Experiment(ON_PIXELS[name], "reconstruction", "smallest"))
    return found + [
        Experiment("resnet41", "latent", "variable", n) for n in SUBSETS if "resnet41" in networks
    ]


LARGE = (
    Experiment("resnet49", "latent", "middle"),
    Experiment("resnet49", "latent", "variable"),
)  # Table 7
SEGMENTATION = (
    Experiment("resnet41", "latent", "largest"),
    Experiment("resnet50", "reconstruction", "largest"),
)  # Table 5's mIoU


def run_experiments(
    experiments: Sequence[Experiment],
    pictures: Pictures,
    codec: CompressionNetworks,
    *,
    sides: tuple[int, int],
    width: float,
    folder: Path,
    dense: bool = False,
    enlarged: int = 1,
    progress: bool = True,
    **training: Any,
) -> pd.DataFrame:
    """Train and test each learner.

    A classifier is tested twice: on pictures of their original sizes (on reconstructions: resized
        to the smallest side after decoding
    is what the paper does; here before, so that the codec sees whole blocks), and on pictures
    resized to the smallest side. With `enlarged` it is tested on pictures of so many times their
    original sides, and on nothing else.

    Args:
        sides: smallest and largest side in training, pixels, multiples of 16.
        training: of `train_learner`: steps, rate, batch, seed.

    Returns:
        Columns task, network, domain, training, features, tested ("original", "fixed" or
        "enlarged"), metric (top1, top5, miou), value (0..1).
    """
    # of the channels, by falling variance: a pass of the codec over many pictures, which only
    # learners on some channels need
    order = None
    if any(e.features != CHANNELS for e in experiments):
        order = np.argsort(-channel_statistics(codec, pictures.train[:RANKED])[0], kind="stable")
    targets = [target for _, target in pictures.test]
    if dense:
        tests = {"fixed": {"side": sides[1]}}
    else:
        tests = (
            {"enlarged": {"enlarged": enlarged}}
            if enlarged > 1
            else {"original": {}, "fixed": {"side": sides[0]}}
        )
    rows = []
    for e in experiments:
        received = Received(
            codec,
            e.domain,
            None if e.features == CHANNELS else np.sort(order[: e.features]).tolist(),
        )
        inputs = e.features if e.domain == "latent" else 3
        model = build_learner(
            e.network,
            inputs,
            len(pictures.classes),
            width=width,
            dense=dense,
            seed=training["seed"],
        )
        where = folder / "-".join(map(str, asdict(e).values()))
        train_learner(
            model,
            received,
            pictures.train,
            sides=TRAINING[e.training](*sides),
            folder=where,
            progress=progress,
            **training,
        )
        about = {"task": "segmentation" if dense else "classification", **asdict(e)}
        for tested, size in tests.items():
            scores = predict(model, received, pictures.test, **size)
            values = (
                {"miou": mean_iou(scores, targets, len(pictures.classes))}
                if dense
                else accuracy(scores, targets)
            )
            rows += [
                {**about, "tested": tested, "metric": metric, "value": value}
                for metric, value in values.items()
            ]
    return pd.DataFrame(rows)
