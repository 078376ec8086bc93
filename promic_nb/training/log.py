"""Training log, merged across resumed runs.

Lightning's CSV logger deletes the file that a killed run left, so its rows are set aside first.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from promic_nb.core.files import atomically

LOG, EARLIER = "metrics.csv", "metrics.earlier.csv"


def set_aside(folder: Path, step: int) -> None:
    """Before a logger starts: keep the rows of earlier sessions up to the iteration `step`.

    Training resumes from `step`; 0 keeps none.
    """
    rows = _rows(folder)
    (folder / LOG).unlink(missing_ok=True)
    (folder / EARLIER).unlink(missing_ok=True)
    if step and len(rows := rows[rows.step < step] if len(rows) else rows):
        atomically(folder / EARLIER, lambda p: rows.to_csv(p, index=False))


def join(folder: Path) -> None:
    """After training: put the rows of all sessions into `metrics.csv`."""
    if (folder / EARLIER).is_file():
        atomically(folder / LOG, lambda p: _rows(folder).to_csv(p, index=False))
        (folder / EARLIER).unlink()


def _rows(folder: Path) -> pd.DataFrame:
    parts = [pd.read_csv(folder / name) for name in (EARLIER, LOG) if (folder / name).is_file()]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
