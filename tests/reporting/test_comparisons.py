import numpy as np
import pandas as pd
import pytest

from promic_nb.reporting.comparisons import alone_against_full, falls_at_highest_rate


def test_a_fall_is_between_the_two_highest_rates_in_bpp_whatever_their_order():
    rows = [
        ("C", "r3", 2.52, "AP75", 0.30),
        ("C", "r1", 0.35, "AP75", 0.80),
        ("C", "r2", 1.61, "AP75", 0.40),
        ("G", "r2", 1.61, "AP75", 0.50),
        ("G", "r3", 2.52, "AP75", 0.51),
        ("original", "pixels", np.nan, "AP75", 0.9),
    ]
    table = falls_at_highest_rate(
        pd.DataFrame(rows, columns=["recipe", "rate", "bpp", "metric", "mean"])
    ).set_index("recipe")
    assert list(table.index) == ["C", "G"]
    assert table.fall_pp.to_list() == pytest.approx([10, -1])
    assert (table.rate["C"], table.rate_before["C"], table.bpp_before["C"]) == ("r3", "r2", 1.61)


def test_of_one_rate_there_is_no_fall():
    rows = [("A", "low", 0.16, "AP", 0.5)]
    table = falls_at_highest_rate(
        pd.DataFrame(rows, columns=["recipe", "rate", "bpp", "metric", "mean"])
    )
    assert table.empty and "fall_pp" in table


def ap(*values):
    rows = [("low", 0.16, 0, metric, value) for metric, value in zip("ab", values, strict=True)]
    return pd.DataFrame(rows, columns=["rate", "bpp", "seed", "metric", "value"])


def test_a_gain_is_in_percent_of_the_fully_trained_model():
    table = alone_against_full(ap(0.6, 0.3), ap(0.5, 0.0)).set_index("metric")
    assert table.gain_percent["a"] == pytest.approx(20)
    assert np.isnan(table.gain_percent["b"])
    assert table.alone.to_list() == [0.6, 0.3]
