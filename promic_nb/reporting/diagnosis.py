"""The diagnosis as tables: what one change does to a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pandas as pd

OWN = "own"  # question and setting of the profile's own models
KEYS = ["recipe", "rate", "seed", "split", "metric"]


def gathered(
    results: Mapping[str, Sequence[str]], read: Callable[[str], pd.DataFrame]
) -> pd.DataFrame:
    """The AP of all settings, each beside the profile's own model of the same recipe and rate.

    Args:
        results: ap.parquet files by QUESTION.SETTING; those of "own.own" are compared with.
        read: reads a table.

    Returns:
        Columns question, setting, recipe, rate, bpp, seed, split, metric, value (0..1), change_pp
        (percentage points; NaN for the own models, or where there is none).
    """
    parts = []
    for name, files in results.items():
        question, setting = name.split(".", 1)
        parts += [read(file).assign(question=question, setting=setting) for file in files]
    table = pd.concat(parts, ignore_index=True)
    own = table[table.question == OWN].set_index(KEYS).value
    before = own.reindex(pd.MultiIndex.from_frame(table[KEYS])).to_numpy()
    change = (100 * (table.value - before)).where(table.question != OWN)
    return table.assign(change_pp=change)[
        ["question", "setting", "recipe", "rate", "bpp", *KEYS[2:], "value", "change_pp"]
    ]


def answer(table: pd.DataFrame, question: str, metrics: Sequence[str]) -> pd.DataFrame:
    """One question's settings below the profile's own models, on validation slices.

    Args:
        table: from `gathered`.

    Returns:
        Columns recipe, rate, setting, seeds, the metrics in percent (mean over seeds), and the
        mean change of each metric as `METRIC change`; in training slices, where they were measured,
        as `METRIC train`.
    """
    part = table[(table.question == question) & table.metric.isin(metrics)]
    pairs = part[["recipe", "rate"]].drop_duplicates()
    own = table[(table.question == OWN) & table.metric.isin(metrics)].merge(pairs)
    rows = pd.concat([own, part]).assign(value=lambda t: 100 * t.value)
    keys = ["recipe", "rate", "setting"]
    whole = [rows[rows.split == split] for split in ("val", "train")]
    seen, learned = (
        r.pivot_table("value", keys, "metric", sort=False).reindex(columns=list(metrics))
        for r in whole
    )
    change = whole[0].pivot_table("change_pp", keys, "metric", sort=False)
    change = change.reindex(columns=list(metrics))
    seeds = whole[0].groupby(keys, sort=False).seed.nunique().rename("seeds")
    wide = pd.concat(
        [seeds, seen, change.add_suffix(" change"), learned.add_suffix(" train")], axis=1
    )
    return wide.dropna(axis=1, how="all").reset_index()
