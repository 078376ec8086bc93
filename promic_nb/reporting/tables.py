"""How notebooks save tables."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from promic_nb.core.files import atomically
from promic_nb.runs.provenance import Run


def save_rows(run: Run, table: pd.DataFrame, path: str, caption: str) -> Path:
    """Save a table of too many rows to be read by people, as Parquet only.

    Args:
        path: without suffix.
        caption: one sentence, with units.
    """
    target = Path(f"{path}.parquet")
    atomically(target, lambda p: table.to_parquet(p, index=False, compression="zstd"))
    return run.stamp(target, [target.suffix], "table", caption)
