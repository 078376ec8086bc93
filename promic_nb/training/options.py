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
    """How long a training lasts, and the arithmetic of an iteration.

    Attributes:
        steps: iterations.
        batch: samples an iteration.
        clip: largest norm of the gradient; None for none.
        precision: Lightning's name of the arithmetic.
    """

    steps: int
    batch: int
    clip: float | None = None
    precision: Precision = "32-true"


@dataclass(frozen=True)
class Schedule:
    """What the weights that a training ends with depend on, beside model and data.

    Attributes:
        steps: iterations.
        batch: samples an iteration.
        learning_rate: at its peak.
        seed: of the random draws.

    Example:
        >>> Schedule(steps=1000, batch=8).loop(clip=5.0)
        Loop(steps=1000, batch=8, clip=5.0, precision='32-true')
    """

    steps: int
    batch: int = 8
    learning_rate: float = 1e-3
    seed: int = 0

    def loop(self, clip: float | None = None, precision: Precision = "32-true") -> Loop:
        """The loop of so many iterations."""
        return Loop(self.steps, self.batch, clip, precision)


@dataclass(frozen=True)
class FitOptions:
    """Where a training keeps its files, and who watches it. Weights do not depend on these.

    Attributes:
        folder: of checkpoints (`last.ckpt`, and `best.ckpt` with an evaluation) and `metrics.csv`.
        progress: whether a bar is shown.
        callbacks: Lightning's, such as one that ends the training.
        checkpoint_every: iterations between checkpoints; with an evaluation, they follow each
            evaluation.

    Example:
        >>> FitOptions(Path("training")).below("frozen").folder.as_posix()
        'training/frozen'
    """

    folder: Path
    progress: bool = True
    callbacks: Sequence[Callback] = ()
    checkpoint_every: int = 200

    def below(self, name: str) -> FitOptions:
        """The same for one of several trainings, in a folder of its own."""
        return replace(self, folder=self.folder / name)


@dataclass
class Evaluation:
    """Validation during training.

    Attributes:
        samples: what the task's `validation_step` gets, one after another.
        monitor: the number that the task logs, the higher the better.
        every: iterations between evaluations; training has a multiple of them.
        patience: evaluations without a better number after which training ends, 0 for none.
        collate: of a list of one sample.
    """

    samples: Sequence[Any]
    monitor: str
    every: int
    patience: int = 0
    collate: Callable[[list[Any]], Any] | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """What a resumed training must have in common with this one."""
        seen = hashlib.sha256(
            b"".join(part.numpy().tobytes() for sample in self.samples for part in sample)
        ).hexdigest()
        return {
            "monitor": self.monitor,
            "eval_every": self.every,
            "patience": self.patience,
            "validation": seen,
        }
