"""Text says "above" or "behind" only where an interval excludes zero."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promic_nb.metrics.bootstrap import Interval
from promic_nb.reporting import sentences
from promic_nb.reporting.sentences import RATE, Words

# Words that say that one of two is above the other.
SIDES = re.compile(
    r"\b(above|behind|below|ahead|better|worse|more|less|higher|lower|best|gains?|loses?|needs?)\b"
)
AP = Words()
BASIS = "55 slices in 11 blocks, 3 seeds"
ROW = {"model": "ProMIC", "against": "A", "metric": "AP50", "domain": "linear"}
ROW |= {"no_interval": "", "slices": 55, "blocks": 11, "seeds": 3}


def said(low, value, high, words=AP):
    return sentences.difference("F", "B", "AP50", Interval(value, low, high), BASIS, words)


def test_a_clear_difference_has_a_side_and_a_size():
    assert said(-4.4, -3.2, -2.1) == (
        "F is 3.2 pp behind B in AP50 (95 % interval 2.1 to 4.4; 55 slices in 11 blocks, 3 seeds)"
    )
    assert said(12, 18, 25).startswith("F is 18.0 pp above B in AP50 (95 % interval 12.0 to 25.0;")
    assert said(-20, -15, -5, RATE).startswith("F needs 15.0 % less rate than B in AP50")
    assert said(5, 15, 20, RATE).startswith("F needs 15.0 % more rate than B in AP50")


def test_an_unclear_difference_has_neither():
    assert said(-0.9, 0.4, 1.8) == (
        "no difference was found between F and B in AP50 (0.4 pp, 95 % interval -0.9 to 1.8; "
        "55 slices in 11 blocks, 3 seeds)"
    )
    assert said(0.0, 0.4, 1.8).startswith("no difference was found")
    assert said(0.0, 0.0, 0.0).startswith("no difference was found")


def test_without_an_interval_nothing_is_judged():
    found = Interval(-3.2, math.nan, math.nan, "3 blocks of slices, 8 are needed")
    text = sentences.difference("F", "B", "AP50", found, BASIS)
    assert "cannot be judged without an interval (3 blocks of slices, 8 are needed)" in text
    assert not SIDES.search(text.replace("are needed", ""))
    nothing = Interval(math.nan, math.nan, math.nan, "no value")
    assert (
        sentences.difference("F", "B", "AP", nothing, "") == "there is no value for F and B in AP"
    )


@given(
    st.floats(-60, 60) | st.just(math.nan),
    st.floats(-60, 60) | st.just(math.nan),
    st.floats(-60, 60) | st.just(math.nan),
    st.sampled_from([Words(), RATE]),
)
def test_a_side_is_named_exactly_where_zero_is_excluded(a, value, b, words):
    low, high = (math.nan, math.nan) if math.isnan(a + b) else sorted((a, b))
    found = Interval(value, low, high, "few blocks")
    text = sentences.difference("F", "B", "AP50", found, BASIS, words)
    named = SIDES.search(text) is not None
    assert named == (found.excludes_zero and not math.isnan(value))
    if named:
        assert (words.above in text) == (low > 0) and (words.below in text) == (high < 0)
        # Rounding does not turn a limit that excludes zero into zero.
        shown = re.search(r"interval (\S+) to (\S+);", text)
        assert shown and float(shown[1]) > 0 and float(shown[2]) > 0


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"bd_pp": -3.2}, "in BD-AP50 ("),
        ({"bd_pp": -3.2, "domain": "log"}, "in BD-AP50 over the logarithm of the rate ("),
        ({"bd_pp": -3.2, "metric": "AP (voc11)"}, "in BD-AP with 11 recall points ("),
        ({"difference_pp": -3.2, "bpp": 0.3812, "rate": "middle"}, "in AP50 at 0.38 bpp ("),
    ],
)
def test_a_row_of_a_table_in_words(more, what):
    text = sentences.of_row({**ROW, "low": -4.4, "high": -2.1, **more})
    assert text.startswith(f"ProMIC is 3.2 pp behind A {what}95 % interval 2.1 to 4.4;")
    assert "55 slices in 11 blocks, 3 seeds" in text


def test_one_seed_is_named_as_what_it_leaves_out():
    text = sentences.of_row({**ROW, "low": -4.4, "high": -2.1, "bd_pp": -3.2, "seeds": 1})
    assert "one seed, whose chance is not covered" in text


def test_sentences_become_a_list():
    text = sentences.bullets([said(-0.9, 0.4, 1.8), said(12, 18, 25)])
    assert text.startswith("- No difference was found") and text.splitlines()[1].startswith(
        "- F is"
    )
    assert all(line.endswith(".") for line in text.splitlines())


def test_a_bd_rate_in_words():
    row = {"codec": "vvc", "reference": "hevc", "metric": "psnr", "bd_rate_percent": -12.0}
    row |= {"no_interval": "", "slices": 55, "blocks": 11}
    clear = sentences.of_codec({**row, "low": -15.0, "high": -8.0})
    assert clear == (
        "vvc needs 12.0 % less rate than hevc in psnr (95 % interval 8.0 to 15.0; "
        "55 slices in 11 blocks)"
    )
    open_ = sentences.of_codec({**row, "low": -25.0, "high": 2.0})
    assert open_.startswith("no difference was found") and not SIDES.search(open_)
