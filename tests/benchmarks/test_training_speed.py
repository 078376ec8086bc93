"""Processor time of an iteration of the reduced detector: pooling as a sparse matrix product beside
torchvision's `roi_align`, channels last beside channels first, bfloat16 beside float32.

    OMP_NUM_THREADS=1 pytest tests/benchmarks/test_training_speed.py -s

All variants take turns in one process, so their ratios hold on a machine with other work, too.
"""

import time
from itertools import islice

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from promic_nb.datasets.boxes import boxes_from_mask
from promic_nb.datasets.phantom import slice_and_mask
from promic_nb.models import inputs, rois
from promic_nb.models.build import build_translator, make_detector
from promic_nb.models.config import CONFIGS
from promic_nb.training.samples import collate, detection_crops
from promic_nb.training.solver import fast_bfloat16

ITERATIONS, SIZE = 20, (512, 512)


def first(parts, divisor, mode):
    """`inputs.stack` with the channels first."""
    h, w = (max(x.shape[i] for x in parts) for i in (-2, -1))
    pad = [(0, w + -w % divisor - x.shape[-1], 0, h + -h % divisor - x.shape[-2]) for x in parts]
    return torch.cat([F.pad(x[None], p, mode=mode) for x, p in zip(parts, pad, strict=True)])


def torchvisions(maps, boxes, level, size, samples):
    """`rois.pool_on_cpu` by torchvision."""
    pooled = boxes.new_zeros(len(boxes), maps[0].shape[1], size, size)
    for i, x in enumerate(maps):
        here = torch.where(level == i)[0]
        part = rois.roi_align(x, boxes[here], size, 1 / rois.STRIDES[i], samples, aligned=True)
        pooled = pooled.index_put((here,), part)
    return pooled


OLD = {(inputs, "stack"): first, (rois, "pool_on_cpu"): torchvisions}
VARIANTS = {
    "channels first, roi_align": (OLD, False),
    "channels first": ({(inputs, "stack"): first}, False),
    "as it is": ({}, False),
    **({"as it is, bfloat16": ({}, True)} if fast_bfloat16() else {}),
}


@pytest.mark.parametrize("reads", ["pixels", "latents"])
def test_processor_time_of_an_iteration(reads, monkeypatch, capsys):
    drawn = [slice_and_mask(np.random.default_rng(i), SIZE) for i in range(4)]
    read, translator = [image for image, _ in drawn], None
    if reads == "latents":
        translator = build_translator("small", 160, True)
        read = [np.random.default_rng(i).normal(size=(160, 32, 32)).astype("f4") for i in range(4)]
    boxes = [boxes_from_mask(mask) for _, mask in drawn]
    stream = detection_crops(read, boxes, SIZE, 256, 0)
    cell = 16 if translator else 1
    batches = [collate(list(islice(stream, 2)), cell=cell) for _ in range(ITERATIONS)]
    model = make_detector(CONFIGS["small"], translator=translator).train()
    optimizer = torch.optim.SGD(model.parameters(), 1e-3, momentum=0.9)
    seconds = {name: [] for name in VARIANTS}
    for batch in batches:
        for name, (replaced, half) in VARIANTS.items():
            with monkeypatch.context() as patched:
                for (module, attribute), function in replaced.items():
                    patched.setattr(module, attribute, function)
                began = time.process_time()
                with torch.autocast("cpu", torch.bfloat16, enabled=half):
                    loss = torch.stack(list(model.losses(batch).values())).sum()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                seconds[name].append(time.process_time() - began)
    medians = {name: float(np.median(values)) for name, values in seconds.items()}
    before = medians["channels first, roi_align"]
    with capsys.disabled():
        for name, value in medians.items():
            print(
                f"\n{reads}, {name}: {1e3 * value:.1f} ms, {before / value:.2f} times as fast",
                end="",
            )
        print()
    assert all(value > 0 for value in medians.values())
