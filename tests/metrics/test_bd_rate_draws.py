"""BD-rates of many curves against scipy and against one at a time, and their intervals."""

import numpy as np
import pandas as pd
import pytest
from scipy.interpolate import PchipInterpolator

from promic_nb.metrics import bd_rate, bd_rate_table
from promic_nb.metrics.bd_rate_draws import bd_rates, pchip_areas, with_intervals
from promic_nb.metrics.bjontegaard import Limits
from promic_nb.metrics.bootstrap import Draws, Resamples


@pytest.mark.parametrize("points", [2, 3, 6])
def test_areas_are_those_of_scipy(points):
    rng = np.random.default_rng(points)
    x = np.cumsum(rng.uniform(0.2, 3, (40, points)), axis=1)
    y = rng.normal(0, 2, (40, points))
    low, high = (x[:, 0] + share * (x[:, -1] - x[:, 0]) for share in (0.1, 0.85))
    expected = [PchipInterpolator(*row).integrate(a, b)
                for *row, a, b in zip(x, y, low, high, strict=True)]  # fmt: skip
    assert pchip_areas(x, y, low, high) == pytest.approx(np.array(expected), abs=1e-10)


def test_many_are_as_one_by_one():
    rng = np.random.default_rng(0)
    rate = np.cumprod(rng.uniform(1.3, 2.5, (20, 5)), axis=1) * 0.05
    rate_test = np.cumprod(rng.uniform(1.3, 2.5, (20, 6)), axis=1) * 0.05
    quality = 28 + np.cumsum(rng.uniform(1, 4, (20, 5)), axis=1)
    quality_test = 28 + np.cumsum(rng.uniform(1, 4, (20, 6)), axis=1)
    quality_test[3, 2] = quality_test[3, 1]  # refused: quality does not rise
    many = bd_rates(rate, quality, rate_test, quality_test, Limits(overlap=0.3))
    assert np.isnan(many[3]) and np.isfinite(np.delete(many, 3)).sum() >= 15
    for n in np.flatnonzero(np.isfinite(many)):
        curves = (rate[n], quality[n], rate_test[n], quality_test[n])
        assert many[n] == pytest.approx(bd_rate(*curves, limits=Limits(overlap=0.3)).value)


def benchmark(slices, noise):
    """`half` needs about half of the rate of `whole`, `same` about the same."""
    rng = np.random.default_rng(1)
    rows = []
    for i in range(slices):
        level = rng.uniform(0.7, 1.4)  # what is difficult for all codecs
        for codec, factor in (("whole", 1.0), ("half", 0.5), ("same", 1.0)):
            own = factor * level * rng.uniform(1 - noise, 1 + noise)
            rows += [(codec, f"s{k}", i, own * 0.1 * 2**k, m, sign * (30 + 3 * k))
                     for k in range(5) for m, sign in (("psnr", 1), ("nlpd", -1))]  # fmt: skip
    return pd.DataFrame(rows, columns=["codec", "setting", "slice", "bpp", "metric", "value"])


def intervals(table, slices):
    resamples = Resamples(range(slices), Draws(block=1, count=400))
    bd = bd_rate_table(table, ["whole"])
    return with_intervals(bd, table, resamples).set_index(["codec", "metric"])


def test_the_interval_holds_the_value_and_says_what_is_clear():
    found = intervals(benchmark(12, 0.1), 12)
    assert (found.low <= found.bd_rate_percent + 1e-9).all()
    assert (found.bd_rate_percent <= found.high + 1e-9).all()
    for metric in ("psnr", "nlpd"):
        assert found.high["half", metric] < -30
        assert found.low["same", metric] < 0 < found.high["same", metric]
        assert found.low["whole", metric] == pytest.approx(0, abs=1e-9)
    assert (found.blocks == 12).all() and (found.no_interval == "").all()


def test_pairs_cancel_what_is_difficult_for_both():
    """Without noise of its own, half is half in every draw."""
    found = intervals(benchmark(12, 0.0), 12)
    assert found.low["half", "psnr"] == pytest.approx(-50, abs=1e-6)
    assert found.high["half", "psnr"] == pytest.approx(-50, abs=1e-6)


def test_few_slices_and_missing_numbers_have_no_interval():
    found = intervals(benchmark(4, 0.1), 4)
    assert found.low.isna().all() and found.no_interval.str.contains("4 blocks").all()
    bad = benchmark(12, 0.1)
    bad.loc[bad.codec == "half", "value"] = 30.0
    assert intervals(bad, 12).no_interval["half", "psnr"] == "no value"
