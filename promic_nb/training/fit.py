"""The training loop: Lightning on a deterministic stream of samples.

A killed run resumes from its last checkpoint.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import pickle
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from itertools import count, islice
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from lightning.fabric.plugins.environments import LightningEnvironment
from lightning.pytorch.callbacks import (
    Callback,
    ModelCheckpoint,
    TQDMProgressBar,
)
from lightning.pytorch.loggers import CSVLogger
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch.utils.data import DataLoader, IterableDataset

from promic_nb.core.code import closure_code, defining_modules
from promic_nb.core.files import atomically
from promic_nb.training import log
from promic_nb.training.callbacks import AfterEvaluation, Best, MovingAverage, Patience
from promic_nb.training.options import Evaluation, FitOptions, Loop


class SampleStream(IterableDataset):
    """An endless stream of samples, so that a run can resume at any sample.

    Sample i is drawn with a generator seeded by (seed, i).

    Args:
        draw: makes one sample from a NumPy generator.
        seed: of the run.
    """

    def __init__(self, draw: Callable[[np.random.Generator], Any], seed: int) -> None:
        super().__init__()
        self.draw, self.seed, self.start = draw, seed, 0

    def __iter__(self) -> Iterator[Any]:
        return (self.draw(np.random.default_rng((self.seed, i))) for i in count(self.start))


class RngState(Callback):
    """Saves torch's generators in the checkpoint.

    A resumed run then draws the same numbers that the killed one would have drawn.
    """

    def __init__(self) -> None:
        self._pending: dict[str, Any] = {}

    def state_dict(self) -> dict[str, Any]:
        return {
            "torch": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._pending = state

    def on_train_start(self, *_: Any) -> None:
        if self._pending:
            torch.set_rng_state(self._pending["torch"])
            if torch.cuda.is_available() and self._pending["cuda"]:
                torch.cuda.set_rng_state_all(self._pending["cuda"])


def one_cycle(
    optimizer: torch.optim.Optimizer,
    peak: float | list[float],
    steps: int,
    warm_up: float = 0.1,
    final_div_factor: float = 1e4,
) -> OptimizerLRSchedulerConfig:
    """Lightning's optimizer entry for a one-cycle schedule.

    The learning rate rises from a tenth of `peak` during `warm_up` of the steps, then falls as a
    cosine. A list of peaks has one for each group of parameters.
    """
    if math.isclose(steps * warm_up, 1):
        warm_up *= (
            1 - 1e-6
        )  # PyTorch would divide by zero if the rise ended within the first iteration
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        peak,
        steps,
        pct_start=warm_up,
        cycle_momentum=False,
        div_factor=10,
        final_div_factor=final_div_factor,
    )
    return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def digest(module: torch.nn.Module) -> str:
    """SHA-256 of a module's state."""
    state = hashlib.sha256()
    for name, value in module.state_dict().items():
        state.update(name.encode() + value.detach().cpu().contiguous().numpy().tobytes())
    return state.hexdigest()


def _cause(
    task: lightning.LightningModule,
    stream: SampleStream,
    functions: Sequence[Callable | None] = (),
    **settings: Any,
) -> str:
    """Hash of what a training depends on: code, settings, initial weights, and its first samples.

    Code means the modules behind this one, the task and its contents, the stream's `draw` and the
    other `functions`; a change elsewhere in the package does not restart the training. A function
    that builds torch's own layers shows in the task's printed form.
    """
    used = defining_modules(
        _cause, *task.modules(), *vars(task).values(), stream.draw, *filter(None, functions)
    )
    plain = {k: v for k, v in vars(task).items() if isinstance(v, int | float | str)}
    about = {
        "task": type(task).__name__,
        "seed": stream.seed,
        "layers": re.sub(r" at 0x[0-9a-f]+", "", repr(task)),
        "code": closure_code(used),
        **plain,
        **settings,
    }
    cause = hashlib.sha256((json.dumps(about, sort_keys=True) + digest(task)).encode())
    for sample in islice(stream, 3):
        for part in sample if isinstance(sample, tuple) else (sample,):
            cause.update(part.numpy().tobytes())
    return cause.hexdigest()


def _iterations(checkpoint: Path) -> int:
    """Number of iterations in a checkpoint; 0 if there is none.

    A checkpoint truncated by a kill is removed, and training starts again.
    """
    try:
        return torch.load(checkpoint, map_location="cpu", weights_only=True)["global_step"]
    except FileNotFoundError:
        return 0
    except (pickle.UnpicklingError, EOFError, RuntimeError, KeyError):
        checkpoint.unlink()
        return 0


