"""The settings of the published studies, and what a profile has in their place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from promic_nb.experiment.conditions import conditions
from promic_nb.experiment.profile import Profile
from promic_nb.experiment.sections import Deblocking, DetectorTraining, LatentLearning, Multitask
from promic_nb.models.config import CONFIGS, DetectorConfig
from promic_nb.models.recipes import RECIPES
from promic_nb.training import hyperparameters
from promic_nb.training.fine_tuning import FineTuning
from promic_nb.training.solver import TABLE3, Solver

DISSERTATION = "000"
AUGMENTED = {
    "none": "none",
    "grid": "flips of pixels, and of latents on their grid",
    "encoded": "mirrored on both axes, latents encoded anew",
    "shifted": "mirrored and shifted, latents encoded anew",
}
Words = Callable[[Profile], str]
# Table 3. The learning rates are searched; schedules are those of section 4.1.
DETECTOR = CONFIGS["resnet50"]
MOST = 50000
SOLVER = Solver(MOST, learning_rate=1, **TABLE3)
GDTT = Solver(MOST, learning_rate=1, schedule="plateau")
TRAININGS = ("original", "reconstructed", "latent", "guided")


@dataclass(frozen=True)
class Setting:
    """One setting of a study.

    Attributes:
        study: which one.
        name: of the setting.
        published: what the document has.
        of: what a profile has, in the same words where it agrees; "" where it has no such study.
    """

    study: str
    name: str
    published: str
    of: Words


def settings() -> list[Setting]:
    """All settings, in the order in which they are shown."""
    return [
        Setting(study, name, published, of)
        for study, rows in {
            f"Detection ({DISSERTATION})": _detection(),
            f"Codecs ({DISSERTATION})": _codecs(),
            "JPEG AI tasks (001)": _multitask(),
            "JPEG deblocking (003)": _deblocking(),
            "Compressed learning (004)": _latent_learning(),
        }.items()
        for name, published, of in rows
    ]


def _detection() -> list[tuple[str, str, Words]]:
    targets = hyperparameters.tables()["rates"]
    return [
        ("detector", _detector(DETECTOR), lambda p: _detector(CONFIGS[p.detector])),
        ("anchors", _anchors(DETECTOR), lambda p: _anchors(CONFIGS[p.detector])),
        ("score threshold", _threshold(DETECTOR), lambda p: _threshold(CONFIGS[p.detector])),
        ("framework", "detectron2", lambda p: p.engine),
        ("starting weights", "coco", lambda p: p.weights),
        ("labels", "Lucchi++", lambda p: conditions(p)["run"]["labels"]),
        ("training slices", "all", lambda p: _every(p.slices.train)),
        ("test slices", "all 165", _test_slices),
        ("validation slices", "all", lambda p: _every(p.slices.val)),
        ("slices that AP is measured on", "test", lambda p: _listed(p.tested)),
        ("codec", "JPEG AI VM 6.1", lambda p: _listed(r.codec for r in p.rates.values())),
        ("rates", f"{len(targets)} (targets {_listed(f'{r:g}' for r in targets)} bpp)", _rates),
        ("models", _listed(RECIPES), lambda p: _listed(p.recipes)),
        ("trainings of each model", "1", lambda p: str(len(p.seeds))),
        ("most iterations", _steps(dict.fromkeys(TRAININGS, MOST)), _own_steps),
        ("end of a training", _end(SOLVER), lambda p: _end(_solver(p.latent))),
        ("optimizer of detectors", _optimizer(SOLVER), lambda p: _optimizer(_solver(p.latent))),
        ("optimizer of GDTT", _schedule(GDTT), lambda p: _schedule(_solver(p.guided))),
        ("batch, learning rate and its schedule", "searched for each model and rate", _searched),
        ("augmentation", "horizontal flips", lambda p: AUGMENTED[p.augmentation]),
        ("frozen stages of PD-FT", "until near convergence", _frozen),
    ]


def _codecs() -> list[tuple[str, str, Words]]:
    return [
        ("test slices", "all", lambda p: _every(p.benchmark.every)),
        ("JPEG AI", "JPEG AI VM 6.1", lambda p: _listed(_learned(p))),
    ]


def _multitask() -> list[tuple[str, str, Words]]:
    def of(words: Callable[[Multitask], str]) -> Words:
        return lambda p: words(p.studies.multitask) if p.studies.multitask else ""

    return [
        ("pictures", "cifar10", of(lambda s: s.pictures)),
        ("faces", "lfw", of(lambda s: s.faces)),
        ("width of the networks", "1", of(lambda s: f"{s.width:g}")),
        ("length of the trainings", "30 and 60 epochs of 50,000 pictures", of(_tasks)),
    ]


def _deblocking() -> list[tuple[str, str, Words]]:
    def of(words: Callable[[Deblocking], str]) -> Words:
        return lambda p: words(p.studies.deblocking) if p.studies.deblocking else ""

    return [
        (
            "pictures",
            "60,296 of CellaVision, 360x360",
            _cells,
        ),
        ("length of the trainings", "30 epochs of 9,600 pictures; early stopping", of(_iterations)),
        ("side of the crops", "192", of(lambda s: str(s.crop))),
        ("networks", "9", of(lambda s: str(len({n for n, *_ in s.trainings()})))),
    ]


def _latent_learning() -> list[tuple[str, str, Words]]:
    def of(words: Callable[[LatentLearning], str]) -> Words:
        return lambda p: words(p.studies.latent_learning) if p.studies.latent_learning else ""

    return [
        ("pictures", "imagenet", of(lambda s: s.pictures)),
        ("masks", "voc", of(lambda s: s.masks)),
        ("sides of the pictures", "224, 448", of(lambda s: _listed(map(str, s.sides)))),
        ("width of the networks", "1", of(lambda s: f"{s.width:g}")),
        ("rates", "4", of(lambda s: str(len(s.betas)))),
        ("length of the trainings", "not said", of(lambda s: f"{s.steps:,} iterations")),
    ]


def _listed(words: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(words))


def _detector(config: DetectorConfig) -> str:
    names = {"resnet50": "ResNet-50", "small": "a small backbone"}
    name = names.get(config.backbone, config.backbone)
    return f"Faster R-CNN, {name}, FPN of {config.fpn_channels} channels"


def _anchors(config: DetectorConfig) -> str:
    levels = config.anchor_sizes
    sizes = _listed(str(size) for level in levels for size in level)
    return f"{sizes}: {'all' if len(levels[0]) > 1 else 'one'} on every level"


def _threshold(config: DetectorConfig) -> str:
    return f"{config.score_threshold:g}"


def _every(n: int) -> str:
    return {0: "none", 1: "all"}.get(n, f"one in {n}")


def _test_slices(p: Profile) -> str:
    there = "those of the local copy" if p.data else "all 165"
    return there if p.slices.test == 1 else f"one in {p.slices.test}"


def _rates(p: Profile) -> str:
    points = [rate.settings for rate in p.rates.values()]
    names = (f"beta {x['beta']:g}{_gain(x)}" if "beta" in x else "vm33" for x in points)
    return f"{len(points)} ({_listed(names)})"


def _gain(settings: dict[str, Any]) -> str:
    return f" gain {settings['gain']:+d}" if settings.get("gain") else ""


def _learned(p: Profile) -> list[str]:
    return [name for name in p.benchmark.codecs if name.startswith("jpegai")]


def _steps(steps: dict[str, int]) -> str:
    """Iterations by training, one number where all agree."""
    if len(set(steps.values())) == 1:
        return f"{next(iter(steps.values())):,}"
    names = {
        "original": "original",
        "reconstructed": "A",
        "latent": "B to ProMIC",
        "guided": "GDTT",
    }
    return _listed(f"{names[name]} {n:,}" for name, n in steps.items())


def _own_steps(p: Profile) -> str:
    return _steps({name: p.model_dump()[name]["steps"] for name in TRAININGS})


def _solver(training: DetectorTraining) -> Solver:
    """The solver of one of a profile's trainings."""
    more: dict[str, Any] = dict(training.solver)
    return Solver(training.steps, training.learning_rate, training.batch, **more)


