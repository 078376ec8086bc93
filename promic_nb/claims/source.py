"""Which cells of a run's tables answer a claim."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

Rate = float | Literal["lowest", "highest"]


class Strict(BaseModel):
    """No unknown keys; never changed after it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Against(Strict):
    """A second value that the first is compared with; what is not named is as in the first.

    Attributes:
        how: first minus second, first over second, or the first's surplus in percent.
        reduced: whether both are reduced to one number (`over`, `at`) before they are compared,
            and not compared row by row.
    """

    how: Literal["difference", "ratio", "percent"] = "difference"
    table: str = ""
    where: dict[str, Any] = {}
    at: Rate | None = None
    reduced: bool = False


class Source(Strict):
    """The cells of a run's tables that answer a claim.

    Attributes:
        table, where, column: the rows where `where` holds; "=c" and "!c" stand for the value of
            column c, and for any other. A list stands for rows with each of its values.
        by: rows that agree in this column are averaged first, such as a codec's setting.
        at: the row at a rate in bpp: the nearest, or with `between` interpolated over log(bpp).
        over: reduces the rows to one number.
        scale: that the cells are multiplied with.
        against: what the value is compared with.
    """

    table: str
    where: dict[str, Any] = {}
    column: str
    by: str = ""
    at: Rate | None = None
    between: bool = False
    over: Literal["", "mean", "std", "min", "max", "range"] = ""
    scale: float = 1
    against: Against | None = None
