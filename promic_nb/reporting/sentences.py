"""Differences in words, so that text says no more than the intervals do.

"Above", "behind", "more" and "less" appear only where the interval excludes zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from promic_nb.metrics.bootstrap import Interval


@dataclass(frozen=True)
class Words:
    """How a difference is put.

    Attributes:
        above, below: after the amount and its unit, before the name of the reference.
        unit: of the difference.
        verb: before the amount.
    """

    above: str = "above"
    below: str = "behind"
    unit: str = "pp"
    verb: str = "is"


RATE = Words("more rate than", "less rate than", "%", "needs")


def difference(
    name: str, reference: str, what: str, found: Interval, basis: str, words: Words = Words()
) -> str:
    """One sentence on a difference, without its full stop.

    Args:
        name, reference: what is compared.
        what: the quantity, such as "BD-AP50".
        found: the first less the second.
        basis: what the interval comes from, such as "55 slices in 11 blocks, 3 seeds".

    Example:
        >>> from textwrap import fill
        >>> basis = "55 slices in 11 blocks, 3 seeds"
        >>> print(fill(difference("ProMIC", "A", "AP", Interval(-3.2, -4.4, -2.1), basis), 80))
        ProMIC is 3.2 pp behind A in AP (95 % interval 2.1 to 4.4; 55 slices in 11
        blocks, 3 seeds)
        >>> print(fill(difference("F", "B", "AP", Interval(0.4, -0.9, 1.8), basis), 80))
        no difference was found between F and B in AP (0.4 pp, 95 % interval -0.9 to
        1.8; 55 slices in 11 blocks, 3 seeds)
        >>> none = Interval(0.4, float("nan"), float("nan"), "3 blocks of slices, 8 are needed")
        >>> print(fill(difference("F", "B", "AP", none, ""), 80))
        F and B differ by 0.4 pp in AP, which cannot be judged without an interval (3
        blocks of slices, 8 are needed)
    """
    if pd.isna(found.value):
        return f"there is no value for {name} and {reference} in {what}"
    if pd.isna(found.low):
        amount = f"{number(abs(found.value))} {words.unit}"
        return (
            f"{name} and {reference} differ by {amount} in {what}, which cannot be judged without "
            f"an interval ({found.reason})"
        )
    if not found.excludes_zero:
        return (
            f"no difference was found between {name} and {reference} in {what} "
            f"({number(found.value)} {words.unit}, 95 % interval {number(found.low)} to "
            f"{number(found.high)}; {basis})"
        )
    low, high = sorted(map(abs, (found.low, found.high)))
    side = words.above if found.low > 0 else words.below
    return (
        f"{name} {words.verb} {number(abs(found.value))} {words.unit} {side} {reference} in {what} "
        f"(95 % interval {number(low)} to {number(high)}; {basis})"
    )


def number(value: float) -> str:
    """With one decimal, or with as many as show that it is not zero.

    Example:
        >>> number(3.21), number(-0.004), number(0.0)
        ('3.2', '-0.004', '0.0')
    """
    return f"{value:.1f}" if value == 0 or abs(value) >= 0.05 else f"{value:.1g}"


def basis(row: Mapping[str, Any]) -> str:
    """What a row's interval comes from, such as "55 slices in 11 blocks, 3 seeds".

    Example:
        >>> basis({"slices": 55, "blocks": 11, "seeds": 1})
        '55 slices in 11 blocks, one seed, whose chance is not covered'
    """
    slices = f"{row['slices']} slices in {row['blocks']} blocks"
    if "seeds" not in row:
        return slices
    if row["seeds"] == 1:
        return f"{slices}, one seed, whose chance is not covered"
    return f"{slices}, {row['seeds']} seeds"


def of_row(row: Mapping[str, Any]) -> str:
    """A row of `intervals.ap_differences` or `intervals.bd_differences` as a sentence.

    Example:
        >>> row = {"model": "F", "against": "B", "metric": "AP50", "rate": "low", "bpp": 0.16}
        >>> row |= {"difference_pp": 18.0, "low": 12.0, "high": 25.0, "no_interval": ""}
        >>> print(of_row(row | {"slices": 55, "blocks": 11, "seeds": 3})[:69])
        F is 18.0 pp above B in AP50 at 0.16 bpp (95 % interval 12.0 to 25.0;
    """
    metric = row["metric"].replace(" (voc11)", " with 11 recall points")
    if "bd_pp" in row:
        over = " over the logarithm of the rate" if row["domain"] == "log" else ""
        value, what = row["bd_pp"], f"BD-{metric}{over}"
    else:
        value, what = row["difference_pp"], f"{metric} at {row['bpp']:.2f} bpp"
    found = Interval(value, row["low"], row["high"], row["no_interval"])
    return difference(row["model"], row["against"], what, found, basis(row))


def of_codec(row: Mapping[str, Any]) -> str:
    """A row of the table `bd_rate` as a sentence.

    Example:
        >>> row = {"codec": "vvc", "reference": "hevc", "metric": "psnr", "bd_rate_percent": -12.0}
        >>> row |= {"low": -15.0, "high": -8.0, "no_interval": "", "slices": 55, "blocks": 11}
        >>> print(of_codec(row)[:66])
        vvc needs 12.0 % less rate than hevc in psnr (95 % interval 8.0 to
    """
    found = Interval(row["bd_rate_percent"], row["low"], row["high"], row["no_interval"])
    return difference(row["codec"], row["reference"], row["metric"], found, basis(row), RATE)


def bullets(sentences: Iterable[str]) -> str:
    """Sentences as a list in Markdown."""
    return "\n".join(f"- {s[0].upper()}{s[1:]}." for s in sentences)