def _end(solver: Solver) -> str:
    if not solver.patience:
        return "after the last iteration"
    return f"{solver.patience:,} iterations without a better AP50"


def _optimizer(solver: Solver) -> str:
    if solver.optimizer == "adam":
        return _schedule(solver)
    clip = f"gradients clipped at {solver.clip:g}" if solver.clip else "no clipping"
    amp = "half precision on a GPU" if solver.amp else "single precision"
    decay = f"weight decay {solver.weight_decay:g}"
    return f"{_schedule(solver)}, momentum {solver.momentum:g}, {decay}, {clip}, {amp}"


def _schedule(solver: Solver) -> str:
    schedules = {
        "one_cycle": "one cycle",
        "delta": "equal steps down",
        "plateau": "halved on a plateau",
    }
    name = {"sgd": "SGD", "adam": "Adam"}[solver.optimizer]
    return f"{name}, learning rate: {schedules[solver.schedule]}"


def _searched(p: Profile) -> str:
    if p.hyperparameters == "published":
        return "as found there (Tables 10-19)"
    return f"of {p.hyperparameters}" if p.hyperparameters else "one set for all models and rates"


def _frozen(p: Profile) -> str:
    given: dict[str, Any] = dict(p.latent.fine_tuning)
    share = FineTuning(**given).frozen_share
    ending = " at most, ended by the patience" if _solver(p.latent).patience else ""
    return f"{100 * share:.0f} % of the iterations{ending}"


def _tasks(study: Multitask) -> str:
    return f"{study.class_steps:,} and {study.face_steps:,} batches of {study.batch}"


def _iterations(study: Deblocking) -> str:
    return f"{study.steps:,} batches of {study.batch}"


def _cells(p: Profile) -> str:
    if not p.studies.deblocking:
        return ""
    return "of a local copy" if p.cells else "synthetic"
