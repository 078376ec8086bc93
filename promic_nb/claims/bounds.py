"""The interval of the difference that a sign or an order is about, where a run's tables have it."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from promic_nb.claims.measuring import Tables, read
from promic_nb.claims.models import Claim
from promic_nb.claims.source import Source

# Where the differences of two models stand with their intervals, by the table of their values.
PAIRS = {"ap_over_seeds": "ap_differences", "bd_ap": "bd_ap_differences"}
REFERENCE = "A"  # the model that the values of bd_ap are differences to
TURNED = {"": "", "min": "max", "max": "min"}  # what `over` is of the opposite numbers


class Bounds(NamedTuple):
    """A 95 % interval, in the unit of its table."""

    low: float
    high: float

    @property
    def hold_zero(self) -> bool:
        """Whether neither sign is shown."""
        return self.low <= 0 <= self.high


def bounds(claim: Claim, tables: Tables) -> Bounds | None:
    """The interval of what a claim says to be positive or negative.

    For an order of models, that of the least step down: from the least low to the least high of its
    steps. For the least difference over all rates likewise.

    Returns:
        None for other kinds of claims, and where the tables have no interval: differences of
        differences, differences between rates, and tables without intervals.
    """
    if claim.kind == "sign":
        return _of_difference(claim.source, tables)
    if claim.kind != "order":
        return None
    steps = [_of_step(a, b, tables) for a, b in pairwise(claim.sources)]
    known = [step for step in steps if step]
    if len(known) < len(steps):
        return None
    return Bounds(min(step.low for step in known), min(step.high for step in known))


def _of_difference(source: Source, tables: Tables) -> Bounds | None:
    """Of a value that is itself a difference of two models."""
    if source.against is None:
        return _of_models(source, REFERENCE, tables) if source.table == "bd_ap" else None
    other = source.against
    if other.how != "difference" or other.table or other.at or set(other.where) != {"recipe"}:
        return None
    return _of_models(source, other.where["recipe"], tables)


def _of_step(a: Source, b: Source, tables: Tables) -> Bounds | None:
    """Of the difference of two cells that differ in the model alone."""
    if a.against or a.over or "recipe" not in b.where:
        return None
    if a != b.model_copy(update={"where": {**b.where, "recipe": a.where.get("recipe")}}):
        return None
    return _of_models(a, b.where["recipe"], tables)


def _of_models(source: Source, against: str, tables: Tables) -> Bounds | None:
    """Of a model's value less another's, from the row of the pair or of the pair turned round."""
    if source.table not in PAIRS or "recipe" not in source.where or source.over not in TURNED:
        return None
    rest = {k: v for k, v in source.where.items() if k != "recipe"}
    for turned in (False, True):
        pair = (source.where["recipe"], against)
        model, other = reversed(pair) if turned else pair
        row = source.model_copy(
            update={
                "table": PAIRS[source.table],
                "where": {**rest, "model": model, "against": other},
                "against": None,
                "scale": 1,
                "over": TURNED[source.over] if turned else source.over,
            }
        )
        low, high = (
            read(row.model_copy(update={"column": column}), tables).value
            for column in ("low", "high")
        )
        if low is not None and high is not None:
            return Bounds(-high, -low) if turned else Bounds(low, high)
    return None
