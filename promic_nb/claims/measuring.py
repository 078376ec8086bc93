"""Numbers from a run's tables: what the sources of claims name."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from promic_nb.claims.models import Claim
from promic_nb.claims.source import Against, Rate, Source
from promic_nb.core.files import read_parquet

FAR = 2  # a rate point further away than this factor does not stand for a rate
RATES_OF = {"latent_learning_gains": "latent_codec"}  # where the bpp of a table's rates stand


@dataclass
class Tables:
    """The tables of a run and their sidecars, read once.

    Args:
        folder: of Parquet tables.
    """

    folder: Path
    _tables: dict[str, pd.DataFrame | None] = field(default_factory=dict)
    _sidecars: dict[str, dict[str, Any]] = field(default_factory=dict)
    _held: dict[tuple[str, str, str], np.ndarray] = field(default_factory=dict)

    def get(self, name: str) -> pd.DataFrame | None:
        if name not in self._tables:
            path = self.folder / f"{name}.parquet"
            self._tables[name] = read_parquet(path) if path.is_file() else None
        return self._tables[name]

    def holds(self, name: str, column: str, wanted: Any) -> np.ndarray:
        """In which rows of a table a column has a value, or one of a list; "=c" and "!c" compare
        with a column.

        Remembered, because hundreds of claims ask the same.
        """
        key = (name, column, repr(wanted))
        if key not in self._held:
            table = self.get(name)
            assert table is not None
            if isinstance(wanted, str) and wanted[:1] in ("=", "!") and wanted[1:] in table.columns:
                same = (table[column] == table[wanted[1:]]).to_numpy(bool)
                self._held[key] = same if wanted[0] == "=" else ~same
            elif isinstance(wanted, list):
                self._held[key] = table[column].isin(wanted).to_numpy(bool)
            else:
                self._held[key] = (table[column] == wanted).to_numpy(bool)
        return self._held[key]

    def sidecar(self, name: str) -> dict[str, Any]:
        """What is recorded of a table; empty where nothing is."""
        if name not in self._sidecars:
            path = self.folder / f"{name}.json"
            self._sidecars[name] = json.loads(path.read_text()) if path.is_file() else {}
        return self._sidecars[name]


@dataclass(frozen=True)
class Reading:
    """A measured number (None: not measured), the rate of its cell (None: it has none), and what
    doing nothing gives in the same cell.
    """

    value: float | None = None
    bpp: float | None = None
    nulls: tuple[float, ...] = ()


def measure(claim: Claim, tables: Tables) -> Reading:
    """The number that stands for a claim in these tables."""
    parts = [read(source, tables) for source in claim.sources]
    if any(part.value is None for part in parts):
        return Reading()
    value = (
        _rank_correlation(claim.source, tables)
        if claim.kind == "trend"
        else claim.combine([part.value for part in parts if part.value is not None])
    )
    nulls: tuple[float, ...] = ()
    if claim.kind in ("value", "bound"):
        if isinstance(claim.nothing, str):
            baseline = read(claim.source.model_copy(update={"column": claim.nothing}), tables).value
            nulls = () if baseline is None else (baseline,)
        else:
            nulls = tuple(claim.nothing)
    return Reading(value, parts[0].bpp, nulls)


def _rank_correlation(source: Source, tables: Tables) -> float | None:
    """Of the values with their rates; 0 where all are equal, None for fewer than three."""
    rows = _series(source, tables)
    if rows is None or len(rows) < 3:
        return None
    if (rows.value == rows.value.iloc[0]).all():
        return 0.0
    return float(rows.value.rank().corr(rows.bpp.rank()))


def read(source: Source, tables: Tables) -> Reading:
    """The number that a source names."""
    other = source.against
    if other is None or not _as_numbers(source, other):
        rows = _series(source, tables)
        return Reading() if rows is None else _reduced(rows, source.at, source)
    a = read(source.model_copy(update={"against": None}), tables)
    b = read(_second(source, other), tables)
    if a.value is None or b.value is None:
        return Reading()
    value = _compared(np.float64(a.value), np.float64(b.value), other)
    return Reading(float(value) if np.isfinite(value) else None, a.bpp)


def _as_numbers(source: Source, other: Against) -> bool:
    """Whether both sides are reduced to a number before they are compared."""
    return other.reduced or other.at is not None or source.between


def _second(source: Source, other: Against) -> Source:
    """The source of what a source is compared with."""
    return source.model_copy(
        update={
            "table": other.table or source.table,
            "where": {**source.where, **other.where},
            "at": source.at if other.at is None else other.at,
            "against": None,
        }
    )


def _series(source: Source, tables: Tables) -> pd.DataFrame | None:
    """The rows of a source, compared row by row where it says so."""
    rows = _rows(source, tables)
    if rows is None or source.against is None:
        return rows
    second = _rows(_second(source, source.against), tables)
    if second is None:
        return None
    if rows.key.notna().all() and second.key.notna().all():
        both = rows.merge(second, on="key", suffixes=("", "_second"))
    elif len(rows) == len(second) == 1:
        both = rows.assign(value_second=second.value.iloc[0])
    else:
        return None
    both["value"] = _compared(both.value, both.value_second, source.against)
    return both if len(both) else None


def _compared(a: Any, b: Any, against: Against) -> Any:
    with np.errstate(divide="ignore", invalid="ignore"):
        if against.how == "difference":
            return a - b
        return a / b if against.how == "ratio" else 100 * (a / b - 1)


def _rows(source: Source, tables: Tables) -> pd.DataFrame | None:
    """Columns key (the rate point's name), bpp and value of the cells; None where none are."""
    table = tables.get(source.table)
    if table is None or not {source.column, *source.where} <= set(table.columns):
        return None
    keep = np.full(len(table), True)
    for column, wanted in source.where.items():
        keep &= tables.holds(source.table, column, wanted)
    at = np.flatnonzero(keep)
    if not len(at):
        return None
    for column, wanted in source.where.items():
        if isinstance(wanted, list) and not set(wanted) <= set(table[column].iloc[at]):
            return None
    named = source.by or next((c for c in ("rate", "setting") if c in table.columns), None)
    rows = pd.DataFrame(
        {
            "key": table[named].iloc[at].to_numpy() if named else None,
            "bpp": table["bpp"].to_numpy()[at] if "bpp" in table.columns else np.nan,
            "value": pd.to_numeric(table[source.column].iloc[at].to_numpy(), errors="coerce")
            * source.scale,
        }
    )
    if source.table in RATES_OF and isinstance(source.where.get("rate"), str):
        rates = tables.get(RATES_OF[source.table])
        if rates is not None:
            found = rates.loc[rates.rate == source.where["rate"], "bpp"]
            rows["bpp"] = found.iloc[0] if len(found) else np.nan
    if source.by:
        rows = rows.groupby("key", as_index=False).mean()
    if len(rows) > 1:
        rows = rows.sort_values("bpp")
    if rows.value.isna().any():
        rows = rows.dropna(subset=["value"])
    return rows if len(rows) else None


def _reduced(rows: pd.DataFrame, at: Rate | None, source: Source) -> Reading:
    """One number from rows: at a rate, over all, or of the only one."""
    if at is not None:
        rows = rows.dropna(subset=["bpp"])
        if not len(rows):
            return Reading()
        if source.between and isinstance(at, float | int):
            if len(rows) < 2 or not rows.bpp.min() <= at <= rows.bpp.max():
                return Reading()
            value = np.interp(np.log(at), np.log(rows.bpp), rows.value)
            return Reading(float(value), float(at))
        if at in ("lowest", "highest"):
            row = rows.iloc[0 if at == "lowest" else -1]
            return Reading(float(row.value), float(row.bpp))
        distance = np.abs(np.log(rows.bpp / float(at)))
        row = rows.loc[distance.idxmin()]
        near = float(distance.min()) <= np.log(FAR)
        return Reading(float(row.value), float(row.bpp)) if near else Reading()
    if source.over:
        if source.over in ("std", "range") and len(rows) < 2:
            return Reading()
        value = np.ptp(rows.value) if source.over == "range" else rows.value.agg(source.over)
        return Reading(float(value))
    if len(rows) != 1:
        return Reading()
    bpp = float(rows.bpp.iloc[0])
    return Reading(float(rows.value.iloc[0]), None if np.isnan(bpp) else bpp)
