"""AP in draws against COCO's evaluation of copied slices."""

import numpy as np
import pytest

from promic_nb.errors import UserError
from promic_nb.metrics.ap_draws import ApDraws
from promic_nb.metrics.bootstrap import Draws, Resamples
from promic_nb.metrics.detection import Detections, ap_family
from promic_nb.metrics.matching import match


def stack(slices, rng, hit=0.7):
    """Objects of all sizes on a grid, most of them found with some shift, and false boxes."""
    truth, found = [], []
    for _ in range(slices):
        corners = rng.permutation(16)[: rng.integers(1, 9)]
        objects = np.array([[160 * (c % 4), 160 * (c // 4)] * 2 for c in corners], float)
        objects[:, 2:] += rng.uniform(15, 130, (len(objects), 2))
        seen = rng.uniform(size=len(objects)) < hit
        boxes = objects[seen] + rng.normal(0, 3, (seen.sum(), 4))
        false = np.array([[60.0, 70.0, 90.0, 95.0]]).repeat(rng.integers(0, 3), axis=0)
        boxes = np.concatenate([boxes, false])
        truth.append(objects)
        found.append(Detections(boxes, rng.uniform(size=len(boxes))))
    return truth, found


def drawn(truth, found, draws):
    here = match(truth, found)
    return ApDraws(Resamples(range(len(truth)), draws), here.objects).of(here)


def test_without_a_draw_it_is_coco():
    truth, found = stack(30, np.random.default_rng(0))
    ours = drawn(truth, found, Draws(block=5, count=1))
    expected = ap_family(truth, found)
    assert set(ours) == set(expected) and 0.1 < expected["AP"] < expected["AP50"] < 0.95
    for metric, value in expected.items():
        assert ours[metric][0] == pytest.approx(value, abs=1e-12), metric


def test_a_slice_drawn_three_times_counts_as_three():
    truth, found = stack(12, np.random.default_rng(1))
    resamples = Resamples(range(12), Draws(block=2, count=20))
    ours = drawn(truth, found, Draws(block=2, count=20))
    assert resamples.times.max() >= 3
    for row, times in enumerate(resamples.times[:, resamples.block_of]):
        copies = np.repeat(np.arange(12), times)
        expected = ap_family([truth[i] for i in copies], [found[i] for i in copies])
        for metric, value in expected.items():
            assert ours[metric][row] == pytest.approx(value, abs=1e-12, nan_ok=True), (row, metric)


def test_recall_on_a_recall_point_is_reached_as_in_coco():
    """Numbers of objects whose recall meets recall points that floating point makes uneven."""
    box = np.array([[0.0, 0.0, 50.0, 50.0]])
    for count in (10, 20, 25, 50, 100):
        found = [Detections(box, np.array([1 - i / 200])) for i in range(count)]
        for i in range(0, count, 3):  # every third is a miss, so that precision falls
            found[i] = Detections(box + 100, found[i].scores)
        expected = ap_family([box] * count, found)
        ours = drawn([box] * count, found, Draws(block=1, count=1))
        for metric, value in expected.items():
            assert ours[metric][0] == pytest.approx(value, abs=1e-12, nan_ok=True), (count, metric)


def test_without_objects_there_is_no_ap():
    box = np.array([[0.0, 0.0, 50.0, 50.0]])
    nothing = Detections(np.zeros((0, 4)), np.zeros(0))
    ap = drawn([box, box[:0]], [nothing, nothing], Draws(block=1, count=60))
    without = np.isnan(ap["AP50"])
    assert 5 < without.sum() < 30 and (ap["AP50"][~without] == 0).all()
    assert np.isnan(ap["APl"]).all() and np.isnan(ap["APl (voc11)"]).all()


def test_a_model_on_other_slices_is_refused():
    one, other = (match(*stack(8, np.random.default_rng(seed))) for seed in (0, 1))
    with pytest.raises(UserError, match="other slices"):
        ApDraws(Resamples(range(8)), one.objects).of(other)
