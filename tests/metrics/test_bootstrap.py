"""The bootstrap against COCO's evaluation of copied slices, and against closed forms."""

import numpy as np
import pytest

from promic_nb.errors import UserError
from promic_nb.metrics import bootstrap
from promic_nb.metrics.bootstrap import Curve, Draws, Matches, match, weighted_ap
from promic_nb.metrics.detection import Detections, average_precision

QUICK = Draws(block=5, count=200)


def stack(slices, rng, hit=0.7):
    """Objects on a grid, most of them found with some shift, and false boxes beside them."""
    truth, found = [], []
    for _ in range(slices):
        corners = rng.permutation(16)[: rng.integers(1, 9)]
        objects = np.array([[100 * (c % 4), 100 * (c // 4)] * 2 for c in corners], float)
        objects[:, 2:] += rng.uniform(30, 60, (len(objects), 2))
        seen = rng.uniform(size=len(objects)) < hit
        boxes = objects[seen] + rng.normal(0, 3, (seen.sum(), 4))
        false = np.array([[60.0, 70.0, 90.0, 95.0]]).repeat(rng.integers(0, 3), axis=0)
        boxes = np.concatenate([boxes, false])
        truth.append(objects)
        found.append(Detections(boxes, rng.uniform(size=len(boxes))))
    return truth, found


@pytest.mark.parametrize("form", ["coco101", "voc11"])
@pytest.mark.parametrize("metric", ["AP", "AP50", "AP75"])
def test_without_a_draw_it_is_coco(metric, form):
    truth, found = stack(30, np.random.default_rng(0))
    expected = average_precision(truth, found, form=form)[metric]
    ours = weighted_ap(match(truth, found), np.ones(30, int), metric, form)
    assert ours == pytest.approx(expected, abs=1e-12) and 0.1 < ours < 0.95


def test_a_slice_drawn_three_times_counts_as_three():
    truth, found = stack(12, np.random.default_rng(1))
    times = np.array([0, 1, 3, 0, 1, 2, 1, 1, 0, 4, 1, 0])
    copies = np.repeat(np.arange(12), times)
    for metric in ("AP", "AP50", "AP75"):
        expected = average_precision([truth[i] for i in copies], [found[i] for i in copies])[metric]
        ours = weighted_ap(match(truth, found), times, metric)
        assert ours == pytest.approx(expected, abs=1e-12)


def test_without_objects_there_is_no_ap():
    nothing = Matches(np.zeros(0, int), np.zeros((10, 0), bool), np.array([0, 2]))
    assert np.isnan(weighted_ap(nothing, np.array([5, 0])))
    assert weighted_ap(nothing, np.array([0, 1])) == 0


def test_neighbours_are_drawn_together():
    """A statistic that sees the draws: whole blocks, as many as there are."""
    seen = []

    def statistic(times, drawn):
        seen.append((times.copy(), drawn.copy()))
        return 0.0

    bootstrap.paired_bootstrap(statistic, 23, 3, Draws(block=5, count=50))
    for times, drawn in seen:
        blocks = [set(times[i : i + 5]) for i in range(0, 23, 5)]
        assert all(len(b) == 1 for b in blocks)  # equal within a block, the short last one, too
        assert sum(b.pop() for b in blocks) == 5
        assert len(drawn) == 3 and set(drawn) <= {0, 1, 2}
    assert len({tuple(times) for times, _ in seen}) > 30


def test_the_interval_of_a_mean_has_the_width_of_its_standard_error():
    """Independent values in blocks of one: 1.96 standard errors of the mean on each side."""
    values = np.random.default_rng(2).normal(0, 1, 400)
    found = bootstrap.paired_bootstrap(
        lambda times, _: float((values * times).sum() / times.sum()), 400, 1, Draws(1, 4000)
    )
    error = values.std() / 20
    assert found.value == pytest.approx(values.mean())
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * error, rel=0.06)


def test_blocks_widen_the_interval_of_similar_neighbours():
    values = np.random.default_rng(3).normal(0, 1, 40).repeat(10)

    def width(block):
        found = bootstrap.paired_bootstrap(
            lambda times, _: float((values * times).sum() / times.sum()), 400, 1, Draws(block, 1000)
        )
        return found.high - found.low

    assert width(10) / width(1) == pytest.approx(np.sqrt(10), rel=0.15)


def test_a_model_against_itself():
    own = [match(*stack(20, np.random.default_rng(4)))]
    found = bootstrap.ap_difference(own, own, draws=QUICK)
    assert (found.value, found.low, found.high) == (0, 0, 0) and not found.excludes_zero


def better_and_worse(seeds=2):
    """Two models on the same objects; the second misses half of what the first finds."""
    pairs = []
    for seed in range(seeds):
        truth, found = stack(40, np.random.default_rng(9), hit=1.0)
        rng = np.random.default_rng(seed)
        worse = []
        for d in found:
            keep = rng.uniform(size=len(d.boxes)) < 0.5
            worse.append(Detections(d.boxes[keep], d.scores[keep]))
        pairs.append((match(truth, found), match(truth, worse)))
    return [list(side) for side in zip(*pairs, strict=True)]


def test_a_clear_difference_excludes_zero():
    better, worse = better_and_worse()
    found = bootstrap.ap_difference(better, worse, draws=QUICK)
    assert found.low > 10 and found.excludes_zero and found.low < found.value < found.high
    turned = bootstrap.ap_difference(worse, better, draws=QUICK)
    assert (turned.value, turned.low) == pytest.approx((-found.value, -found.high))


def test_bd_ap_of_curves_with_a_constant_offset():
    """The same matches at all rates: BD-AP is the difference of AP, and so is its interval."""
    better, worse = better_and_worse()
    curves = [Curve([0.1, 0.2, 0.4], [side] * 3) for side in (better, worse)]
    found = bootstrap.bd_ap_difference(*curves, draws=QUICK)
    plain = bootstrap.ap_difference(better, worse, draws=QUICK)
    assert (found.value, found.low, found.high) == pytest.approx(
        (plain.value, plain.low, plain.high)
    )


def test_incomparable_results_are_refused():
    better, worse = better_and_worse()
    with pytest.raises(UserError, match="2 training seeds and the other 1"):
        bootstrap.ap_difference(better, worse[:1])
    other = [match(*stack(40, np.random.default_rng(5)))] * 2
    with pytest.raises(UserError, match="other slices"):
        bootstrap.ap_difference(better, other)
    with pytest.raises(UserError, match="40 slices are 1 block of 50"):
        bootstrap.ap_difference(better, worse, draws=Draws(block=50))
    with pytest.raises(UserError, match="3 slices have objects and 2 have detections"):
        match([np.zeros((0, 4))] * 3, [Detections(np.zeros((0, 4)), np.zeros(0))] * 2)
