"""What a claim is: a published number, where it is printed, and which cell of a run answers it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

# The documents that the numbers come from, in short, for tables.
DOCUMENTS = {
    "000": "ProMIC",
    "001": "JPEG AI tasks",
    "002": "JPEG survey",
    "003": "JPEG deblocking",
    "004": "Compressed learning",
}
Verdict = Literal["reproduced", "within tolerance", "not reproduced", "not run", "smoke"]


class Tolerance(BaseModel):
    """How far a value may be from the published one: `absolute` in the claim's unit, or `relative`
    to the published value.
    """

    model_config = ConfigDict(extra="forbid")
    kind: Literal["absolute", "relative"]
    value: float = Field(ge=0)


class Source(BaseModel):
    """The cell of a run's table that answers a claim: the row where `where` holds, in `column`."""

    model_config = ConfigDict(extra="forbid")
    table: str
    where: dict[str, Any]
    column: str


class Claim(BaseModel):
    """A published number.

    Attributes:
        id: unique, e.g. `000-table6-promic-ap50`.
        document: which of the five documents: 000 is the dissertation.
        location: table, figure or page.
        what: the number in words.
        published: as printed; `digits` are its decimals, which decide what "reproduced" means.
        depends_on: what has to be run for it.
        note: a misprint or a difference of data that a reader must know.
    """

    model_config = ConfigDict(extra="forbid")
    id: str
    document: str
    location: str
    what: str
    published: float
    digits: int = Field(ge=0)
    unit: str
    tolerance: Tolerance
    depends_on: str
    source: Source
    note: str = ""
