"""The search for a rate, on codecs whose rate is a known function of their setting, and on real
ones.
"""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from promic_nb import codecs
from promic_nb.codecs import RateControl
from promic_nb.codecs.target import MAX_ENCODES, search
from promic_nb.errors import UserError

IMAGE = np.zeros((1024, 1024), np.uint8)


class Ideal:
    """`bpp(x)` bits per pixel at the setting `x`."""

    def __init__(self, bpp, x=0.0, scale=1.0):
        self.rate, self.x = scale * bpp(x), x

    def encode(self, image):
        return bytes(round(self.rate * image.size / 8))


def find(bpp, control, target, **settings):
    return search(lambda **s: Ideal(bpp, **s), control, IMAGE, target, settings)


@given(st.floats(0.02, 4), st.sampled_from([1, -1]), st.floats(0.3, 3))
def test_a_continuous_setting_always_meets_a_reachable_target(target, sign, bend):
    """Rates from 0.01 to 8 bpp over 0..100, rising or falling, convex or concave in the log."""
    control = (
        RateControl("x", 0, 100, integer=False)
        if sign > 0
        else RateControl("x", 100, 0, integer=False)
    )
    found = find(
        lambda x: 0.01 * 800 ** ((x if sign > 0 else 100 - x) / 100) ** bend, control, target
    )
    assert found.met and 0.9 * target <= found.bpp <= 1.05 * target
    assert found.encodes <= 12


@given(st.floats(0.001, 20))
def test_a_whole_number_setting_ends_at_the_nearest(target):
    """QP 0..51, six steps an octave: what the search returns is what trying all values returns, if
    the tolerance is not met before.
    """

    def rate(qp):
        return 4 * 2 ** (-qp / 6)

    found = find(rate, RateControl("x", 51, 0), target)
    assert isinstance(found.codec.x, int)
    if found.met:
        assert 0.9 * target <= found.bpp <= 1.05 * target
    else:
        assert abs(math.log(found.bpp / target)) == pytest.approx(
            min(abs(math.log(rate(q) / target)) for q in range(52)), abs=1e-3
        )
    assert found.encodes <= 9


def test_a_jump_over_the_target_is_reported():
    """One step from 0.32 to 0.66 bpp, as x265 has on noisy slices."""
    found = find(
        lambda qp: (0.66 if qp <= 34 else 0.36) * 2 ** ((34 - qp) / 6), RateControl("x", 51, 0), 0.5
    )
    assert not found.met
    assert found.codec.x == 34 and found.bpp == pytest.approx(0.66, abs=1e-4)
    assert found.encodes <= 7


@pytest.mark.parametrize("target", [1e-4, 100.0])
def test_an_unreachable_target_gives_the_end_of_the_range(target):
    found = find(lambda x: 0.01 * 2 ** (x / 10), RateControl("x", 0, 100), target)
    assert not found.met
    assert found.codec.x == (0 if target < 1 else 100)
    assert found.encodes <= 5


def test_a_rate_that_is_not_monotone_ends():
    rng = np.random.default_rng(0)
    noise = rng.uniform(0.3, 3, 1001)
    found = find(lambda x: 0.1 * noise[round(x)], RateControl("x", 0, 1000, integer=False), 0.001)
    assert not found.met and found.encodes <= MAX_ENCODES


MODELS = [{"scale": s} for s in (0.12, 0.3, 0.5, 0.75, 1.6)]


@given(st.floats(0.05, 3))
def test_the_nearest_model_comes_first_then_its_setting(target):
    """A gain of 0 changes nothing; -1000..700 moves the rate from a fifth to three times."""
    control = RateControl("x", -1000, 700, models=lambda settings: MODELS)
    found = find(lambda x: math.exp(x * 0.0016), control, target)
    assert found.met
    assert found.encodes <= 7


def test_a_given_model_is_kept():
    control = RateControl("x", -1000, 700, models=lambda settings: MODELS)
    found = find(lambda x: math.exp(x * 0.0016), control, 0.3, scale=0.12)
    assert found.met and found.codec.rate / math.exp(found.codec.x * 0.0016) == pytest.approx(0.12)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("jpeg", {}),
        ("jpeg2000", {}),
        ("jpegxl", {"effort": 3}),
        ("avif", {"speed": 9}),
        ("hevc", {"preset": "ultrafast"}),
        ("vvc", {"preset": "faster"}),
        ("jpegai_bop_off", {}),
    ],
)
def test_every_codec_has_a_search(name, settings, tiny):
    image = tiny.image("test", 0)
    try:
        found = codecs.target(name, image, 0.4, **settings)
    except UserError as error:
        pytest.skip(str(error))
    assert found.bpp == codecs.bpp(found.stream, image.shape)
    assert found.met == (0.36 <= found.bpp <= 0.42)
    assert found.met or name in ("hevc", "vvc", "jpegai_bop_off")
    assert found.codec.decode(found.stream).shape == image.shape


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ([{"target_bpp": [0.1], "qp": 30}], "target_bpp is given with qp"),
        ([{"target_bpp": 0.1}], "'target_bpp' is 0.1"),
        ([{"target_bpp": [-1.0]}], "codec 'hevc': parameter 'target_bpp'"),
        ([{"qp": 30}, {"qp": 30}], r"\{'qp': 30\} are given twice"),
        ([{"qp": 30}, {"qp": 99}], "'qp' is 99"),
    ],
)
def test_a_mistake_in_a_benchmark_is_named(settings, message):
    with pytest.raises(UserError, match=message):
        codecs.expand("hevc", settings)


def test_a_target_stands_for_a_point_at_each_rate():
    assert codecs.expand("hevc", [{"qp": 30}, {"target_bpp": [0.1, 0.2], "preset": "fast"}]) == [
        {"qp": 30},
        {"target_bpp": 0.1, "preset": "fast"},
        {"target_bpp": 0.2, "preset": "fast"},
    ]
