"""A training's log over all its sittings: Lightning's CSV logger deletes the file that a killed run left."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

LOG, EARLIER = "metrics.csv", "metrics.earlier.csv"


def set_aside(folder: Path, step: int) -> None:
    """Before a logger starts: keep the rows of earlier sittings up to the iteration that training goes on from (0: none of them)."""
    rows = _rows(folder)
    (folder / LOG).unlink(missing_ok=True)
    (folder / EARLIER).unlink(missing_ok=True)
    if step and len(rows := rows[rows.step < step] if len(rows) else rows):
        _write(rows, folder / EARLIER)


def join(folder: Path) -> None:
    """After training: put the rows of all sittings into `metrics.csv`."""
    if (folder / EARLIER).is_file():
        _write(_rows(folder), folder / LOG)
        (folder / EARLIER).unlink()


def _rows(folder: Path) -> pd.DataFrame:
    parts = [pd.read_csv(folder / name) for name in (EARLIER, LOG) if (folder / name).is_file()]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _write(rows: pd.DataFrame, path: Path) -> None:
    part = path.with_suffix(".part")
    rows.to_csv(part, index=False)
    part.replace(path)
