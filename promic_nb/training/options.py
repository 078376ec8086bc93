"""How a training is set up: how long, where its files go, and what it is evaluated on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from lightning.pytorch.callbacks import Callback

Precision = Literal["32-true", "16-mixed", "bf16-mixed"]


@dataclass(frozen=True)
class Loop:
    """How long a training lasts, and its arithmetic.

    Attributes:
        steps: iterations.
        batch: samples per iteration.
        clip: maximum norm of the gradient; None for no limit.
        precision: Lightning's name for the arithmetic.
        average: decay of an exponential moving average of the weights; 0: none.
    """

    steps: int
    batch: int
    clip: float | None = None
    precision: Precision = "32-true"
    average: float = 0.0


@dataclass(frozen=True)
class Schedule:
    """The settings that determine the final weights, besides model and data.

    Attributes:
        steps: iterations.
        batch: samples per iteration.
        learning_rate: peak value.
        seed: of the random draws.

    Example:
        >>> Schedule(steps=1000, batch=8).loop(clip=5.0)
        Loop(steps=1000, batch=8, clip=5.0, precision='32-true', average=0.0)
    """

    steps: int
    batch: int = 8
    learning_rate: float = 1e-3
    seed: int = 0

    def loop(self, clip: float | None = None, precision: Precision = "32-true") -> Loop:
        """A loop with these steps and this batch size."""
        return Loop(self.steps, self.batch, clip, precision)


@dataclass(frozen=True)
class FitOptions:
    """Where a training keeps its files, and how it is monitored; none of this affects the weights.

    Attributes:
        folder: of checkpoints (`last.ckpt`, and `best.ckpt` with an evaluation) and `metrics.csv`.
        progress: whether to show a bar.
        callbacks: Lightning callbacks, such as one that ends the training.
        checkpoint_every: iterations between checkpoints; with an evaluation, there is one after
            each evaluation instead.

    Example:
        >>> FitOptions(Path("training")).below("frozen").folder.as_posix()
        'training/frozen'
    """

    folder: Path
    progress: bool = True
    callbacks: Sequence[Callback] = ()
    checkpoint_every: int = 200

    def below(self, name: str) -> FitOptions:
        """The same options for one of several trainings, in its own subfolder."""
        return replace(self, folder=self.folder / name)


@dataclass
class Evaluation:
    """Validation during training.

    Attributes:
        samples: passed to the task's `validation_step` one at a time.
        monitor: name of a logged value; higher is better.
        every: iterations between evaluations; the total must be a multiple of it.
        patience: evaluations without improvement after which training ends; 0 for no limit.
        collate: makes a batch from a list of one sample.
    """

    samples: Sequence[Any]
    monitor: str
    every: int
    patience: int = 0
    collate: Callable[[list[Any]], Any] | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """The settings that a resumed training must share with this one."""
        seen = hashlib.sha256(
            b"".join(part.numpy().tobytes() for sample in self.samples for part in sample)
        ).hexdigest()
        return {
            "monitor": self.monitor,
            "eval_every": self.every,
            "patience": self.patience,
            "validation": seen,
        }
