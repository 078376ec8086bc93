import numpy as np
import pandas as pd
import pytest

from promic_nb.metrics import bd_rate_table, mean_curves

RATES = np.array([0.1, 0.2, 0.4, 0.8, 1.6])


def table() -> pd.DataFrame:
    """Two slices; `half` needs half of `whole`'s rate for equal quality in both directions of
    quality, `short` has two points.
    """
    rows = []
    for codec, factor, points in (("whole", 1, 5), ("half", 0.5, 5), ("short", 1, 2)):
        for metric, sign in (("psnr", 1), ("nlpd", -1)):
            for i, rate in enumerate(RATES[:points]):
                rows += [
                    (codec, f"s{i}", factor * rate * (1 + d), metric, sign * (30 + 3 * i + d))
                    for d in (-0.1, 0.1)
                ]
    return pd.DataFrame(rows, columns=["codec", "setting", "bpp", "metric", "value"])


def test_half_the_rate_is_minus_fifty_percent_and_the_reverse_plus_hundred():
    bd = (
        bd_rate_table(table(), ["whole", "half"])
        .set_index(["reference", "codec", "metric"])
        .bd_rate_percent
    )
    for metric in ("psnr", "nlpd"):
        assert bd["whole", "half", metric] == pytest.approx(-50, abs=1e-6)
        assert bd["half", "whole", metric] == pytest.approx(100, abs=1e-6)
        assert bd["whole", "whole", metric] == pytest.approx(0, abs=1e-9)


def test_a_missing_number_has_its_reason():
    bd = bd_rate_table(table(), ["whole", "none"]).set_index(["reference", "codec", "metric"])
    assert "2 points" in bd.reason["whole", "short", "psnr"]
    assert "0 points" in bd.reason["none", "half", "psnr"]
    assert (bd.bd_rate_percent.isna() == (bd.reason != "")).all()


def test_a_slice_without_a_value_counts_in_neither_mean():
    some = table().query("codec == 'whole' and metric == 'psnr' and setting == 's0'").copy()
    some.loc[some.index[0], "value"] = np.nan
    (row,) = mean_curves(some).itertuples()
    assert (row.bpp, row.value) == pytest.approx((0.11, 30.1))


@pytest.mark.parametrize(("noise", "spans"), [(31.0, True), (38.5, True), (41.9, False)])
def test_a_delta_above_the_noise_is_marked(noise, spans):
    """The curves share 30 to 42 dB; the reference's points are at 30, 33, 36, 39 and 42."""
    bd = bd_rate_table(table()[table().bpp < 1.5], ["whole"], noise_psnr_db=noise)
    marks = bd.set_index(["codec", "metric"]).spans_floor
    assert marks["half", "psnr"] == spans and marks["half", "nlpd"] == spans
    assert not marks["short", "psnr"]  # no number, no mark
    assert not bd_rate_table(table(), ["whole"]).spans_floor.any()
