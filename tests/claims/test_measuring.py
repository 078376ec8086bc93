"""Numbers from made-up tables whose answers are plain to see."""

import numpy as np
import pandas as pd
import pytest

from promic_nb.claims.loading import read_claims
from promic_nb.claims.measuring import Tables, measure

RATES = {"low": 0.1, "middle": 0.4, "high": 1.6}
AP = {"A": (70, 80, 85), "B": (60, 76, 86), "F": (75, 79, 82)}


@pytest.fixture
def tables(tmp_path):
    rows = [
        (recipe, rate, bpp, "AP", value / 100)
        for recipe, values in AP.items()
        for (rate, bpp), value in zip(RATES.items(), values, strict=True)
    ]
    pd.DataFrame(rows, columns=["recipe", "rate", "bpp", "metric", "mean"]).to_parquet(
        tmp_path / "ap.parquet"
    )
    for codec, factor in (("vvc", 1.0), ("ours", 1.1)):
        pd.DataFrame(
            [
                (codec, s, bpp + shift, "vmaf", factor * (50 + 10 * np.log2(bpp / 0.1)))
                for s, bpp in (("q1", 0.1), ("q2", 0.4))
                for shift in (-0.01, 0.01)
            ],
            columns=["codec", "setting", "bpp", "metric", "value"],
        ).to_parquet(tmp_path / f"benchmark_{codec}.parquet")
    return Tables(tmp_path)


def value(
    tables, source, more="published: '1'\n      nothing: [0]\n      tolerance: {absolute: 0.1}"
):
    text = f"""
- common: {{document: '000', location: Table 5}}
  claims:
    - id: one
      what: A number
      {more}
      source: {source}
"""
    return measure(read_claims({"x": text})[0], tables)


BASE = "table: ap, column: mean, scale: 100, where: {recipe: F, metric: AP}"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{table: ap, column: mean, where: {recipe: A, rate: low}}", 0.70),
        ("{table: ap, column: mean, where: {recipe: A}}", None),  # three cells, none named
        ("{table: ap, column: mean, over: mean, where: {recipe: A, rate: [low, high]}}", 0.775),
        ("{table: ap, column: mean, over: mean, where: {recipe: A, rate: [low, top]}}", None),
        ("{table: ap, column: mean, where: {recipe: Z}}", None),
        ("{table: ap, column: median, where: {recipe: A}}", None),
        ("{table: ap, column: mean, where: {recipe: A, stop: early}}", None),
        ("{table: none, column: mean}", None),
        (f"{{{BASE}, at: 0.35}}", 79),  # the nearest rate
        (f"{{{BASE}, at: 0.04}}", None),  # too far from any
        (f"{{{BASE}, at: highest}}", 82),
        (f"{{{BASE}, at: lowest, against: {{where: {{recipe: B}}, reduced: true}}}}", 15),
        (f"{{{BASE}, at: 1.6, against: {{at: 0.1}}}}", 7),
        (f"{{{BASE}, over: min, against: {{where: {{recipe: B}}}}}}", -4),  # rate by rate
        (f"{{{BASE}, over: range}}", 7),
        (f"{{{BASE}, over: std}}", np.std([75, 79, 82], ddof=1)),
        (
            f"{{{BASE}, over: range,"
            " against: {how: ratio, where: {recipe: B}, reduced: true}}",
            7 / 26,
        ),
        (f"{{{BASE}, at: 0.2, between: true}}", 77),  # halfway in log(bpp)
        (f"{{{BASE}, at: 2.0, between: true}}", None),  # beyond the curve
        (
            "{table: benchmark_ours, column: value, by: setting, at: 0.2, between: true,"
            " where: {metric: vmaf}, against: {how: percent, table: benchmark_vvc}}",
            10,
        ),
        (
            "{table: benchmark_vvc, column: value, by: setting, at: lowest, where: {metric: vmaf}}",
            50,
        ),
    ],
)
def test_values(tables, source, expected):
    found = value(tables, source).value
    assert found is None if expected is None else found == pytest.approx(expected)


def test_a_reading_knows_its_rate(tables):
    assert value(tables, f"{{{BASE}, at: 0.35}}").bpp == 0.4


def test_the_null_model_can_be_in_the_same_row(tmp_path):
    pd.DataFrame({"quality": [50], "jpeg": [0.9], "restored": [0.95]}).to_parquet(
        tmp_path / "t.parquet"
    )
    found = value(
        Tables(tmp_path),
        "{table: t, column: restored, where: {quality: 50}}",
        "published: '0.96'\n      nothing: jpeg\n      tolerance: {absolute: 0.1, gap: 0.5}",
    )
    assert (found.value, found.nulls) == (0.95, (0.9,))


@pytest.mark.parametrize(("recipe", "rho"), [("A", 1), ("F", 1)])
def test_trends_are_rank_correlations(tables, recipe, rho):
    source = f"{{table: ap, column: mean, over: mean, where: {{recipe: {recipe}}}}}"
    assert value(tables, source, "kind: trend\n      trend: rises").value == pytest.approx(rho)


def test_orders_are_the_least_step_down(tables):
    more = (
        "kind: order\n      labels: [A, F, B]\n      cells: [{where: {recipe: A}},"
        " {where: {recipe: F}}, {where: {recipe: B}}]"
    )
    source = "{table: ap, column: mean, scale: 100, where: {rate: middle}}"
    assert value(tables, source, more).value == pytest.approx(1)  # 80, 79, 76


def test_values_of_the_same_column_are_told_apart(tmp_path):
    pd.DataFrame(
        {"trained": ["low", "low"], "tested": ["low", "high"], "found": [10.0, 1.0]}
    ).to_parquet(tmp_path / "cross.parquet")
    source = "{table: cross, column: found, over: mean, where: {tested: '%strained'}}"
    for sign, expected in (("=", 10), ("!", 1)):
        assert value(Tables(tmp_path), source % sign).value == expected
