"""Instance masks: a mask head beside the box head of the torchvision engine."""

import numpy as np
import pytest
import torch

from promic_nb.datasets.boxes import boxes_of, instances, objects
from promic_nb.errors import UserError
from promic_nb.metrics.masks import paste
from promic_nb.models.build import (
    build_detector,
    build_translator,
    make_detector,
    mirror,
    with_masks,
)
from promic_nb.models.config import CONFIGS
from promic_nb.models.inputs import Batch
from promic_nb.models.load import load_detector
from promic_nb.models.weights import save_weights
from promic_nb.training.samples import collate, detection_crops


def test_boxes_stay_as_they_are_and_each_has_a_mask():
    plain = build_detector("small").eval()
    masked = with_masks(plain).eval()
    batch = Batch(
        torch.rand(1, 1, 100, 75, generator=torch.Generator().manual_seed(0)) * 255, [(100, 75)], []
    )
    a, b = plain.predict(batch)[0], masked.predict(batch)[0]
    assert a.masks is None and np.array_equal(a.boxes, b.boxes) and len(a.boxes)
    assert b.masks.shape == (len(b.boxes), 28, 28) and ((b.masks >= 0) & (b.masks <= 1)).all()
    assert sum(1 for _ in paste(b, (100, 75))) == len(b.boxes)


def test_resnets_head_is_mask_rcnns():
    """Four 3x3 convolutions of 256, a transposed 2x2 one, 28x28 logits of two classes."""
    head = make_detector(build_detector("resnet50").config, "torchvision").heads
    assert head.mask_head is None
    shapes = {
        k: tuple(v.shape)
        for k, v in with_masks(build_detector("resnet50")).state_dict().items()
        if "mask" in k and k.endswith("weight")
    }
    assert [s for k, s in shapes.items() if "mask_head" in k] == [(256, 256, 3, 3)] * 4
    assert [s for k, s in shapes.items() if "predictor" in k] == [(256, 256, 2, 2), (2, 256, 1, 1)]


def test_they_are_saved_and_mirrored(tmp_path):
    masked = with_masks(build_detector("small"))
    save_weights(masked, tmp_path / "m.safetensors")
    assert load_detector(tmp_path / "m.safetensors").config.masks
    student = mirror(masked, build_translator("small", 8, lrb=True)).state_dict()
    assert all(torch.equal(v, student[k]) for k, v in masked.state_dict().items() if "mask" in k)


def test_the_detectron2_engine_refuses():
    detector = build_detector("small")
    detector.engine = "detectron2"
    with pytest.raises(UserError, match="the detectron2 engine predicts no masks"):
        with_masks(detector)
    assert not CONFIGS["small"].masks


def test_box_k_is_object_k_plus_1(tiny):
    mask = tiny.mask("train", tiny.ids("train")[0])
    found = objects(mask)
    boxes, labels = found.boxes, found.labels
    assert np.array_equal(boxes, boxes_of(instances(mask)[0])) and labels.dtype == np.int16
    for k, (x0, y0, x1, y1) in enumerate(boxes.astype(int), 1):
        rows, columns = np.nonzero(labels == k)
        assert (rows.min(), columns.min(), rows.max() + 1, columns.max() + 1) == (y0, x0, y1, x1)


def test_masks_follow_their_boxes_through_crops_and_flips():
    """Each object is a full rectangle: its mask in a crop fills its box in the crop."""
    labels = np.zeros((128, 128), np.int16)
    for k, (x0, y0, x1, y1) in enumerate([(70, 40, 100, 60), (5, 5, 45, 30), (10, 80, 60, 120)], 1):
        labels[y0:y1, x0:x1] = k
    seen = 0
    for _, sample in zip(
        range(20),
        detection_crops(
            [labels.astype(np.uint8)], [boxes_of(labels)], (128, 128), 64, 0, labels=[labels]
        ),
        strict=False,
    ):
        assert sample.masks.dtype == torch.bool and sample.masks.shape == (
            len(sample.boxes),
            64,
            64,
        )
        for mask, (x0, y0, x1, y1) in zip(sample.masks, sample.boxes.int().tolist(), strict=True):
            seen += 1
            assert mask[y0:y1, x0:x1].all() and mask.sum() == (x1 - x0) * (y1 - y0)
    assert seen > 10


def test_the_mask_head_learns_a_triangle():
    """From knowing nothing, log 2, to well below it."""
    labels = np.tril(np.ones((64, 64), np.int16))
    labels[:, 48:] = 0
    stream = iter(
        detection_crops(
            [(200 * labels).astype(np.uint8)],
            [boxes_of(labels)],
            (64, 64),
            64,
            seed=0,
            labels=[labels],
        )
    )
    model = with_masks(build_detector("small")).train()
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    losses = []
    for _ in range(40):
        loss = model.losses(collate([next(stream)], 1))
        optimizer.zero_grad()
        sum(loss.values()).backward()
        optimizer.step()
        losses.append(loss["loss_mask"].item())
    assert losses[0] == pytest.approx(np.log(2), rel=0.02)
    assert np.mean(losses[-5:]) < 0.5
