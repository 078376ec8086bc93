"""The bootstrap against closed forms, and its coverage in simulations."""

import numpy as np
import pytest

from promic_nb.errors import UserError
from promic_nb.metrics.bootstrap import Draws, Interval, Resamples


def mean_interval(values, block, count=2000):
    """The interval of the mean of a value for each slice."""
    resamples = Resamples(range(len(values)), Draws(block, count))
    weights = resamples.times[:, resamples.block_of]
    return resamples.interval((weights * values).sum(1) / weights.sum(1))


def test_neighbours_are_drawn_together():
    """Whole blocks, as many as there are; the first row is the data as it is."""
    resamples = Resamples(range(23), Draws(block=5, count=50))
    assert resamples.block_of.tolist() == [0] * 5 + [1] * 5 + [2] * 5 + [3] * 5 + [4] * 3
    assert resamples.times.shape == (51, 5) and (resamples.times[0] == 1).all()
    assert (resamples.times.sum(1) == 5).all()
    assert len({tuple(times) for times in resamples.times}) > 30


def test_blocks_are_lengths_in_the_stack():
    """Every third slice: a block of 15 slice numbers has five slices."""
    resamples = Resamples(range(0, 165, 3), Draws(block=15))
    assert resamples.blocks == 11 and set(np.bincount(resamples.block_of)) == {5}
    gap = Resamples([0, 1, 40, 41], Draws(block=2))
    assert gap.block_of.tolist() == [0, 0, 1, 1]


def test_equal_settings_draw_equally():
    """Bit for bit, whatever was drawn before."""
    first, again = (Resamples(range(30), Draws(block=3, seed=4)) for _ in range(2))
    assert again.seeds(3).tolist() == first.seeds(3).tolist()
    assert np.array_equal(first.times, again.times)
    assert not np.array_equal(first.times, Resamples(range(30), Draws(block=3, seed=5)).times)


def test_the_interval_of_a_mean_has_the_width_of_its_standard_error():
    """Independent values in blocks of one: 1.96 standard errors of the mean on each side."""
    values = np.random.default_rng(2).normal(0, 1, 400)
    found = mean_interval(values, 1, 4000)
    error = values.std() / 20
    assert found.value == pytest.approx(values.mean())
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * error, rel=0.06)


def test_blocks_widen_the_interval_of_similar_neighbours():
    values = np.random.default_rng(3).normal(0, 1, 40).repeat(10)
    widths = [(i.high - i.low) for i in (mean_interval(values, block) for block in (10, 1))]
    assert widths[0] / widths[1] == pytest.approx(np.sqrt(10), rel=0.15)


def test_eleven_blocks_cover_the_mean_as_often_as_they_say():
    """The mean of 11 independent blocks, 400 times: 95 % of the intervals hold it. Plain quantiles
    at 2.5 and 97.5 % hold it in about 90 %.
    """
    rng = np.random.default_rng(5)
    held, plain = 0, 0
    for _ in range(400):
        values = rng.normal(0, 1, 11)
        found = mean_interval(values, 1, 1000)
        held += found.low <= 0 <= found.high
        drawn = Resamples(range(11), Draws(1, 1000)).times[1:] @ values / 11
        low, high = np.quantile(drawn, [0.025, 0.975])
        plain += low <= 0 <= high
    assert 0.925 <= held / 400 <= 0.985
    assert plain < held - 8


def test_the_spread_of_drawn_seeds_is_that_of_their_mean():
    """Of K values, the standard error of their mean is std (of n - 1) / sqrt(K)."""
    values = np.array([1.0, 4.0, 5.5])
    resamples = Resamples(range(40), Draws(1, 20000))
    drawn = resamples.over_seeds(np.repeat(values[:, None], 20001, axis=1))
    assert drawn[0] == pytest.approx(3.5)
    assert drawn[1:].std() == pytest.approx(values.std(ddof=1) / np.sqrt(3), rel=0.02)
    assert drawn[1:].mean() == pytest.approx(3.5, abs=0.05)


def test_one_seed_is_taken_as_it_is():
    each = np.random.default_rng(0).normal(size=(1, 11))
    assert np.array_equal(Resamples(range(9), Draws(1, 10)).over_seeds(each), each[0])


def test_there_is_no_interval_of_few_blocks_and_it_says_why():
    found = mean_interval(np.arange(35.0), 5)
    assert found.value == 17 and np.isnan(found.low) and np.isnan(found.high)
    assert found.reason == "7 blocks of slices, 8 are needed" and not found.excludes_zero
    assert mean_interval(np.arange(40.0), 5).reason == ""


def test_there_is_no_interval_of_a_statistic_that_often_has_no_value():
    resamples = Resamples(range(10), Draws(1, 100))
    values = np.arange(101.0)
    values[1:7] = np.nan
    assert resamples.interval(values).reason == "no value in 6% of the draws"
    values[1:3] = 1
    assert resamples.interval(values).reason == ""
    values[0] = np.nan
    assert resamples.interval(values).reason == "no value"


def test_an_interval_excludes_zero_on_one_side():
    assert Interval(1, 0.1, 2).excludes_zero and Interval(-1, -2, -0.1).excludes_zero
    assert not Interval(1, -0.1, 2).excludes_zero and not Interval(0, 0, 0).excludes_zero


def test_draws_that_mean_nothing_are_refused():
    with pytest.raises(UserError, match="do not rise"):
        Resamples([0, 2, 1])
    with pytest.raises(UserError, match="do not rise"):
        Resamples([])
    with pytest.raises(UserError, match="draws nothing"):
        Resamples([0, 1], Draws(block=0))
