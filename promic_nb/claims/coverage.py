"""How much of the five documents is registered and measured: the page docs/claims.md.

The inventory coverage.yaml counts what each table, figure and section prints. Write the page anew
with `python -m promic_nb.claims.coverage`.
"""

from __future__ import annotations

from collections import Counter
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from promic_nb.claims.judging import VERDICTS, verdicts
from promic_nb.claims.loading import INVENTORY, load_claims
from promic_nb.claims.models import DOCUMENTS
from promic_nb.core import paths
from promic_nb.core.files import atomically
from promic_nb.errors import UserError

PAGE = Path("docs") / "claims.md"
PUBLISHED = Path("figures")  # tables of the published runs
COMMAND = "python -m promic_nb.claims.coverage"
REMEDY = f"Correct promic_nb/claims/{INVENTORY}"


class Place(BaseModel):
    """A table, figure or section.

    Attributes:
        printed: results that it prints.
        missing: those that are not registered.
        curves: names of the figures here that show its curves.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    printed: int = Field(ge=0)
    missing: list[str] = []
    curves: list[str] = []


def inventory() -> dict[str, dict[str, Place]]:
    """Document to place to what it prints.

    Raises:
        UserError: a malformed file, a claim at a place that is not in it, or a place whose claims
            and missing results do not add up to what it prints.
    """
    text = files("promic_nb.claims").joinpath(INVENTORY).read_text(encoding="utf-8")
    try:
        found = TypeAdapter(dict[str, dict[str, Place]]).validate_python(yaml.safe_load(text))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UserError(f"{INVENTORY}: {where}: {first['msg']}", REMEDY) from None
    registered = _registered()
    for document, place_name in registered:
        if place_name not in found.get(document, {}):
            raise UserError(f"{INVENTORY} has no {place_name!r} of document {document}", REMEDY)
    for document, places in found.items():
        for name, place in places.items():
            count = registered[document, name]
            if count + len(place.missing) != place.printed:
                raise UserError(
                    f"{name} of document {document} prints {place.printed} results, and {count} "
                    f"are registered, {len(place.missing)} named as missing",
                    REMEDY,
                )
    return found


def _registered() -> Counter[tuple[str, str]]:
    return Counter((c.document, place) for c in load_claims() for place in c.locations)


def coverage(judged: pd.DataFrame) -> pd.DataFrame:
    """One row for each place.

    Args:
        judged: what `verdicts` gives.

    Returns:
        Columns document, place, printed, registered, run, verdicts (counts by verdict), missing,
        curves.
    """
    by_place: dict[tuple[str, str], list[str]] = {}
    for row in judged.to_dict("records"):
        for place in (row["location"], *row["also"]):
            by_place.setdefault((row["document"], place), []).append(row["verdict"])
    rows = []
    for document, places in inventory().items():
        for name, place in places.items():
            found = by_place.get((document, name), [])
            rows.append(
                {
                    "document": document,
                    "place": name,
                    "printed": place.printed,
                    "registered": len(found),
                    "run": sum(v != "not run" for v in found),
                    "verdicts": Counter(found),
                    "missing": place.missing,
                    "curves": place.curves,
                }
            )
    return pd.DataFrame(rows)


def page(table: pd.DataFrame) -> str:
    """The coverage as Markdown."""
    parts = [HEAD]
    total = ["| document | printed | registered | share | run |", "|---|--:|--:|--:|--:|"]
    for document, part in table.groupby("document"):
        printed, registered, run = (int(part[c].sum()) for c in ("printed", "registered", "run"))
        share = f"{100 * registered / printed:.1f} %"
        name = DOCUMENTS[str(document)]
        total.append(f"| {document} {name} | {printed} | {registered} | {share} | {run} |")
    parts.append("\n".join(total))
    for document, part in table.groupby("document"):
        rows = [_line(row) for row in part.to_dict("records")]
        parts.append(f"## {document}: {DOCUMENTS[str(document)]}")
        parts.append("\n".join([*TABLE, *rows]))
    parts += [ABSENT, "\n".join([*ABSENT_TABLE, *_absent()])]
    return "\n\n".join(parts) + "\n"


def _absent() -> list[str]:
    """Lines on the claims that no run of the package can answer, by place and reason."""
    count = Counter((c.document, c.location, c.absent) for c in load_claims() if c.absent)
    return [f"| {d} | {place} | {n} | {why} |" for (d, place, why), n in sorted(count.items())]


HEAD = f"""# What is claimed, registered and measured

Every printed result of the five documents is counted here by table, figure and section: numbers,
and statements that a run can bear out. *Registered* results are claims in `promic_nb/claims/`, each
with the conditions that a run must meet to answer it; *run* are those that the published runs in
`figures/` answer, with the verdicts. A result that is printed at several places counts at each.

Two substitutions hold throughout: the JPEG-AI-style codec stands for JPEG AI's VM 6.1, and AP is
evaluated at 101 recall points. Verdicts by AP of 11 points, which the dissertation's Eq. 5 defines,
may differ: `promic verdicts` shows both values. No model that does nothing (equal detectors, the
unrestored JPEG, one class for all) earns a claim; `tests/claims/test_null_models.py` holds that.

This page is written by `{COMMAND}`."""
TABLE = (
    "| place | printed | registered | run | verdicts | not registered; curves drawn here |",
    "|---|--:|--:|--:|---|---|",
)

ABSENT = """## Results that no run of this package answers

They are registered, and stay *not run*."""
ABSENT_TABLE = ("| document | place | claims | why |", "|---|---|--:|---|")


def _line(row: dict[str, Any]) -> str:
    found = [f"{row['verdicts'][v]} {v}" for v in VERDICTS if v != "not run" and row["verdicts"][v]]
    remarks = "; ".join(row["missing"])
    if row["curves"]:
        remarks += ("; " if remarks else "") + ", ".join(f"`{name}`" for name in row["curves"])
    cells = (row["place"], row["printed"], row["registered"], row["run"], ", ".join(found), remarks)
    return "| " + " | ".join(map(str, cells)) + " |"


def write_page() -> Path:
    """Write docs/claims.md by the published tables; return its path."""
    root = paths.root()
    text = page(coverage(verdicts(root / PUBLISHED)))
    atomically(root / PAGE, lambda p: p.write_text(text, encoding="utf-8"))
    return root / PAGE


if __name__ == "__main__":
    print(write_page())
