"""A verdict on each claim, by the tables of a run and the conditions under which they were made."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from promic_nb.claims.bounds import Bounds, bounds
from promic_nb.claims.loading import load_claims
from promic_nb.claims.measuring import Reading, Tables, measure
from promic_nb.claims.models import Claim
from promic_nb.claims.requires import Condition, compare

Verdict = Literal[
    "reproduced",
    "within tolerance",
    "not reproduced",
    "not resolved",
    "agrees (scaled down)",
    "differs (scaled down)",
    "smoke",
    "not run",
]
# In words, in the order in which they are shown.
VERDICTS: dict[Verdict, str] = {
    "reproduced": "as printed, under the published conditions",
    "within tolerance": "as near as the claim allows, under the published conditions",
    "not reproduced": "different under the published conditions",
    "not resolved": "a sign or an order, where the 95 % interval of the difference includes zero",
    "agrees (scaled down)": "as printed or within tolerance, by a run under other conditions",
    "differs (scaled down)": "different, by a run under other conditions",
    "smoke": "measured by a smoke run or on synthetic slices, which earns no verdict",
    "not run": "not measured",
}
SYNTHETIC = "phantom"
ELEVEN_POINTS = " (voc11)"  # suffix of a metric that averages over 11 recall points


def judge(
    claim: Claim,
    reading: Reading,
    conditions: list[Condition],
    smoke: bool,
    interval: Bounds | None = None,
) -> Verdict:
    """The verdict on one claim.

    Args:
        reading: what `measure` found.
        conditions: what `compare` gives for the answering table.
        smoke: whether that table is a smoke run's.
        interval: of the difference that a sign or an order is about, where it is known.
    """
    if reading.value is None or math.isnan(reading.value):
        return "not run"
    if smoke:
        return "smoke"
    if interval and interval.hold_zero:
        return "not resolved"
    agrees = claim.holds(reading.value, list(reading.nulls))
    if not all(condition.met for condition in conditions):
        return "agrees (scaled down)" if agrees else "differs (scaled down)"
    if not agrees:
        return "not reproduced"
    exact = claim.kind != "value" or claim.exact(reading.value)
    return "reproduced" if exact else "within tolerance"


def verdicts(folder: Path, profile: str = "") -> pd.DataFrame:
    """One row for each claim, judged by the tables of a run.

    Args:
        folder: the run's Parquet tables with their sidecars. A table without a sidecar counts as a
            smoke run's: nobody knows how it was made.
        profile: stamped on rows whose table has no sidecar.

    Returns:
        Columns id, document, location, also (where it is printed again), what, kind, published
        (NaN where words are printed), printed, ours (NaN where not run), ours_11_points (the same
        by 11-point AP), low and high (of the difference that a sign or an order is about; NaN where
        no interval is known), unit, verdict, conditions_met (None where not run), conditions (list
        of name, required, run, met), profile, headline, needs (as text), note, digits.
    """
    tables = Tables(folder)
    return pd.DataFrame([_row(claim, tables, profile) for claim in load_claims()]).astype(
        dict.fromkeys(("ours", "ours_11_points", "low", "high", "published"), float)
    )


def _row(claim: Claim, tables: Tables, profile: str) -> dict[str, Any]:
    reading = measure(claim, tables)
    about = tables.sidecar(claim.source.table)
    conditions = compare(claim.requires, _recorded(claim, about, reading))
    synthetic = claim.requires.dataset is not None and about.get("dataset") == SYNTHETIC
    interval = bounds(claim, tables)
    verdict = judge(claim, reading, conditions, about.get("smoke", True) or synthetic, interval)
    run = verdict != "not run"
    return {
        "id": claim.id,
        "document": claim.document,
        "location": claim.location,
        "also": claim.also,
        "what": claim.what,
        "kind": claim.kind,
        "published": claim.value,
        "printed": claim.printed,
        "ours": reading.value if run else math.nan,
        "ours_11_points": _eleven_points(claim, tables) if run else math.nan,
        "low": interval.low if interval else math.nan,
        "high": interval.high if interval else math.nan,
        "unit": claim.unit,
        "verdict": verdict,
        "conditions_met": all(c.met for c in conditions) if run else None,
        "conditions": [c.model_dump() for c in conditions],
        "profile": about.get("profile", profile),
        "headline": claim.headline,
        "needs": claim.requires.words(),
        "note": "; ".join(filter(None, (claim.note, claim.absent))),
        "digits": claim.digits if claim.kind in ("value", "bound") else 2,
    }


def _recorded(claim: Claim, about: dict[str, Any], reading: Reading) -> dict[str, Any]:
    """The run's conditions by the names of `Requires`."""
    stamped = about.get("conditions", {})
    known = {**stamped.get("run", {}), **stamped.get(claim.requires.study, {})}
    return {**known, "dataset": about.get("dataset"), "bpp": reading.bpp}


def _eleven_points(claim: Claim, tables: Tables) -> float:
    """The same number with AP over 11 recall points; NaN where a claim is not about AP."""
    where = claim.source.where
    if not str(where.get("metric", "")).startswith("AP"):
        return math.nan
    if claim.kind in ("order", "equal") or "metric" in (
        claim.source.against.where if claim.source.against else {}
    ):
        return math.nan
    source = claim.source.model_copy(
        update={"where": {**where, "metric": where["metric"] + ELEVEN_POINTS}}
    )
    value = measure(claim.model_copy(update={"source": source}), tables).value
    return math.nan if value is None else value
