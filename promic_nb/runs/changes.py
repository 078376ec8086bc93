"""The differences between two files of one artifact.

Tables are compared by rows; tensors, arrays and pictures by values.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image
from safetensors.numpy import load_file

from promic_nb.core.files import read_parquet

# Columns of measured times and memory: they always differ, so they are shown but not counted.
MEASURED = frozenset(
    [
        "encode_s",
        "decode_s",
        "encode_mb",
        "decode_mb",
        "encode_mpixel_s",
        "decode_mpixel_s",
        "seconds",
        "peak_mb",
    ]
)


@dataclass(frozen=True)
class Change:
    """The difference in one column, tensor, array or picture.

    Attributes:
        name: of the column or tensor.
        values: how many values differ.
        absolute, relative: the largest difference, and the largest one as a share of the larger
            value; None if the values are not numbers.
    """

    name: str
    values: int
    absolute: float | None = None
    relative: float | None = None


def _tables(a: Path, b: Path) -> tuple[list[Change], tuple[int, int]]:
    left, right = read_parquet(a), read_parquet(b)
    changes = [
        Change(column, len(left if column in left else right))
        for column in left.columns.symmetric_difference(right.columns)
    ]
    columns = [c for c in left.columns if c in right.columns]
    key = _key(left[columns], right[columns])
    left, right = (
        t.assign(_copy=t.groupby(key, dropna=False).cumcount() if key else range(len(t)))
        for t in (left, right)
    )
    both = left[[*columns, "_copy"]].merge(
        right[[*columns, "_copy"]],
        on=[*key, "_copy"],
        how="outer",
        suffixes=("_a", "_b"),
        indicator="_side",
    )
    side = both._side.value_counts()
    both = both[both._side == "both"]
    for column in (c for c in columns if c not in key):
        change = _values(column, both[f"{column}_a"], both[f"{column}_b"])
        changes += [change] if change.values else []
    return changes, (int(side["left_only"]), int(side["right_only"]))


def _key(a: pd.DataFrame, b: pd.DataFrame) -> list[str]:
    """The columns that identify rows in both tables, no more than needed.

    Names are tried first, then whole numbers, then other numbers.
    """
    rank = {"b": 0, "O": 0, "i": 1, "u": 1, "f": 2}
    candidates = [
        c
        for c in a.columns
        if c not in MEASURED
        and not isinstance(a[c].iloc[0] if len(a) else None, (list, np.ndarray))
    ]
    ordered = sorted(candidates, key=lambda c: rank.get(a[c].dtype.kind, 0))

    def unique(columns: list[str]) -> bool:
        return all(not t.duplicated(columns).any() if columns else len(t) < 2 for t in (a, b))

    key: list[str] = []
    for column in ordered:
        if unique(key):
            break
        key.append(column)
    for column in reversed(key[:]):
        rest = [c for c in key if c != column]
        key = rest if unique(rest) else key
    return key


def _values(name: str, a: Any, b: Any) -> Change:
    """How two columns or arrays of equal shape differ; NaN equals NaN."""
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        return Change(name, max(a.size, b.size))
    if a.dtype.kind in "iufb" and b.dtype.kind in "iufb":
        a, b = a.astype(float), b.astype(float)
        gap = np.where(
            (a == b) | (np.isnan(a) & np.isnan(b)), 0, np.nan_to_num(np.abs(a - b), nan=np.inf)
        )
        if not gap.any():
            return Change(name, 0)
        return Change(
            name,
            int((gap > 0).sum()),
            float(gap.max()),
            float((gap / np.fmax(np.fmax(abs(a), abs(b)), np.finfo(float).tiny)).max()),
        )
    return Change(name, sum(str(x) != str(y) for x, y in zip(a.ravel(), b.ravel(), strict=True)))


def _models(a: Path, b: Path) -> tuple[list[Change], tuple[int, int]]:
    left, right = load_file(a), load_file(b)
    nothing = np.empty(0)
    found = [
        _values(name, left.get(name, nothing), right.get(name, nothing))
        for name in sorted(left.keys() | right.keys())
    ]
    return [change for change in found if change.values], (0, 0)


def _arrays(a: Path, b: Path) -> tuple[list[Change], tuple[int, int]]:
    change = _values("values", np.load(a, mmap_mode="r"), np.load(b, mmap_mode="r"))
    return [change] if change.values else [], (0, 0)


def _pictures(a: Path, b: Path) -> tuple[list[Change], tuple[int, int]]:
    change = _values("samples", *(np.array(Image.open(path).convert("RGB")) for path in (a, b)))
    return [change] if change.values else [], (0, 0)


READERS = {".parquet": _tables, ".safetensors": _models, ".npy": _arrays, ".png": _pictures}
