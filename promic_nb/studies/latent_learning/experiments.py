"""The learners that Tables 2 to 6 compare, each trained and tested."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from promic_nb.datasets.pictures import Pictures
from promic_nb.studies.latent_learning.codec import CompressionNetworks
from promic_nb.studies.latent_learning.learners import build_learner
from promic_nb.studies.latent_learning.learning import Received, accuracy, channel_statistics, mean_iou, predict, train_learner
from promic_nb.studies.latent_learning.tables import CHANNELS, ON_PIXELS, SUBSETS

RANKED = 500  # training pictures that rank the channels; the paper takes all of ImageNet
TRAINING = {"smallest": lambda a, b: (a, a), "largest": lambda a, b: (b, b), "variable": lambda a, b: (a, b)}


@dataclass(frozen=True)
class Experiment:
    """One learner to be trained.

    Attributes:
        network: one of `LEARNERS`.
        domain: "latent" or "reconstruction".
        training: sides that it is trained on: "smallest", "largest", or "variable" between them.
        features: channels of the latent that it sees.
    """

    network: str
    domain: str
    training: str
    features: int = CHANNELS


def classification(networks: Sequence[str]) -> list[Experiment]:
    """Learners of Tables 2 to 6: on latents and on reconstructions, for fixed and variable sizes, and on subsets of the features."""
    found = []
    for name in networks:
        found += [Experiment(name, "latent", training) for training in TRAINING]
        found.append(Experiment(ON_PIXELS[name], "reconstruction", "smallest"))
    return found + [Experiment("resnet41", "latent", "variable", n) for n in SUBSETS if "resnet41" in networks]


SEGMENTATION = (Experiment("resnet41", "latent", "largest"), Experiment("resnet50", "reconstruction", "largest"))  # Table 5's mIoU


def run_experiments(
    experiments: Sequence[Experiment],
    pictures: Pictures,
    codec: CompressionNetworks,
    *,
    sides: tuple[int, int],
    width: float,
    dense: bool,
    folder: Path,
    progress: bool = True,
    **training: Any,
) -> pd.DataFrame:
    """Train and test each learner.

    A classifier is tested twice: on pictures of their original sizes (on reconstructions: resized to the smallest side after decoding
    is what the paper does; here before, so that the codec sees whole blocks), and on pictures resized to the smallest side.

    Args:
        training: of `train_learner`: steps, rate, batch, seed.

    Returns:
        Columns task, network, domain, training, features, tested ("original" or "fixed"), metric (top1, top5, miou), value (0..1).
    """
    order = np.argsort(-channel_statistics(codec, pictures.train[:RANKED])[0], kind="stable")
    targets = [target for _, target in pictures.test]
    rows = []
    for e in experiments:
        received = Received(codec, e.domain, None if e.features == CHANNELS else np.sort(order[: e.features]).tolist())
        inputs = e.features if e.domain == "latent" else 3
        model = build_learner(e.network, inputs, len(pictures.classes), width=width, dense=dense, seed=training["seed"])
        where = folder / "-".join(map(str, asdict(e).values()))
        train_learner(model, received, pictures.train, sides=TRAINING[e.training](*sides), folder=where, progress=progress, **training)
        scores = partial(predict, model, received, pictures.test)
        found = {"fixed": {"miou": mean_iou(scores(side=sides[1]), targets, len(pictures.classes))}} if dense else {
            tested: accuracy(scores(side=side), targets) for tested, side in (("original", 0), ("fixed", sides[0]))
        }  # fmt: skip
        task = "segmentation" if dense else "classification"
        rows += [{"task": task, **asdict(e), "tested": t, "metric": m, "value": v} for t, values in found.items() for m, v in values.items()]
    return pd.DataFrame(rows)
