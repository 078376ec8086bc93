"""A verdict on each claim."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from promic_nb.claims.loading import load_claims
from promic_nb.claims.models import Claim, Source, Verdict
from promic_nb.core.files import read_parquet


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
        Columns id, document, location, what, published, ours (NaN where not run), unit, verdict,
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
                "document": claim.document,
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
