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


def discard(*folders: Path) -> None:
    """Remove the logs of phases that a training has no longer, so that `curve` leaves them out."""
    for folder in folders:
        (folder / LOG).unlink(missing_ok=True)
        (folder / EARLIER).unlink(missing_ok=True)


def curve(folder: Path) -> pd.DataFrame:
    """AP50 on validation slices over the iterations of a training and its phases below `folder`.

    Returns:
        Columns phase ("frozen" or "free" with PD-FT, else ""), iteration (over all phases), AP50
        (0..1); empty if the training did not evaluate.
    """
    parts, before = [], 0
    for phase in ("", "frozen", "free"):
        rows = _rows(folder / phase)
        if "AP50" in rows:
            seen = rows.dropna(subset="AP50")
            iteration = before + seen.step + 1
            parts.append(pd.DataFrame({"phase": phase, "iteration": iteration, "AP50": seen.AP50}))
            before = int(iteration.max())
    empty = pd.DataFrame(columns=["phase", "iteration", "AP50"])
    return pd.concat(parts, ignore_index=True) if parts else empty


def _rows(folder: Path) -> pd.DataFrame:
    parts = [pd.read_csv(folder / name) for name in (EARLIER, LOG) if (folder / name).is_file()]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
