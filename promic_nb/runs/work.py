"""The amount of work in a job, in megapixels if its notebook reads pictures.

A notebook without an entry in `AMOUNTS` is not estimated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from promic_nb.datasets.views import VIEWS
from promic_nb.models.recipes import RECIPES

SEARCHED = 8  # approximate number of encodings in a search for a target rate
FORWARD = 1 / 3  # cost of detection relative to training on as many pixels


@dataclass(frozen=True)
class Setting:
    """What a run's jobs share.

    Attributes:
        slices: number of slices in the data set, by split.
        size: (H, W) of a slice.
        detector: the profile's detector configuration.
    """

    slices: dict[str, int]
    size: tuple[int, int]
    detector: str = "small"

    @property
    def slice_mpixel(self) -> float:
        """Megapixels of one slice."""
        return self.size[0] * self.size[1] / 1e6

    def mpixel(self, split: str, every: int) -> float:
        """Megapixels of every Nth slice of a split; none if `every` is 0."""
        count = -(-self.slices.get(split, 0) // every) if every else 0
        return count * self.slice_mpixel


@dataclass(frozen=True)
class Work:
    """The work of one job.

    Attributes:
        units: the amount.
        key: which throughput applies to it; "" if the notebook has only one.
        files: the amount that the size of its files is proportional to.
    """

    units: float
    key: str = ""
    files: float = 1


Values = dict[str, Any]
Amount = Callable[[Values, Setting], Work]


def _dataset(values: Values, setting: Setting) -> Work:
    return Work(sum(setting.mpixel(split, values["every"]) for split in setting.slices))


def _codec_benchmark(values: Values, setting: Setting) -> Work:
    points = sum(
        SEARCHED * len(s["target_bpp"]) if "target_bpp" in s else 1 for s in values["settings"]
    )
    tested = setting.mpixel("test", values["every"])
    return Work(points * tested * len(values["metrics"]), values["codec"])


def _latents(values: Values, setting: Setting) -> Work:
    views = {"train": len(VIEWS[values["augmentation"]])}
    encoded = sum(
        views.get(s, 1) * setting.mpixel(s, values[f"{s}_every"]) for s in ("train", "test", "val")
    )
    return Work(encoded, values["codec"], files=encoded)


def _guided_translator(values: Values, setting: Setting) -> Work:
    return Work(_trained(values, setting), setting.detector)


def _train_detector(values: Values, setting: Setting) -> Work:
    recipe, every = RECIPES[values["recipe"]], values["solver"].get("eval_every", 0)
    splits = values.get("tested", ["test"])
    tested = sum(setting.mpixel(split, values[f"{split}_every"]) for split in splits)
    if every:
        tested += setting.mpixel("val", values["val_every"]) * (values["steps"] // every)
    trained = _trained(values, setting) * recipe.trains_detector
    kind = "latent" if recipe.inputs == "latent" else "pixels"
    # The best of several validated models is kept in addition to the last one.
    return Work(trained + FORWARD * tested, f"{values['config']}/{kind}", files=5 if every else 3)


def _complexity(values: Values, setting: Setting) -> Work:
    return Work(1, f"{values['timed_height']}x{values['timed_width']}")


def _train_deblocking(values: Values, setting: Setting) -> Work:
    return Work(_trained(values, setting), values["network"])


def _latent_learning_train(values: Values, setting: Setting) -> Work:
    pictures = values["steps"] * values["batch"] * len(values["networks"])
    pixels = pictures * sum(side**2 for side in values["sides"]) / 1e6
    codec = values["codec_steps"] * values["codec_width"] ** 2 / 1e4
    return Work(codec + pixels * (values["width"] * 8) ** 2)


def _multitask_train(values: Values, setting: Setting) -> Work:
    pixels = sum(values[f"{t}_steps"] * values[f"{t}_side"] ** 2 for t in ("class", "face"))
    return Work(pixels * values["batch"] * (values["width"] * 8) ** 2 / 1e6)


def _features(values: Values, setting: Setting) -> Work:
    models = 3  # the reference, and the two compared with it
    return Work(models * setting.mpixel("test", values["every"]))


def _cross_rate(values: Values, setting: Setting) -> Work:
    pairs = len(values["models"]) * len(values["latents"])
    return Work(pairs * setting.mpixel("test", values["every"]))


def _always_the_same(values: Values, setting: Setting) -> Work:
    """For notebooks that read a few tables, or a fixed number of pictures."""
    return Work(1)


def _trained(values: Values, setting: Setting) -> float:
    """Megapixels that a training processes.

    If the crop is a share of both sides, it is drawn uniformly from that share to 1.
    """
    crop = values["crop"]
    whole = setting.slice_mpixel
    area = crop**2 / 1e6 if crop >= 1 else whole * (1 + crop + crop**2) / 3
    return values["steps"] * values["batch"] * area


AMOUNTS: dict[str, Amount] = {
    "01_dataset": _dataset,
    "03_codec_benchmark": _codec_benchmark,
    "04_rate_distortion": _always_the_same,
    "05_latents": _latents,
    "06_guided_translator": _guided_translator,
    "07_train_detector": _train_detector,
    "08_detection": _always_the_same,
    "09_conformance": _always_the_same,
    "10_complexity": _complexity,
    "11_transform_coding": _always_the_same,
    "12_train_deblocking": _train_deblocking,
    "13_deblocking": _always_the_same,
    "14_latent_learning_train": _latent_learning_train,
    "15_latent_learning": _always_the_same,
    "16_multitask_train": _multitask_train,
    "17_multitask": _always_the_same,
    "18_extensions": _always_the_same,
    "19_features": _features,
    "20_cross_rate": _cross_rate,
    "21_probes": _always_the_same,
    "23_search_results": _always_the_same,
    "24_diagnosis": _always_the_same,
}
