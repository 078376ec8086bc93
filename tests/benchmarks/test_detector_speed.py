"""Iterations per second of our training loop beside Detectron2's own, on the same machine, slices
and model; and the share of data loading.

    OMP_NUM_THREADS=2 pytest tests/benchmarks/test_detector_speed.py -s

Needs Detectron2 (docs/detectors.md). PROMIC_BENCH_STEPS says how many iterations are timed (8).
"""

import os
import time
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch

from promic_nb.datasets.boxes import boxes_from_mask
from promic_nb.datasets.phantom import slice_and_mask
from promic_nb.models.build import make_detector
from promic_nb.models.config import CONFIGS, STYLES
from promic_nb.training.data import DetectorData, Slices
from promic_nb.training.detection import train_detector
from promic_nb.training.options import FitOptions
from promic_nb.training.samples import collate, detection_crops
from promic_nb.training.solver import Solver

STEPS = int(os.environ.get("PROMIC_BENCH_STEPS", 8))
BATCH, CROP, SIZE = 2, 256, (512, 512)


@pytest.fixture(scope="module")
def slices():
    drawn = [slice_and_mask(np.random.default_rng(i), SIZE) for i in range(4)]
    return [image for image, _ in drawn], [boxes_from_mask(mask) for _, mask in drawn]


def config():
    return replace(CONFIGS["resnet50"], **STYLES["scratch"])


def clocks() -> np.ndarray:
    """Wall and processor time; on a machine with other work, only the second says something."""
    return np.array([time.perf_counter(), time.process_time()])


def ours(slices, folder, engine: str) -> np.ndarray:
    """Seconds an iteration of `train_detector`: the difference of a long and a short training, so
    that neither counts the start.
    """
    seconds = []
    for steps in (2, 2 + STEPS):
        model = make_detector(config(), engine)
        start = clocks()
        train_detector(
            model,
            DetectorData(Slices(*slices, SIZE), crop=CROP),
            Solver(steps, 1e-4, BATCH),
            FitOptions(folder / f"{engine}{steps}", progress=False),
        )
        seconds.append(clocks() - start)
    return (seconds[1] - seconds[0]) / STEPS


def detectron2s(slices) -> np.ndarray:
    """Seconds an iteration of its SimpleTrainer on its own model and loader of the same crops."""
    from detectron2.engine import SimpleTrainer
    from detectron2.modeling import build_model
    from detectron2.structures import Boxes, Instances

    from promic_nb.models.detectron2_engine import native_config

    def batches():
        samples = iter(detection_crops(*slices, SIZE, CROP, seed=0))
        while True:
            batch = []
            for image, boxes in islice(samples, BATCH):
                classes = torch.zeros(len(boxes), dtype=torch.int64)
                batch.append(
                    {
                        "image": image.expand(3, -1, -1),
                        "instances": Instances(
                            (CROP, CROP), gt_boxes=Boxes(boxes), gt_classes=classes
                        ),
                    }
                )
            yield batch

    cfg = native_config(config())
    cfg.MODEL.META_ARCHITECTURE, cfg.MODEL.DEVICE = (
        "GeneralizedRCNN",
        "cuda" if torch.cuda.is_available() else "cpu",
    )
    model = build_model(cfg).train()
    trainer = SimpleTrainer(
        model, batches(), torch.optim.SGD(model.parameters(), 1e-4, momentum=0.9)
    )
    trainer.train(0, 2)
    start = clocks()
    trainer.train(2, 2 + STEPS)
    return (clocks() - start) / STEPS


def test_iterations_a_second(slices, tmp_path, capsys):
    pytest.importorskip("detectron2", reason="Detectron2 is not installed (docs/detectors.md)")
    seconds = {"Detectron2's SimpleTrainer": detectron2s(slices)}
    seconds |= {
        f"ours, engine {engine}": ours(slices, tmp_path, engine)
        for engine in ("detectron2", "torchvision")
    }
    reference = seconds["Detectron2's SimpleTrainer"]
    with capsys.disabled():
        for name, s in seconds.items():
            wall, processor = reference / s
            print(
                f"\n{name}: {1 / s[0]:.3f} iterations/s, {wall:.2f} of Detectron2's; "
                f"by processor time {1 / s[1]:.3f}, {processor:.2f}",
                end="",
            )
        print()
    assert all((s > 0).all() for s in seconds.values())


def test_share_of_data_loading(slices, capsys):
    """Time to draw and collate a batch over the time of an iteration."""
    stream = iter(detection_crops(*slices, SIZE, CROP, seed=0))
    model = make_detector(config()).train()
    loading, training = [], []
    for _ in range(4):
        start = time.perf_counter()
        batch = collate(list(islice(stream, BATCH)), cell=1)
        loading.append(time.perf_counter() - start)
        start = time.perf_counter()
        sum(model.losses(batch).values()).backward()
        training.append(time.perf_counter() - start)
    share = sum(loading[1:]) / sum(loading[1:] + training[1:])
    with capsys.disabled():
        print(
            f"\nloading a batch: {1e3 * np.median(loading[1:]):.2f} ms, "
            f"{100 * share:.2f} % of an iteration"
        )
    assert share < 0.05
