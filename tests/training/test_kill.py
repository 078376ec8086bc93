"""A training that is killed with SIGKILL and started again ends at the weights of one that was left
alone.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

TRAIN = """
import sys
from pathlib import Path
from promic_nb.datasets import open_stack
from promic_nb.datasets.boxes import boxes_from_mask
from promic_nb.models.build import build_detector
from promic_nb.models.weights import save_weights
from promic_nb.training.data import DetectorData, Slices
from promic_nb.training.detection import train_detector
from promic_nb.training.options import FitOptions
from promic_nb.training.solver import Solver

stack, folder = open_stack("phantom", sys.argv[1]), Path(sys.argv[2])
slices = {
    s: Slices(
        [stack.image(s, i) for i in stack.ids(s)],
        [boxes_from_mask(stack.mask(s, i)) for i in stack.ids(s)],
        (256, 256),
    )
    for s in ("train", "val")
}
solver = Solver(
    12, 0.02, momentum=0.949, weight_decay=1e-5, schedule="delta", delta=0.01, initial_iteration=4,
    decay_steps=3, iteration_step=2, eval_every=2, patience=int(sys.argv[3]),
    average=float(sys.argv[4]),
)
model = build_detector("small")
data = DetectorData(slices["train"], slices["val"], crop=128)
train_detector(model, data, solver, FitOptions(folder, progress=False))
save_weights(model, folder / "model.safetensors")
"""


def start(stack: Path, folder: Path, *options: float) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", TRAIN, str(stack), str(folder), *map(str, options)],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )


def checkpoint_step(folder: Path) -> int:
    """Iterations in the last checkpoint; 0 before the first, or while one is written."""
    try:
        return torch.load(folder / "last.ckpt", map_location="cpu", weights_only=True)[
            "global_step"
        ]
    except (OSError, RuntimeError, EOFError):
        return 0


@pytest.mark.slow
@pytest.mark.parametrize(("patience", "average"), [(0, 0), (4, 0), (0, 0.9)])
def test_sigkill(tmp_path, tiny_root, patience, average):
    """With Table 3's momentum, the delta schedule, evaluations, early stopping and weight
    averaging, so that all their states have to come back.
    """
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert start(tiny_root, whole, patience, average).wait() == 0
    process = start(tiny_root, cut, patience, average)
    deadline = time.monotonic() + 300
    while checkpoint_step(cut) < 4 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "the training ended before it could be killed"
    assert not (cut / "model.safetensors").exists()
    assert start(tiny_root, cut, patience, average).wait() == 0
    expected, resumed = (load_file(folder / "model.safetensors") for folder in (whole, cut))
    assert all(torch.equal(v, resumed[k]) for k, v in expected.items())
    assert checkpoint_step(cut) == checkpoint_step(whole)
