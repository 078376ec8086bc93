"""Operations and times in all, from parts with known sums."""

import pandas as pd
import pytest

from promic_nb.reporting.complexity import savings, timing_in_all


def test_savings_are_relative_to_each_row():
    """In the first convention A costs 10 and HOP 8, ProMIC 4; in the second 5, 8 and 6."""
    rows = [
        ("A", "decoder", "paper", 6.0),
        ("A", "detector", "paper", 4.0),
        ("HOP", "decoder", "paper", 8.0),
        ("ProMIC", "detector", "paper", 4.0),
        ("A", "detector", "true", 5.0),
        ("HOP", "decoder", "true", 8.0),
        ("ProMIC", "detector", "true", 6.0),
    ]
    parts = pd.DataFrame(rows, columns=["model", "part", "convention", "gmac"])
    table = savings(parts, {"gmac": "paper", "gmac_true": "true"}).set_index("model")
    assert list(table.columns) == [
        "gmac",
        "gmac_true",
        "delta_percent",
        "saving_percent",
        "saving_true_percent",
    ]
    assert table.loc["A"].tolist() == pytest.approx([10, 5, 0, 60, -20])
    assert table.loc["HOP"].tolist() == pytest.approx([8, 8, -20, 50, 25])
    assert table.loc["ProMIC"].tolist() == pytest.approx([4, 6, -60, 0, 0])


def test_times_are_medians_of_the_sums_and_memory_is_the_peak():
    rows = [
        ("latent", part, repeat, seconds, peak)
        for repeat, (first, second, peak) in enumerate([(1, 2, 100), (4, 5, 300), (2, 2, 200)])
        for part, seconds in (("decode", first), ("detect", second))
    ]
    timing = pd.DataFrame(rows, columns=["way", "part", "repeat", "seconds", "peak_mb"])
    table = timing_in_all(timing)
    assert table.loc["latent"].tolist() == [4, 300]