def fit(
    task: lightning.LightningModule,
    stream: SampleStream,
    loop: Loop,
    options: FitOptions,
    *,
    collate: Callable[[list[Any]], Any] | None = None,
    evaluation: Evaluation | None = None,
) -> lightning.LightningModule:
    """Train `task` on a stream of samples and return it.

    Resumes from a `last.ckpt` in the folder if it belongs to the same training: equal initial
    weights, settings, samples and code. Weights are reproducible for one seed, thread count and
    machine.

    Args:
        loop: iterations, batch and arithmetic.
        options: folder, progress and callbacks.
        collate: makes a batch from a list of samples; PyTorch's by default.
        evaluation: during training. It may end training early; the task is returned with its best
            weights.
    """
    lightning.seed_everything(stream.seed, verbose=False)
    folder = options.folder
    folder.mkdir(parents=True, exist_ok=True)
    last, note = folder / "last.ckpt", folder / "training.sha256"
    cause = _cause(
        task,
        stream,
        (collate, evaluation.collate if evaluation else None),
        batch=loop.batch,
        clip=loop.clip,
        precision=loop.precision,
        average=loop.average,
        **(evaluation.settings if evaluation else {}),
    )
    if not note.is_file() or note.read_text() != cause:
        last.unlink(missing_ok=True)  # from another training: other parameters, data or code
        atomically(note, lambda p: p.write_text(cause))
    done = _iterations(last)
    stream.start = done * loop.batch
    log.set_aside(folder, done)
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    trainer = lightning.Trainer(
        max_steps=loop.steps,
        accelerator="auto",
        devices=1,
        # One process, even in a SLURM job: Lightning would otherwise use its task variables.
        plugins=[LightningEnvironment()],
        precision=loop.precision,
        gradient_clip_val=loop.clip,
        callbacks=[*_callbacks(loop, options, evaluation), *options.callbacks],
        logger=CSVLogger(folder, name="", version="", flush_logs_every_n_steps=50),
        log_every_n_steps=min(50, max(1, loop.steps // 20)),
        enable_progress_bar=options.progress,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        check_val_every_n_epoch=None,
        val_check_interval=evaluation.every if evaluation else None,
    )
    with warnings.catch_warnings():
        for message in (
            ".*does not have many workers.*",
            ".*exists and is not empty.*",
            ".*have no `val_dataloader`.*",
            ".*`srun`.*",
        ):
            warnings.filterwarnings("ignore", message=message)
        trainer.fit(
            task,
            _loader(stream, loop.batch, collate),
            _loader(evaluation.samples, 1, evaluation.collate) if evaluation else None,
            ckpt_path=last if done else None,
        )
    log.join(folder)
    if evaluation:
        _take(task, folder / "best.ckpt")
    elif loop.average and done == loop.steps:
        _take(task, last)  # nothing was left to do, so the average was not put in place
    return task


def _take(task: lightning.LightningModule, checkpoint: Path) -> None:
    """Load the weights of a checkpoint: the averaged ones, where there is an average."""
    kept = torch.load(checkpoint, map_location="cpu", weights_only=True)
    task.load_state_dict(kept["state_dict"])


def _callbacks(loop: Loop, options: FitOptions, evaluation: Evaluation | None) -> list[Callback]:
    """Checkpoints, random state, early stopping and the progress bar."""
    place: dict[str, Any] = {"dirpath": options.folder, "enable_version_counter": False}
    own: list[Callback] = [RngState()]
    if evaluation:  # save after the evaluation, so a resumed run need not repeat it
        monitor = evaluation.monitor
        own.append(Best(filename="best", monitor=monitor, mode="max", **place))
        own.append(AfterEvaluation(options.folder / "last.ckpt"))
        if evaluation.patience:
            own.append(Patience(monitor, mode="max", patience=evaluation.patience))
    else:
        every = min(options.checkpoint_every, loop.steps)
        own.append(
            ModelCheckpoint(every_n_train_steps=every, save_top_k=0, save_last=True, **place)
        )
    if loop.average:
        own.append(MovingAverage(loop.average))
    if options.progress:
        own.append(TQDMProgressBar(refresh_rate=max(1, loop.steps // 50)))
    return own


def _loader(samples: Any, batch: int, collate: Callable[[list[Any]], Any] | None) -> DataLoader:
    """A loader with its own generator.

    It must not draw from the generator that sampling in the model uses.
    """
    return DataLoader(samples, batch_size=batch, collate_fn=collate, generator=torch.Generator())
