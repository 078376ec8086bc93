"""Train some modules while the others stay frozen, above all the decoder (sections 4.3, 5.6)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce

import lightning
import numpy as np
import torch
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn

from promic_nb.training.fit import SampleStream, digest, fit, one_cycle
from promic_nb.training.options import FitOptions, Schedule

Losses = Callable[[Tensor, Tensor], dict[str, Tensor]]
SHIFT = 4  # pixels by which pictures are shifted at most; also flipped (section 4.3.1.3)


class Task(lightning.LightningModule):
    """Trains some modules with the sum of named losses; the others stay frozen.

    Args:
        trained: the modules that learn.
        losses: from pictures (n, 1, H, W) and their indices (n) to losses by name.
        learning_rate: peak learning rate of Adam; the thesis uses SGD and ten times as many epochs.
        steps: length of the schedule.
        frozen: other modules that `losses` uses.
    """

    def __init__(
        self,
        trained: dict[str, nn.Module],
        losses: Losses,
        learning_rate: float,
        steps: int,
        frozen: Sequence[nn.Module] = (),
    ) -> None:
        super().__init__()
        self.trained, self.losses = nn.ModuleDict(trained), losses
        self.learning_rate, self.steps = learning_rate, steps
        # a checkpoint made with other frozen modules is not resumed
        self.others = " ".join(digest(m) for m in frozen)
        self._frozen = list(frozen)  # in a list: not part of the checkpoint

    def on_fit_start(self) -> None:
        for module in self._frozen:
            module.to(self.device)

    def training_step(self, batch: tuple[Tensor, Tensor], _: int) -> Tensor:
        losses = self.losses(*batch)
        total = reduce(torch.add, losses.values())
        self.log_dict({**losses, "loss": total}, prog_bar=True)
        return total

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        adam = torch.optim.Adam(self.trained.parameters(), self.learning_rate)
        return one_cycle(adam, self.learning_rate, self.steps)


def stream(x: Tensor, seed: int) -> SampleStream:
    """Endless (picture (1, H, W), index) from x (N, 1, H, W), flipped and shifted at random."""

    def draw(rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        i = int(rng.integers(len(x)))
        moved = torch.roll(
            x[i], tuple(int(n) for n in rng.integers(-SHIFT, SHIFT + 1, 2)), (-2, -1)
        )
        return (moved.flip(-1) if rng.random() < 0.5 else moved).contiguous(), torch.tensor(i)

    return SampleStream(draw, seed)


def train(
    trained: dict[str, nn.Module],
    losses: Losses,
    x: Tensor,
    schedule: Schedule,
    options: FitOptions,
    frozen: Sequence[nn.Module] = (),
) -> None:
    """Train modules in place on pictures x (N, 1, H, W), or resume from the folder.

    Afterwards all modules are frozen and in evaluation mode.
    """
    for module in frozen:
        module.eval().requires_grad_(False)
    for module in trained.values():
        module.train().requires_grad_(True)
    task = Task(trained, losses, schedule.learning_rate, schedule.steps, frozen)
    fit(task, stream(x, schedule.seed), schedule.loop(clip=5.0), options)
    for module in (*trained.values(), *frozen):
        module.eval().requires_grad_(False).cpu()
