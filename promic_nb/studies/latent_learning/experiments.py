"""Train and test the learners that Tables 2 to 7 compare."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TypedDict

import numpy as np
import pandas as pd
from torch import Tensor

from promic_nb.datasets.pictures import Pictures
from promic_nb.studies.latent_learning.codec import CompressionNetworks
from promic_nb.studies.latent_learning.learner import build_learner

# Every run trains ResNets (LARGE, SEGMENTATION) and counts the layers of all networks, whatever its
# parameters. The import makes sure that a change in a network reruns it.
from promic_nb.studies.latent_learning.learners import mobilenet, resnet  # noqa: F401
from promic_nb.studies.latent_learning.learning import Received, train_learner
from promic_nb.studies.latent_learning.pictures import STRIDE
from promic_nb.studies.latent_learning.statistics import channel_statistics
from promic_nb.studies.latent_learning.tables import CHANNELS, ON_PIXELS, SUBSETS
from promic_nb.studies.latent_learning.testing import accuracy, mean_iou, predict
from promic_nb.training.options import FitOptions, Schedule

RANKED = 500  # training pictures that rank the channels; the paper uses all of ImageNet
Sides = tuple[int, int]
# From the smallest and largest side in training to the sides of one training.
TRAINING: dict[str, Callable[[int, int], Sides]] = {
    "smallest": lambda a, b: (a, a),
    "largest": lambda a, b: (b, b),
    "variable": lambda a, b: (a, b),
    "middle": lambda a, b: (_middle(a, b), _middle(a, b)),
}
ENLARGED = 3  # factor by which each side of large pictures is interpolated (section 4.6)


def _middle(a: int, b: int) -> int:
    return (a + b) // 2 // STRIDE * STRIDE


def large_sides(sides: Sides) -> Sides:
    """Training sides for large pictures, in the paper's proportions: 672 to 1120 for 224 to 448.

    Example:
        >>> large_sides((224, 448))
        (672, 1120)
    """
    return ENLARGED * sides[0], 5 * sides[1] // 2 // STRIDE * STRIDE


@dataclass(frozen=True)
class Experiment:
    """One learner to train and test.

    Attributes:
        network: name in the registry of learners.
        domain: "latent" or "reconstruction".
        training: sides in training: "smallest", "largest", "middle", or "variable" between smallest
            and largest.
        features: number of latent channels that it reads.
    """

    network: str
    domain: str
    training: str
    features: int = CHANNELS

    @property
    def name(self) -> str:
        """The name of its folder."""
        return "-".join(map(str, asdict(self).values()))

    @property
    def channels(self) -> int:
        """How many channels of highest variance it reads; 0 for all."""
        return 0 if self.features == CHANNELS else self.features


def classification(networks: Sequence[str]) -> list[Experiment]:
    """The learners of Tables 2 to 6.

    They read latents or reconstructions, with fixed and variable sizes, and subsets of features.
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


class Size(TypedDict, total=False):
    """Size of the test pictures: arguments of `predict`."""

    side: int
    enlarged: int


@dataclass(frozen=True)
class Setting:
    """How the learners of a table are trained and tested.

    Attributes:
        sides: smallest and largest side in training, in pixels, multiples of 16.
        width: of every layer, as a share of the published width.
        dense: whether the learners segment.
        enlarged: factor by which the sides of the test pictures are enlarged.
    """

    sides: Sides
    width: float
    dense: bool = False
    enlarged: int = 1

    @property
    def tests(self) -> dict[str, Size]:
        """Sizes of the test pictures by name.

        A classifier is tested twice: at the original sizes, and resized to the smallest side. (The
        paper resizes reconstructions after decoding; here pictures are resized before coding, so
        the codec gets whole blocks.) With `enlarged`, only the enlarged pictures are tested.
        """
        if self.dense:
            return {"fixed": {"side": self.sides[1]}}
        if self.enlarged > 1:
            return {"enlarged": {"enlarged": self.enlarged}}
        return {"original": {}, "fixed": {"side": self.sides[0]}}


def run_experiments(
    experiments: Sequence[Experiment],
    pictures: Pictures,
    codec: CompressionNetworks,
    setting: Setting,
    schedule: Schedule,
    options: FitOptions,
) -> pd.DataFrame:
    """Train and test each learner, each in its own folder.

    Returns:
        Columns task, network, domain, training, features, tested ("original", "fixed" or
        "enlarged"), metric (top1, top5, miou), value (0..1).
    """
    order = _by_variance(codec, pictures) if any(e.channels for e in experiments) else None
    task = "segmentation" if setting.dense else "classification"
    rows = []
    for e in experiments:
        channels = None if order is None or not e.channels else sorted(order[: e.channels])
        received = Received(codec, e.domain, channels)
        model = build_learner(
            e.network,
            e.features if e.domain == "latent" else 3,
            len(pictures.classes),
            width=setting.width,
            dense=setting.dense,
            seed=schedule.seed,
        )
        sides = TRAINING[e.training](*setting.sides)
        train_learner(model, received, pictures.train, sides, schedule, options.below(e.name))
        for tested, size in setting.tests.items():
            scores = predict(model, received, pictures.test, **size)
            rows += [
                {"task": task, **asdict(e), "tested": tested, "metric": metric, "value": value}
                for metric, value in _scored(scores, pictures, setting.dense).items()
            ]
    return pd.DataFrame(rows)


def _by_variance(codec: CompressionNetworks, pictures: Pictures) -> list[int]:
    """The latent's channels in order of falling variance.

    This runs the codec on many pictures; only learners on some of the channels need it.
    """
    variance, _ = channel_statistics(codec, pictures.train[:RANKED])
    return np.argsort(-variance, kind="stable").tolist()


def _scored(scores: Iterator[Tensor], pictures: Pictures, dense: bool) -> dict[str, float]:
    """The metrics of the test pictures' scores."""
    if dense:
        masks = [np.asarray(mask) for _, mask in pictures.test]
        return {"miou": mean_iou(scores, masks, len(pictures.classes))}
    return accuracy(scores, [int(target) for _, target in pictures.test])
