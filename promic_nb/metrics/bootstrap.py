"""Intervals by a paired bootstrap over blocks of slices and over training seeds.

Neighbouring slices of a stack show the same objects, so they are drawn together, in blocks. What is
compared is measured on the same draws. docs/metrics.md says what the intervals cover.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import stats

from promic_nb.errors import UserError

LEVEL = 0.95  # of the intervals
MIN_BLOCKS = 8  # with fewer, the ends of an interval rest on a handful of different draws
MAX_UNDEFINED = 0.05  # share of the draws that may have no value, such as AP without an object


@dataclass(frozen=True)
class Draws:
    """How a bootstrap draws.

    Attributes:
        block: length of a block in slice numbers: slices whose numbers differ by less may be drawn
            together.
        count: number of draws.
        seed: of the random draws.
    """

    block: int = 15
    count: int = 2000
    seed: int = 0


@dataclass(frozen=True)
class Interval:
    """A number with its bootstrap interval; `reason` says why low and high are NaN."""

    value: float
    low: float
    high: float
    reason: str = ""

    @property
    def excludes_zero(self) -> bool:
        """Whether text may say "above" or "below"."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Resamples:
    """Draws of whole blocks of slices, the same for everything that is compared.

    Args:
        ids: the number of each slice in its stack.
        draws: how to draw.

    Raises:
        UserError: no slices, numbers that do not rise, or settings that draw nothing.

    Example:
        >>> draws = Resamples([0, 3, 6, 9, 12, 15], Draws(block=6, count=2))
        >>> draws.block_of.tolist(), draws.blocks, draws.times.shape
        ([0, 0, 1, 1, 2, 2], 3, (3, 3))
    """

    ids: Sequence[int]
    draws: Draws = Draws()

    def __post_init__(self) -> None:
        if len(self.ids) == 0 or (np.diff(self.ids) <= 0).any():
            raise UserError(
                f"slice numbers {list(self.ids)[:5]} do not rise", "Give each tested slice once"
            )
        if self.draws.block < 1 or self.draws.count < 1:
            raise UserError(f"{self.draws} draws nothing", "Give positive numbers")

    @cached_property
    def block_of(self) -> np.ndarray:
        """int (S,): the block of each slice, counted from the first slice."""
        spans = (np.asarray(self.ids) - self.ids[0]) // self.draws.block
        return np.unique(spans, return_inverse=True)[1]

    @property
    def blocks(self) -> int:
        """The number of blocks B."""
        return int(self.block_of[-1]) + 1

    @cached_property
    def times(self) -> np.ndarray:
        """int (1 + count, B): how often each draw has each block; the first row has each once."""
        rng = np.random.default_rng(self.draws.seed)
        drawn = rng.multinomial(
            self.blocks, np.full(self.blocks, 1 / self.blocks), self.draws.count
        )
        return np.concatenate([np.ones((1, self.blocks), int), drawn])

    def seeds(self, count: int) -> np.ndarray:
        """int (draws, count): the training seeds of each draw."""
        rng = np.random.default_rng([self.draws.seed, count])
        return rng.integers(count, size=(self.draws.count, count))

    def over_seeds(self, each: np.ndarray) -> np.ndarray:
        """float (1 + draws,): the mean over training seeds, which are drawn, too.

        Drawing K of K seeds has K - 1 of K parts of their variance, so the deviations of the drawn
        seeds are stretched by sqrt(K / (K - 1)). A single seed is taken as it is.

        Args:
            each: (K, 1 + draws), a value for each seed and draw of blocks.
        """
        count = len(each)
        means = np.asarray(each, float).mean(axis=0)
        if count > 1:
            drawn = np.take_along_axis(each[:, 1:].T, self.seeds(count), axis=1).mean(axis=1)
            means[1:] += np.sqrt(count / (count - 1)) * (drawn - means[1:])
        return means

    def interval(self, values: np.ndarray) -> Interval:
        """The interval of a statistic: quantiles of its draws.

        They lie further out than 2.5 and 97.5 %, by as much as Student's t does for this number of
        blocks (T. Hesterberg, What teachers should know about the bootstrap, The American
        Statistician 69(4), 2015, section 3.3): plain quantiles are too narrow for few blocks.

        Args:
            values: float (1 + draws,); the first is the statistic itself.
        """
        value, drawn = float(values[0]), values[1:]
        none = float("nan")
        if self.blocks < MIN_BLOCKS:
            return Interval(
                value, none, none, f"{blocks_of(self.blocks)} of slices, {MIN_BLOCKS} are needed"
            )
        if np.isnan(value):
            return Interval(value, none, none, "no value")
        undefined = float(np.isnan(drawn).mean())
        if undefined > MAX_UNDEFINED:
            return Interval(value, none, none, f"no value in {undefined:.0%} of the draws")
        n = self.blocks
        wide = stats.t.ppf((1 + LEVEL) / 2, n - 1) * np.sqrt(n / (n - 1))
        tail = stats.norm.sf(wide)
        low, high = np.nanquantile(drawn, [tail, 1 - tail])
        return Interval(value, float(low), float(high))


def blocks_of(count: int) -> str:
    """A number of blocks in words.

    Example:
        >>> blocks_of(1), blocks_of(11)
        ('1 block', '11 blocks')
    """
    return f"{count} block" + ("s" if count != 1 else "")
