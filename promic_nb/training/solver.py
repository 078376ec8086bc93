"""How a detector is optimized: the settings of Table 3, and the learning-rate schedules."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal

import torch
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import nn

from promic_nb.errors import UserError
from promic_nb.training.fit import one_cycle
from promic_nb.training.options import Loop, Precision


def fast_bfloat16() -> bool:
    """Whether the CPU multiplies bfloat16 in hardware; others emulate it and lose time."""
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


@dataclass(frozen=True)
class Solver:
    """Optimizer and learning-rate schedule.

    Attributes:
        steps: iterations (MAX_ITER).
        learning_rate: BASE_LR, or the peak of the cycle.
        batch: images per iteration (IMS_PER_BATCH).
        optimizer: "sgd", or "adam" (without momentum and weight decay).
        momentum, weight_decay: of SGD; normalization layers have no weight decay, as in Detectron2.
        clip: maximum norm of the gradient, 0 for no limit.
        schedule: "one_cycle" (a rise over a tenth of the steps, then a cosine), "delta" (section
            4.1.1), or "plateau" (GDTT, section 4.1).
        delta, initial_iteration, decay_steps, iteration_step: of the delta schedule.
        factor, plateau_patience, threshold, min_learning_rate, epoch: of the plateau schedule. An
            epoch has `epoch` iterations. After more than `plateau_patience` epochs in which the
            mean loss is not below the best by the share `threshold`, the learning rate is
            multiplied by `factor`, down to `min_learning_rate`.
        amp: half precision on a GPU, bfloat16 on a CPU that computes it fast (AMX, AVX-512 BF16);
            no effect elsewhere.
        average: decay of an exponential moving average of all weights and statistics, which is what
            is evaluated and kept; 0: none.
        eval_every: iterations between evaluations (EVAL_PERIOD), 0 for none.
        patience: iterations without a better AP50 after which training ends; 0 for no limit.
    """

    steps: int
    learning_rate: float
    batch: int = 2
    optimizer: Literal["sgd", "adam"] = "sgd"
    momentum: float = 0.9
    weight_decay: float = 1e-4
    clip: float = 5.0
    schedule: Literal["one_cycle", "delta", "plateau"] = "one_cycle"
    delta: float = 0.0
    initial_iteration: int = 0
    decay_steps: int = 0
    iteration_step: int = 1
    factor: float = 0.5
    plateau_patience: int = 10
    threshold: float = 0.1  # printed as "-01", read here as 1e-01
    min_learning_rate: float = 1e-10
    epoch: int = 30
    amp: bool = False
    average: float = 0.0
    eval_every: int = 0
    patience: int = 0

    def __post_init__(self) -> None:
        if self.schedule == "delta" and not 0 <= self.delta <= self.learning_rate:
            raise UserError(
                f"delta is {self.delta:g}, outside 0..learning_rate ({self.learning_rate:g})",
                "Choose delta within 0..learning_rate",
            )
        if self.patience and not self.eval_every:
            raise UserError(
                "patience needs evaluations", "Set eval_every, the iterations between evaluations"
            )

    @property
    def precision(self) -> Precision:
        """Lightning's name for the arithmetic."""
        if self.amp and torch.cuda.is_available():
            return "16-mixed"
        return "bf16-mixed" if self.amp and fast_bfloat16() else "32-true"

    @property
    def loop(self) -> Loop:
        """Iterations, batch size and arithmetic, for `fit`."""
        return Loop(self.steps, self.batch, self.clip or None, self.precision, self.average)

    def learning_rate_at(self, iteration: int) -> float:
        """Learning rate of the delta schedule; iterations count from 0.

        It is BASE_LR before `initial_iteration`. From there it falls to BASE_LR - delta in
        `decay_steps` equal decrements, `iteration_step` iterations apart.
        """
        done = (
            0
            if iteration < self.initial_iteration
            else 1 + (iteration - self.initial_iteration) // self.iteration_step
        )
        return self.learning_rate - self.delta * min(done, self.decay_steps) / max(
            self.decay_steps, 1
        )

    def configure(self, model: nn.Module) -> OptimizerLRSchedulerConfig:
        """Lightning's optimizer entry for the parameters of `model`.

        The plateau schedule follows the logged "epoch_loss".
        """
        optimizer = self._optimizer(model)
        if self.schedule == "one_cycle":
            return one_cycle(optimizer, self.learning_rate, self.steps)
        if self.schedule == "delta":
            falls = torch.optim.lr_scheduler.LambdaLR(
                optimizer, lambda i: self.learning_rate_at(i) / self.learning_rate
            )
            return {
                "optimizer": optimizer,
                "lr_scheduler": {"scheduler": falls, "interval": "step"},
            }
        plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
            optimizer,
            factor=self.factor,
            patience=self.plateau_patience,
            threshold=self.threshold,
            min_lr=self.min_learning_rate,
            eps=0,
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {
                "scheduler": plateau,
                "interval": "step",
                "frequency": self.epoch,
                "monitor": "epoch_loss",
            },
        }

    def _optimizer(self, model: nn.Module) -> torch.optim.Optimizer:
        if self.optimizer == "adam":
            return torch.optim.Adam(model.parameters(), self.learning_rate)
        norms = {
            id(p)
            for m in model.modules()
            if isinstance(m, nn.modules.batchnorm._BatchNorm | nn.GroupNorm)
            for p in m.parameters(recurse=False)
        }
        parts = (
            [p for p in model.parameters() if (id(p) in norms) == norm] for norm in (False, True)
        )
        groups = [
            {"params": p, "weight_decay": w}
            for p, w in zip(parts, (self.weight_decay, 0.0), strict=True)
            if p
        ]
        return torch.optim.SGD(groups, self.learning_rate, momentum=self.momentum)


# Table 3. The weight decay is printed as "-05", read here as 1e-05; learning rates, steps and batch
# sizes are in Appendix B.
TABLE3: dict[str, Any] = {
    "momentum": 0.949,
    "weight_decay": 1e-5,
    "clip": 0.0,
    "schedule": "delta",
    "amp": True,
    "eval_every": 100,
    "patience": 1000,
}
OPTIONS = {f.name for f in fields(Solver)} - {"steps", "learning_rate", "batch"}
