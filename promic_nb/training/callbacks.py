"""Callbacks for a training that evaluates, and may be killed at any time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning
from lightning.pytorch.callbacks import (
    Checkpoint,
    EarlyStopping,
    ModelCheckpoint,
    WeightAveraging,
)
from torch import Tensor


class Best(ModelCheckpoint):
    """The weights of the best evaluation, in `best.ckpt`.

    Lightning forgets which evaluation was the best where the folder has moved since; the next one
    would then replace it, better or not.
    """

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        if state_dict["best_model_path"]:
            here = str(Path(str(self.dirpath)) / Path(state_dict["best_model_path"]).name)
            state_dict = {
                **state_dict,
                "dirpath": self.dirpath,
                "best_model_path": here,
                "kth_best_model_path": here,
                "best_k_models": {here: state_dict["best_model_score"]},
            }
        super().load_state_dict(state_dict)


class AfterEvaluation(Checkpoint):
    """The state of the training after each evaluation.

    With `ModelCheckpoint(save_last=True)` there is none after an evaluation that is no better than
    the best: a killed training would go back as far as its best weights.

    Args:
        path: of the checkpoint.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def on_validation_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        trainer.save_checkpoint(self.path)


class MovingAverage(WeightAveraging):
    """An exponential moving average of weights and buffers.

    Lightning's `EMAWeightAveraging` averages buffers of whole numbers, too, and rounds them down: a
    translator of some channels then reads others (`ChannelSelection`).

    Args:
        decay: share of the average that stays in each iteration.
    """

    def __init__(self, decay: float) -> None:
        def moved(average: Tensor, now: Tensor, _: Tensor | int) -> Tensor:
            return decay * average + (1 - decay) * now if now.is_floating_point() else now

        super().__init__(avg_fn=moved)


class Patience(EarlyStopping):
    """Early stopping that does not go on with a training that it has ended before."""

    def on_train_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        if self.wait_count >= self.patience:
            trainer.should_stop = True
