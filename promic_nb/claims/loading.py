"""The printed results as data: read from the YAML files beside this module, and checked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from itertools import product
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from promic_nb.claims.models import Bound, Claim, Number, Value
from promic_nb.errors import UserError

INVENTORY = "coverage.yaml"  # beside the claims: what the documents print, see coverage.py
ONE_BY_ONE = ("common", "claims")  # keys of a group
GRID = ("common", "id", "what", "source", "axes", "values", "by", "exponents")
_CLAIM: TypeAdapter[Claim] = TypeAdapter(Claim)


@lru_cache(maxsize=1)
def load_claims() -> tuple[Claim, ...]:
    """All claims, by document.

    Raises:
        UserError: a malformed file, with the file, the claim and what is wrong.
    """
    here = sorted(files("promic_nb.claims").iterdir(), key=lambda f: f.name)
    return read_claims(
        {
            f.name: f.read_text(encoding="utf-8")
            for f in here
            if f.name.endswith(".yaml") and f.name != INVENTORY
        }
    )


def read_claims(texts: dict[str, str]) -> tuple[Claim, ...]:
    """The claims in YAML texts, by document.

    A text is a list of groups. A group states what its claims share under `common`, and has the
    claims one by one under `claims`, or as a grid: see `_grid`.

    Args:
        texts: file name to content.

    Raises:
        UserError: a malformed text, an unknown condition, a cell or an id claimed twice, a
            tolerance that doing nothing meets.
    """
    claims: list[Claim] = []
    for name, text in texts.items():
        try:
            groups = yaml.safe_load(text)
        except yaml.YAMLError as error:
            line = str(error).replace("\n", " ")
            raise UserError(f"claims in {name}: {line}", "Correct the YAML") from None
        for group in groups:
            claims += [_claim(name, row) for row in _rows(name, group)]
    _check_unique(claims)
    for claim in claims:
        _check_null(claim)
    return tuple(sorted(claims, key=lambda c: c.document))


def _claim(name: str, row: dict[str, Any]) -> Claim:
    row = {"kind": "value", **row}
    try:
        return _CLAIM.validate_python(row)
    except ValidationError as error:
        found = error.errors()
        first = next((e for e in found if e["type"] == "extra_forbidden"), found[0])
        key = ".".join(map(str, first["loc"][1:] or first["loc"]))  # without the kind
        raise UserError(
            f"claim {row.get('id', '?')} in {name}: {key}: {first['msg']}",
            "Correct the claim; promic_nb/claims/models.py describes its fields",
        ) from None


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Nested dictionaries of both; `over` wins."""
    both = {**base, **over}
    for key in base.keys() & over.keys():
        if isinstance(base[key], dict) and isinstance(over[key], dict):
            both[key] = _merged(base[key], over[key])
    return both


def _rows(name: str, group: dict[str, Any]) -> Iterator[dict[str, Any]]:
    allowed = ONE_BY_ONE if "claims" in group else GRID
    if unknown := [key for key in group if key not in allowed]:
        raise UserError(
            f"claims {group.get('id', '')} in {name} have an unknown key {unknown[0]!r}",
            f"Choose from {', '.join(allowed)}; fields of all claims belong under common",
        )
    common = group.get("common", {})
    rows = group["claims"] if "claims" in group else _grid(name, group)
    for row in rows:
        yield _merged(common, row)


def _grid(name: str, group: dict[str, Any]) -> list[dict[str, Any]]:
    """The claims of a whole printed table.

    `axes` names the columns of the source's row and their values; `values` has what is printed in
    the order of the axes, the last one fastest. `what` is filled in with the axes' values, `id`
    gets them as a suffix, and `source.where` too. `by` has fields for single values of an axis,
    `exponents` the power of ten that a printed number is to be multiplied with.
    """
    places = list(product(*group["axes"].values()))
    field = {"sign": "sign", "trend": "trend"}.get(
        group.get("common", {}).get("kind", "value"), "published"
    )
    values = str(group["values"]).split()
    if len(values) != len(places):
        raise UserError(
            f"claims {group['id']} in {name} have {len(values)} values for {len(places)} places",
            "Give one value for each combination of the axes",
        )
    rows = []
    for place, value in zip(places, values, strict=True):
        at = dict(zip(group["axes"], place, strict=True))
        shift = sum(group.get("exponents", {}).get(v, 0) for v in place)
        row = {
            "id": "-".join([group["id"], *map(_slug, place)]),
            "what": group["what"].format(**at),
            field: f"{Decimal(value).scaleb(shift):f}" if shift else value,
            "source": _merged(group.get("source", {}), {"where": at}),
        }
        for v in place:
            row = _merged(row, group.get("by", {}).get(v, {}))
        rows.append(row)
    return rows


def _slug(value: Any) -> str:
    """A value as part of an id."""
    return re.sub(r"[^a-z0-9.]+", "-", str(value).lower())


def _check_unique(claims: list[Claim]) -> None:
    ids: set[str] = set()
    cells: dict[str, str] = {}
    for claim in claims:
        if claim.id in ids:
            raise UserError(f"claim {claim.id} is registered twice", "Rename one of the two")
        ids.add(claim.id)
        fields = claim.model_dump(include={"kind", "source", "cells"})
        cell = repr(sorted(fields.items()))
        if cell in cells:
            raise UserError(
                f"claims {cells[cell]} and {claim.id} claim the same cell",
                "Keep one of them and list the other place under `also`",
            )
        cells[cell] = claim.id


def _check_null(claim: Claim) -> None:
    """Doing nothing does not meet a claim: refuse one that it would."""
    if claim.structural or not isinstance(claim, Number):
        return
    remedy = "Shrink the tolerance, or restate the claim as a bound, a sign or an order"
    if claim.nothing == []:
        raise UserError(f"claim {claim.id} does not say what doing nothing gives", "Set `nothing`")
    if isinstance(claim.nothing, str):
        if isinstance(claim, Value) and claim.tolerance.gap is None:
            raise UserError(
                f"claim {claim.id} is compared with column {claim.nothing!r} and its tolerance has "
                "no `gap`",
                "Set tolerance.gap, a share of the distance to it",
            )
        return
    for null in claim.nothing:
        met = (
            abs(null - claim.value) <= claim.tolerance.allowed(claim.value, claim.nothing)
            if isinstance(claim, Value)
            else Bound.holds(claim, null, [])
        )
        if met or (isinstance(claim, Value) and claim.exact(null)):
            raise UserError(
                f"claim {claim.id} is met by doing nothing, which gives {null:g}", remedy
            )
