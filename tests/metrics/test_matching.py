"""Matching against COCO's evaluation, by size, and the stored form."""

import numpy as np
import pytest

from promic_nb.errors import UserError
from promic_nb.metrics.detection import Detections
from promic_nb.metrics.matching import from_table, match, slices_table, to_table

NOTHING = Detections(np.zeros((0, 4)), np.zeros(0))


def boxes(*corners):
    return np.array(corners, float)


def test_the_best_overlap_wins_and_an_object_is_found_once():
    truth = boxes([0, 0, 50, 50], [60, 0, 110, 50])
    found = Detections(boxes([0, 0, 50, 45], [0, 0, 50, 50], [62, 0, 112, 50]), [0.9, 0.8, 0.7])
    here = match([truth], [Detections(found.boxes, np.array(found.scores))])
    # IoU 0.9, 1 and 48/52 = 0.923; the second comes too late wherever the first was near enough.
    assert here.found[0].sum(1).tolist() == [2] * 9 + [1]
    assert here.found[0, :, 1].tolist() == [False] * 9 + [True]
    assert (here.found[0] ^ here.false[0]).all()


def test_objects_and_boxes_of_another_size_do_not_count():
    """A small and a large object; a box on each, and a false box of medium size."""
    truth = boxes([0, 0, 30, 30], [100, 100, 250, 250])
    found = boxes([0, 0, 30, 30], [100, 100, 250, 250], [300, 300, 350, 350])
    here = match([truth], [Detections(found, np.array([0.9, 0.8, 0.7]))])
    assert here.objects[:, 0].tolist() == [2, 1, 0, 1]
    at = {"found": here.found[:, 0].astype(int), "false": here.false[:, 0].astype(int)}
    assert at["found"].tolist() == [[1, 1, 0], [1, 0, 0], [0, 0, 0], [0, 1, 0]]
    assert at["false"].tolist() == [[0, 0, 1], [0, 0, 0], [0, 0, 1], [0, 0, 0]]


def test_only_the_hundred_surest_boxes_count():
    truth = boxes([0, 0, 50, 50])
    far = boxes([200, 200, 250, 250]).repeat(100, axis=0)
    found = Detections(np.concatenate([far, truth]), np.linspace(1, 0, 101))
    here = match([truth], [found])
    assert len(here.scores) == 100 and not here.found.any()


def test_the_stored_form_keeps_everything():
    rng = np.random.default_rng(0)
    corners = rng.uniform(0, 200, (40, 2))
    truth = [
        np.concatenate([c, c + rng.uniform(20, 120, c.shape)], axis=1)
        for c in (corners[:15], corners[15:15], corners[15:])
    ]
    found = [Detections(t + rng.normal(0, 4, t.shape), rng.uniform(size=len(t))) for t in truth]
    ids = [3, 6, 12]
    before = match(truth, found)
    table = to_table(before, ids)
    assert set(table.slice) == {3, 12} and table.score.is_monotonic_decreasing
    slices = slices_table(truth, ids)
    assert slices.objects.tolist() == [15, 0, 25]
    after = from_table(table.sample(frac=1, random_state=1), slices)
    for name in ("slices", "scores", "found", "false", "objects"):
        assert np.array_equal(getattr(before, name), getattr(after, name)), name


def test_incomplete_input_is_refused():
    with pytest.raises(UserError, match="3 slices have objects and 2 have detections"):
        match([np.zeros((0, 4))] * 3, [NOTHING] * 2)
    one = Detections(boxes([0, 0, 50, 50]), np.ones(1))
    table = to_table(match([boxes([0, 0, 50, 50])], [one]), [4])
    with pytest.raises(UserError, match=r"slices that were not tested: \[4\]"):
        from_table(table, slices_table([boxes([0, 0, 50, 50])], [5]))
