"""What a claim is: a printed result, where it stands, what it needs, and which cells answer it."""

from __future__ import annotations

import math
from abc import abstractmethod
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from promic_nb.claims.requires import Requires
from promic_nb.claims.source import Source, Strict

# The documents that the results come from, in short, for tables.
DOCUMENTS = {
    "000": "ProMIC",
    "001": "JPEG AI tasks",
    "002": "JPEG survey",
    "003": "JPEG deblocking",
    "004": "Compressed learning",
}
SLACK = 1 + 1e-9  # so that a value on a limit, as printed, is within it


class Tolerance(Strict):
    """How far a value may be from the printed one: the least of what is given.

    Attributes:
        absolute: in the claim's unit.
        relative: share of the printed value.
        gap: share of its distance from what doing nothing gives.
    """

    absolute: float | None = Field(None, ge=0)
    relative: float | None = Field(None, ge=0)
    gap: float | None = Field(None, ge=0, le=0.5)

    @model_validator(mode="after")
    def _says_something(self) -> Tolerance:
        if self.absolute is None and self.relative is None:
            raise ValueError("a tolerance is absolute or relative, with a gap or without")
        return self

    def allowed(self, published: float, nulls: list[float]) -> float:
        limits = [math.inf if self.absolute is None else self.absolute]
        if self.relative is not None:
            limits.append(self.relative * abs(published))
        if self.gap is not None and nulls:
            limits.append(self.gap * min(abs(published - null) for null in nulls))
        return min(limits)


class _Claim(Strict):
    """What all claims share.

    Attributes:
        id: unique, e.g. `000-table6-promic-ap50`.
        document: which of the five documents: 000 is the dissertation.
        location: table, figure or section; `also` where it is printed again.
        what: the result in words.
        requires: the conditions under which a run answers it.
        structural: a count of layers, boxes or operations, a setting, or what JPEG itself does:
            nothing that a training or a model of ours could miss.
        headline: whether the short list of verdicts shows it.
        note: a misprint or a difference that a reader must know.
        absent: why no run of this package has the table that the source names.
    """

    id: str
    document: Literal["000", "001", "002", "003", "004"]
    location: str
    also: list[str] = Field(default_factory=list)
    what: str
    unit: str = ""
    requires: Requires = Requires()
    source: Source
    structural: bool = False
    headline: bool = False
    note: str = ""
    absent: str = ""

    @property
    def locations(self) -> list[str]:
        return [self.location, *self.also]

    @property
    def sources(self) -> list[Source]:
        """What is looked up for it, in the order that `combine` takes."""
        return [self.source]

    def combine(self, values: list[float]) -> float:
        """The one number that stands for the looked-up ones."""
        return values[0]

    @property
    @abstractmethod
    def printed(self) -> str:
        """The printed result in short."""

    @abstractmethod
    def holds(self, ours: float, nulls: list[float]) -> bool:
        """Whether a measured number bears the claim out; `nulls` is what doing nothing gives."""

    @property
    def value(self) -> float:
        """The printed number; NaN where words are printed."""
        return math.nan


class Number(_Claim):
    """A claim with a printed number.

    Attributes:
        published: as printed, so that its decimals are known.
        nothing: values that doing nothing gives; or a column of the same row that has one.
    """

    published: str
    nothing: list[float] | str = Field(default_factory=list)

    @property
    def value(self) -> float:
        return float(self.published)

    @property
    def digits(self) -> int:
        """Decimals of the printed number."""
        mantissa, _, exponent = self.published.lower().partition("e")
        return max(0, len(mantissa.partition(".")[2]) - int(exponent or 0))


class Value(Number):
    """A printed number that ours is to come near to."""

    kind: Literal["value"] = "value"
    tolerance: Tolerance

    @property
    def printed(self) -> str:
        return f"{self.value:.{self.digits}f}"

    def exact(self, ours: float) -> bool:
        """Whether ours is equal as printed."""
        return abs(ours - self.value) <= 0.5 * 10**-self.digits * SLACK

    def holds(self, ours: float, nulls: list[float]) -> bool:
        if any(ours == null for null in nulls):
            return False
        error = abs(ours - self.value)
        return self.exact(ours) or error <= self.tolerance.allowed(self.value, nulls) * SLACK


class Bound(Number):
    """A printed number that ours is to reach, or not to exceed; or two that it lies between.

    Attributes:
        upper: the second number of two.
    """

    kind: Literal["bound"]
    bound: Literal["at least", "at most", "between"]
    upper: float = math.inf

    @property
    def printed(self) -> str:
        upper = f" and {self.upper:.{self.digits}f}" if self.bound == "between" else ""
        return f"{self.bound} {self.value:.{self.digits}f}{upper}"

    def holds(self, ours: float, nulls: list[float]) -> bool:
        if any(ours == null for null in nulls):
            return False
        if self.bound == "at most":
            return ours <= self.value
        return self.value <= ours <= self.upper


class Sign(_Claim):
    """A value above or below zero."""

    kind: Literal["sign"]
    sign: Literal["positive", "negative"]

    @property
    def printed(self) -> str:
        return self.sign

    def holds(self, ours: float, nulls: list[float]) -> bool:
        return ours > 0 if self.sign == "positive" else ours < 0


class _Cells(_Claim):
    """A claim on several cells of one table.

    Attributes:
        cells: what differs from `source` in each: fields of a source, `where` completed.
        labels: what the cells are called.
    """

    cells: list[dict[str, Any]] = Field(min_length=2)
    labels: list[str] = Field(min_length=2)

    @model_validator(mode="after")
    def _labelled(self) -> _Cells:
        if len(self.cells) != len(self.labels):
            raise ValueError(f"{len(self.cells)} cells have {len(self.labels)} labels")
        return self

    @property
    def sources(self) -> list[Source]:
        base = self.source.model_dump()
        return [
            Source(**{**base, **cell, "where": {**base["where"], **cell.get("where", {})}})
            for cell in self.cells
        ]


class Order(_Cells):
    """Cells from the highest to the lowest; ours is the least step down."""

    kind: Literal["order"]

    @property
    def printed(self) -> str:
        return " above ".join(self.labels)

    def combine(self, values: list[float]) -> float:
        return min(a - b for a, b in pairwise(values))

    def holds(self, ours: float, nulls: list[float]) -> bool:
        return ours > 0


class Equal(_Cells):
    """Two cells nearer each other than to a third; ours is the share of the two distances."""

    kind: Literal["equal"]
    share: float = Field(0.5, gt=0, lt=1)

    @model_validator(mode="after")
    def _three(self) -> Equal:
        if len(self.cells) != 3:
            raise ValueError("an equality has two cells and a third that they are unlike")
        return self

    @property
    def printed(self) -> str:
        a, b, c = self.labels
        return f"{a} as {b}, unlike {c}"

    def combine(self, values: list[float]) -> float:
        a, b, c = values
        apart = min(abs(a - c), abs(b - c))
        return abs(a - b) / apart if apart else math.inf

    def holds(self, ours: float, nulls: list[float]) -> bool:
        return ours <= self.share


class Trend(_Claim):
    """A value that rises or falls with the rate; ours is the rank correlation."""

    kind: Literal["trend"]
    trend: Literal["rises", "falls"]
    least: float = 0.8  # of three rates all are in order, of five two neighbours may swap

    @property
    def printed(self) -> str:
        return f"{self.trend} with the rate"

    def holds(self, ours: float, nulls: list[float]) -> bool:
        return ours >= self.least if self.trend == "rises" else ours <= -self.least


Claim = Annotated[Value | Bound | Sign | Order | Equal | Trend, Field(discriminator="kind")]
