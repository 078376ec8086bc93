"""The published numbers as data, and a verdict on each."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict, Field

from promic_nb.core.files import read_parquet

# The documents that the numbers come from, in short, for tables.
SOURCES = {
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
        seed: which of the five documents: 000 is the dissertation.
        location: table, figure or page.
        what: the number in words.
        published: as printed; `digits` are its decimals, which decide what "reproduced" means.
        depends_on: what has to be run for it.
        note: a misprint or a difference of data that a reader must know.
    """

    model_config = ConfigDict(extra="forbid")
    id: str
    seed: str
    location: str
    what: str
    published: float
    digits: int = Field(ge=0)
    unit: str
    tolerance: Tolerance
    depends_on: str
    source: Source
    note: str = ""


@lru_cache(maxsize=1)
def load_claims() -> list[Claim]:
    """All claims, from the YAML files beside this module; a file states what its claims share once,
    under `common`.
    """
    claims = []
    for file in sorted(files("promic_nb.claims").iterdir(), key=lambda f: f.name):
        if file.name.endswith(".yaml"):
            for group in yaml.safe_load(file.read_text()):
                claims += [
                    Claim(**{**group.get("common", {}), **row})
                    for row in group.get("claims") or _grid(group)
                ]
    ids = [c.id for c in claims]
    if len(set(ids)) != len(ids):
        raise ValueError(f"claim ids repeat: {sorted(i for i in ids if ids.count(i) > 1)}")
    return sorted(claims, key=lambda c: c.seed)


def _grid(group: dict[str, Any]) -> list[dict[str, Any]]:
    """The claims of a whole printed table.

    `axes` names the columns of the source's row and their values; `values` has the printed numbers
    in their order, the last axis fastest. `what` is filled in with the axes' values, `id` gets them
    as a suffix, and `source.where` too. `by` has fields for single values of an axis, `exponents`
    the power of ten that a printed number is to be multiplied with.
    """
    places = list(product(*group["axes"].values()))
    values = str(group["values"]).split()
    if len(values) != len(places):
        raise ValueError(f"claims {group['id']} have {len(values)} values for {len(places)} places")
    rows = []
    for place, value in zip(places, values, strict=True):
        at = dict(zip(group["axes"], place, strict=True))
        printed = Decimal(value).scaleb(sum(group.get("exponents", {}).get(v, 0) for v in place))
        fields = {
            key: field for v in place for key, field in group.get("by", {}).get(v, {}).items()
        }
        rows.append(
            {
                "id": "-".join([group["id"], *(str(v).replace("_", "-") for v in place)]),
                "what": group["what"].format(**at),
                "published": float(printed),
                "digits": max(0, -printed.as_tuple().exponent),
                "source": {**group["source"], "where": {**group["source"]["where"], **at}},
                **fields,
            }
        )
    return rows


def judge(claim: Claim, ours: float | None, smoke: bool) -> Verdict:
    """The verdict on one claim.

    *reproduced*: equal as printed; *within tolerance*: as near as the claim allows; *smoke*:
        measured, but by a smoke profile, which
    earns no verdict; *not run*: not measured.
    """
    if ours is None or pd.isna(ours):
        return "not run"
    if smoke:
        return "smoke"
    error = abs(ours - claim.published)
    if error <= 0.5 * 10**-claim.digits * (1 + 1e-9):
        return "reproduced"
    allowed = claim.tolerance.value * (
        abs(claim.published) if claim.tolerance.kind == "relative" else 1
    )
    return "within tolerance" if error <= allowed else "not reproduced"


def verdicts(tables: Path, profile: str, smoke: bool) -> pd.DataFrame:
    """One row for each claim, judged by the tables of a run.

    Args:
        tables: the run's folder of Parquet tables.
        profile: the run's profile, stamped on each row.
        smoke: whether that profile is for smoke runs.

    Returns:
        Columns id, seed, location, what, published, ours (NaN where not run), unit, verdict,
        profile, depends_on, note.
    """
    opened: dict[str, pd.DataFrame | None] = {}
    rows = []
    for claim in load_claims():
        name = claim.source.table
        if name not in opened:
            path = tables / f"{name}.parquet"
            opened[name] = read_parquet(path) if path.is_file() else None
        ours = _look_up(opened[name], claim.source)
        rows.append(
            {
                "id": claim.id,
                "seed": claim.seed,
                "location": claim.location,
                "what": claim.what,
                "published": claim.published,
                "ours": ours,
                "unit": claim.unit,
                "verdict": judge(claim, ours, smoke),
                "profile": profile,
                "depends_on": claim.depends_on,
                "note": claim.note,
                "digits": claim.digits,
            }
        )
    table = pd.DataFrame(rows)
    return table.astype({"ours": float})


def _look_up(table: pd.DataFrame | None, source: Source) -> float | None:
    if table is None:
        return None
    keep = pd.Series(True, index=table.index)
    for column, value in source.where.items():
        keep &= table[column] == value
    found = table.loc[keep, source.column]
    return float(found.iloc[0]) if len(found) == 1 else None
