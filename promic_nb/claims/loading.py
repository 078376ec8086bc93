"""The published numbers as data: read from the YAML files beside this module."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from itertools import product
from typing import Any

import yaml

from promic_nb.claims.models import Claim


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
    return sorted(claims, key=lambda c: c.document)


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
