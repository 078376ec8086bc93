"""Signs and orders with the intervals of their differences: nothing is claimed of a zero."""

import pandas as pd
import pytest

from promic_nb.claims import judge
from promic_nb.claims.bounds import Bounds, bounds
from promic_nb.claims.loading import load_claims
from promic_nb.claims.measuring import Reading, Tables
from promic_nb.claims.requires import Condition

CLAIMS = {c.id: c for c in load_claims()}
MET = [Condition(name="rates", required=5, run=5, met=True)]
UNMET = [Condition(name="rates", required=5, run=3, met=False)]


@pytest.fixture
def tables(tmp_path):
    """BD-AP50 of the pairs of neighbours in the published order, and F against B at two rates."""
    columns = ["model", "against", "metric", "domain", "bd_pp", "low", "high"]
    rows = [
        ("ProMIC", "E", 0.7, 0.2, 1.3),
        ("H", "E", -3.6, -5.0, -2.0),
        ("H", "D", 2.7, 0.5, 5.0),
        ("G", "D", 0.9, -1.0, 3.0),
        ("G", "C", 22.6, 15.0, 30.0),
        ("F", "C", 23.3, 16.0, 30.0),
        ("F", "B", 22.1, 17.0, 28.0),
        ("D", "C", 21.7, 14.0, 29.0),
        ("ProMIC", "A", -3.2, -4.4, -2.1),
    ]
    pd.DataFrame(
        [(a, b, m, "linear", *values) for a, b, *values in rows for m in ("AP50", "AP")],
        columns=columns,
    ).to_parquet(tmp_path / "bd_ap_differences.parquet")
    pd.DataFrame(
        [
            ("F", "B", "low", 0.16, "AP50", 18.0, 12.0, 25.0),
            ("F", "B", "high", 0.76, "AP50", 1.0, -0.5, 2.5),
            ("F", "B", "low", 0.16, "AP75", 9.0, 4.0, 11.0),
            ("F", "B", "high", 0.76, "AP75", 8.0, 3.0, 12.0),
            ("ProMIC", "H", "low", 0.1, "AP50", 1.0, -1.0, 2.0),
        ],
        columns=["model", "against", "rate", "bpp", "metric", "difference_pp", "low", "high"],
    ).to_parquet(tmp_path / "ap_differences.parquet")
    return Tables(tmp_path)


def test_a_difference_to_the_reference_has_its_own_interval(tables):
    assert bounds(CLAIMS["000-s43-surpasses-ap"], tables) == Bounds(-4.4, -2.1)


def test_a_difference_at_a_rate_has_that_of_the_pair(tables):
    assert bounds(CLAIMS["000-s4313-lowest-ap50"], tables) == Bounds(-1.0, 2.0)


def test_the_least_of_all_rates_has_the_least_ends(tables):
    assert bounds(CLAIMS["000-s4311-everywhere-ap50"], tables) == Bounds(-0.5, 2.5)
    assert bounds(CLAIMS["000-s4311-everywhere-ap75"], tables) == Bounds(3.0, 11.0)


def test_an_order_has_those_of_its_steps_in_either_direction(tables):
    """Of D above C above F, the second step stands in the table as F against C."""
    found = bounds(CLAIMS["000-s4313-gdtt-most-ap50"], tables)
    assert found == Bounds(-30.0, -16.0)
    # The least ends of all steps: those of C above F.
    assert bounds(CLAIMS["000-s432-best"], tables) == Bounds(-30.0, -16.0)


@pytest.mark.parametrize(
    "name",
    [
        "000-table6-b-ap50",  # a value
        "000-s4313-modest-ap50",  # a difference of differences
        "000-s4311-low-ap50",  # one between rates
        "000-abstract-over-base",  # the table has no such pair
        "000-fig25-stage4",  # a table without intervals
    ],
)
def test_other_claims_have_none(tables, name):
    assert bounds(CLAIMS[name], tables) is None


@pytest.mark.parametrize(
    ("interval", "conditions", "smoke", "verdict"),
    [
        (Bounds(-0.1, 4.0), MET, False, "not resolved"),
        (Bounds(-0.1, 4.0), UNMET, False, "not resolved"),
        (Bounds(0.0, 4.0), MET, False, "not resolved"),
        (Bounds(-0.1, 4.0), MET, True, "smoke"),
        (Bounds(0.1, 4.0), MET, False, "reproduced"),
        (Bounds(0.1, 4.0), UNMET, False, "agrees (scaled down)"),
        (None, UNMET, False, "agrees (scaled down)"),
    ],
)
def test_a_positive_value_agrees_only_if_its_interval_excludes_zero(
    interval, conditions, smoke, verdict
):
    claim = CLAIMS["000-s43-surpasses-ap"]
    assert judge(claim, Reading(2.0), conditions, smoke, interval) == verdict


def test_a_clear_opposite_differs():
    claim, below = CLAIMS["000-s43-surpasses-ap"], Bounds(-4.4, -2.1)
    assert judge(claim, Reading(-3.2), MET, False, below) == "not reproduced"
    assert judge(claim, Reading(-3.2), UNMET, False, below) == "differs (scaled down)"
    assert judge(claim, Reading(-3.2), UNMET, False, Bounds(-7.0, 0.5)) == "not resolved"
    assert judge(claim, Reading(None), MET, False, None) == "not run"
