"""Deltas against the numbers of JCTVC-E137 (VMAF's and others' reference data), closed forms and
invariances.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from promic_nb.errors import UserError
from promic_nb.metrics import Limits, bd_quality, bd_rate
from promic_nb.metrics.bjontegaard import bd_qualities

E137 = [
    (
        ([108048.8736, 61279.976, 33905.6656, 18883.6928], [43.6471, 40.3953, 37.247, 34.2911]),
        ([108061.2784, 61299.9936, 33928.7472, 18910.912], [43.6768, 40.4232, 37.2761, 34.3147]),
        -0.46521542075,
    ),
    (
        ([40433.8848, 7622.7456, 2394.488, 1017.6184], [37.5761, 35.3756, 33.8977, 32.0603]),
        ([40370.12, 7587.0024, 2390.0944, 1017.0984], [37.5982, 35.4025, 33.9194, 32.0822]),
        -1.87798234506,
    ),
]
curves = st.lists(st.tuples(st.floats(1.05, 3), st.floats(0.2, 4)), min_size=4, max_size=7).map(
    lambda steps: (
        np.cumprod([0.05 * s[0] for s in steps[:1]] + [s[0] for s in steps[1:]]),
        20 + np.cumsum([s[1] for s in steps]),
    )
)


@pytest.mark.parametrize(("anchor", "test", "published"), E137)
def test_published_bd_rates(anchor, test, published):
    assert bd_rate(*anchor, *test).value == pytest.approx(published, abs=1e-9)


@pytest.mark.parametrize(
    ("curves", "published"), [(E137[0][:2], -0.46512), (E137[1][:2], -1.86513)]
)
def test_akima(curves, published):
    """Values of the package bjontegaard 1.3.0, whose pchip is JCTVC-E137's."""
    assert bd_rate(*curves[0], *curves[1], method="akima").value == pytest.approx(
        published, abs=5e-6
    )


@given(curves)
def test_a_curve_against_itself_is_zero(curve):
    for domain in ("log", "linear"):
        assert bd_rate(*curve, *curve, domain=domain).value == pytest.approx(0, abs=1e-9)
        assert bd_quality(*curve, *curve, domain=domain).value == pytest.approx(0, abs=1e-9)


@given(
    curves,
    st.floats(0.5, 1.9),
    st.sampled_from(["log", "linear"]),
    st.sampled_from(["pchip", "akima"]),
)
def test_scaled_rates_give_the_scale(curve, factor, domain, method):
    rate, quality = curve
    assert bd_rate(
        rate, quality, factor * rate, quality, domain=domain, method=method
    ).value == pytest.approx(100 * (factor - 1), abs=1e-7)


@given(curves, st.floats(-5, 5), st.sampled_from(["log", "linear"]))
def test_a_quality_offset_is_the_bd_quality(curve, rise, domain):
    rate, quality = curve
    assert bd_quality(rate, quality, rate, quality + rise, domain=domain).value == pytest.approx(
        rise, abs=1e-9
    )


@given(curves, curves)
def test_rates_are_antisymmetric_in_the_logarithm(a, b):
    try:
        forward, backward = (
            bd_rate(*a, *b, limits=Limits(overlap=0.01)).value,
            bd_rate(*b, *a, limits=Limits(overlap=0.01)).value,
        )
    except UserError:
        return
    assert (1 + forward / 100) * (1 + backward / 100) == pytest.approx(1, rel=1e-6)


@given(curves, curves, st.sampled_from(["log", "linear"]))
def test_qualities_are_antisymmetric(a, b, domain):
    try:
        forward, backward = (
            bd_quality(*x, *y, domain=domain, limits=Limits(overlap=0.01)).value
            for x, y in ((a, b), (b, a))
        )
    except UserError:
        return
    assert forward == pytest.approx(-backward, abs=1e-9)


