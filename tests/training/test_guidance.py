"""Online GDTT: distillation beside the detector's losses."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch

from promic_nb.errors import UserError
from promic_nb.models.build import build_detector, build_translator, mirror
from promic_nb.models.inputs import Batch
from promic_nb.training.data import DetectorData, Slices
from promic_nb.training.detection import train_detector
from promic_nb.training.fit import fit
from promic_nb.training.guidance import Guidance, GuidedLosses
from promic_nb.training.options import FitOptions, Loop
from promic_nb.training.samples import collate, detection_crops
from promic_nb.training.solver import Solver
from promic_nb.training.tasks import DetectorTask

RNG = np.random.default_rng(0)
PIXELS = [
    np.kron(RNG.integers(60, 200, (8, 8)), np.ones((16, 16))).astype(np.uint8) for _ in range(3)
]
LATENTS = [
    p.reshape(8, 16, 8, 16).mean((1, 3))[None].repeat(4, 0).astype(np.float32) / 100 for p in PIXELS
]
BOXES = [np.array([[16, 16, 80, 64]], np.float32)] * 3


def student(teacher):
    return mirror(teacher, build_translator("small", 4, lrb=True))


@pytest.fixture
def teacher():
    return build_detector("small")


def batch():
    samples = iter(detection_crops(LATENTS, BOXES, (128, 128), 64, seed=0, pixels=PIXELS))
    return collate([next(samples) for _ in range(2)], 16)


def test_pixels_and_latents_show_the_same_crop():
    here = batch()
    for latent, pixels in zip(here.inputs, here.pixels, strict=True):
        assert torch.allclose(pixels.view(4, 16, 4, 16).mean((1, 3)) / 100, latent[0])


def test_the_loss_is_the_weighted_mse_of_eq_40(teacher):
    model, here = student(teacher).eval(), batch()
    model.rpn.train(), model.heads.train()  # losses are computed; norms stay as they are
    losses = GuidedLosses(model, Guidance(teacher, PIXELS, 0.25))(here)
    expected = torch.nn.functional.mse_loss(
        model.front(here.inputs), teacher.front.eval()(here.pixels)
    )
    assert torch.allclose(losses["loss_guidance"], 0.25 * expected)
    assert set(losses) == {
        "loss_objectness",
        "loss_rpn_box_reg",
        "loss_classifier",
        "loss_box_reg",
        "loss_guidance",
    }


def test_its_gradient_reaches_only_the_translator(teacher):
    model = student(teacher).train()
    GuidedLosses(model, Guidance(teacher, PIXELS, 1.0))(batch())["loss_guidance"].backward()
    assert all(p.grad is not None for p in model.front.translator.parameters())
    assert all(
        p.grad is None
        for p in [*teacher.parameters(), *model.stages.parameters(), *model.heads.parameters()]
    )


def test_the_hook_is_removed_after_the_call(teacher):
    model = student(teacher).train()
    guided = GuidedLosses(model, Guidance(teacher, PIXELS, 1.0))
    guided(batch())
    with pytest.raises(RuntimeError):
        guided(
            Batch([torch.zeros(7, 4, 4)], [(64, 64)], [torch.zeros(0, 4)], [torch.zeros(1, 64, 64)])
        )  # a latent of other channels
    assert not model.front._forward_hooks


def test_the_checkpoint_does_not_contain_the_teacher(tmp_path, teacher):
    stream = detection_crops(LATENTS, BOXES, (128, 128), 64, seed=0, pixels=PIXELS)
    task = DetectorTask(student(teacher), Solver(1, 0.01), guidance=Guidance(teacher, PIXELS, 1.0))
    fit(
        task,
        stream,
        Loop(1, 2),
        FitOptions(tmp_path, progress=False),
        collate=partial(collate, cell=16),
    )
    kept = torch.load(tmp_path / "last.ckpt", weights_only=True)["state_dict"]
    assert all(k.startswith("model.") for k in kept) and not any("front.layers" in k for k in kept)


def test_a_checkpoint_with_another_teacher_or_weight_is_not_resumed(teacher):
    """Plain attributes of a task are part of what a resumed training must have in common
    (`training.fit`).
    """
    guides = [
        None,
        *(
            Guidance(t, PIXELS, weight)
            for t in (teacher, build_detector("small", seed=1))
            for weight in (1.0, 2.0)
        ),
    ]
    assert (
        len({DetectorTask(student(teacher), Solver(1, 0.01), guidance=g).guided for g in guides})
        == 5
    )


def test_guidance_keeps_the_translator_at_its_teacher(tmp_path, teacher):
    """A heavy weight: the distance to the teacher's features falls; it is logged."""
    train_detector(
        student(teacher),
        DetectorData(Slices(LATENTS, BOXES, (128, 128)), crop=128),
        Solver(40, 0.02),
        FitOptions(tmp_path, progress=False),
        guidance=Guidance(teacher, PIXELS, 20.0),
    )
    log = pd.read_csv(tmp_path / "metrics.csv").loss_guidance.dropna()
    assert log.iloc[-1] < 0.6 * log.iloc[0]


def test_a_teacher_of_another_width_is_refused(teacher):
    with pytest.raises(UserError, match="cannot guide one with 'small'"):
        GuidedLosses(student(teacher), Guidance(build_detector("resnet50"), PIXELS, 1.0))