def test_linear_rate_of_straight_lines():
    """Rates 1 + q and 3 + q over q in 0..4, areas 12 and 20."""
    q = np.arange(5.0)
    assert bd_rate(1 + q, q, 3 + q, q, domain="linear").value == pytest.approx(100 * (20 / 12 - 1))


def test_order_does_not_matter():
    (rate, quality), test, published = E137[0]
    assert bd_rate(rate[::-1], quality[::-1], *test).value == pytest.approx(published, abs=1e-9)


def test_lower_is_better_by_declared_direction():
    rate, distance = np.array([0.1, 0.2, 0.4, 0.8]), np.array([0.5, 0.4, 0.3, 0.2])
    assert bd_rate(
        rate, distance, 0.8 * rate, distance, higher_is_better=False
    ).value == pytest.approx(-20)
    with pytest.raises(UserError, match="does not rise"):
        bd_rate(rate, distance, 0.8 * rate, distance)


def test_two_points_on_request_are_a_trapezoid():
    """AP 50 and 60 against 52 and 66 at the same two rates: straight lines, a mean of 4."""
    delta = bd_quality(
        [0.1, 0.4], [50, 60], [0.1, 0.4], [52, 66], domain="linear", limits=Limits(points=2)
    )
    assert delta.value == pytest.approx(4)
    assert delta.points == (2, 2)


def test_overlap_is_of_the_smaller_range():
    rate, quality = np.array([1.0, 2, 4, 8]), np.array([30.0, 32, 34, 36])
    assert bd_rate(rate, quality, rate, quality + 1).overlap == pytest.approx(5 / 6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rate_test": [1, 2, 4], "quality_test": [30, 32, 34]}, "3 points"),
        ({"quality_test": [40, 42, 44, 46]}, "share 0%"),
        ({"quality_test": [35, 37, 39, 41]}, "At least 75%"),
        ({"rate_test": [0, 2, 4, 8]}, "not positive"),
        ({"rate_test": [2, 2, 4, 8]}, "one rate twice"),
        ({"quality_test": [30, float("nan"), 34, 36]}, "not finite"),
        ({"quality_test": [30, 32, 31, 36]}, "does not rise"),
        ({"rate_test": [1, 2, 4]}, "one quality for each rate"),
        ({"domain": "ln"}, "'ln' is unknown"),
        ({"method": "cubic"}, "Choose from pchip, akima"),
    ],
)
def test_invalid_curves_are_refused(changes, message):
    arguments = {
        "rate": [1, 2, 4, 8],
        "quality": [30, 32, 34, 36],
        "rate_test": [1, 2, 4, 8],
        "quality_test": [30, 32, 34, 36],
    }
    with pytest.raises(UserError, match=message):
        bd_rate(**{**arguments, **changes})


@pytest.mark.parametrize("domain", ["log", "linear"])
def test_many_curves_at_once_are_as_one_by_one(domain):
    rng = np.random.default_rng(0)
    rate, rate_test = [0.4, 0.1, 0.2, 0.9], [0.12, 0.5, 0.25, 1.0]
    quality, quality_test = rng.uniform(30, 60, (2, 4, 12))
    quality[2, 3] = np.nan
    many = bd_qualities(rate, quality, rate_test, quality_test, domain=domain)
    for n, value in enumerate(many):
        if n == 3:
            assert np.isnan(value)
        else:
            one = bd_quality(rate, quality[:, n], rate_test, quality_test[:, n], domain=domain)
            assert value == pytest.approx(one.value, abs=1e-9)


def test_many_curves_are_refused_as_one_is():
    with pytest.raises(UserError, match="a curve has 2 points"):
        bd_qualities([0.1, 0.2], np.ones((2, 3)), [0.1, 0.2], np.ones((2, 3)))
    four = np.ones((4, 3))
    with pytest.raises(UserError, match="share 0% of their rate range"):
        bd_qualities([0.1, 0.2, 0.3, 0.4], four, [1, 2, 3, 4], four)
