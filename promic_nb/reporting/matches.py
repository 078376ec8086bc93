"""What each model found on each test slice, collected from a run for the intervals.

Two tables: a row for each detection, as `metrics.matching.to_table` writes it, with its model, rate
and seed; and a row for each tested slice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from promic_nb.errors import UserError
from promic_nb.metrics.detection import Detections
from promic_nb.metrics.matching import match, slices_table, to_table
from promic_nb.runs.provenance import Run

KEYS = ["model", "rate", "seed"]
BOX = ["x0", "y0", "x1", "y1"]


def read_truth(run: Run, tables: str | Path, rates: Iterable[str]) -> pd.DataFrame:
    """The objects of the tested slices: columns slice, x0, y0, x1, y1 (pixels).

    A tested slice without objects has one row without a box.

    Args:
        tables: folder of the run's tables.
        rates: labels whose tables `rates_*` list the tested slices; without such a table, those
            with objects count as tested.

    Raises:
        UserError: there is no table `objects`, or two rates have other test slices.
    """
    objects = run.read_table(Path(tables) / "objects.parquet").query("split == 'test'")
    paths = [Path(tables) / f"rates_{rate}.parquet" for rate in rates]
    tested = {
        path.stem: run.read_table(path).query("split == 'test'").slice.tolist()
        for path in paths
        if path.is_file()
    }
    ids = next(iter(tested.values()), sorted(set(objects.slice)))
    for name, own in tested.items():
        if own != ids:
            raise UserError(
                f"{name} and {next(iter(tested))} have other test slices",
                "Run 05_latents again for all rates, or make reproduce",
            )
    return pd.DataFrame({"slice": ids}).merge(objects[["slice", *BOX]], "left")


def read_matches(
    run: Run, results: Mapping[str | Path, str], truth: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Match the detections that notebook 07 saved beside its results.

    Args:
        results: the ap.parquet of each model, and the model's name.
        truth: from `read_truth`.

    Returns:
        The matches with columns model, rate, seed, and the tested slices.

    Raises:
        UserError: a result without detections beside it.
    """
    by_slice = dict(list(truth.groupby("slice")))
    ids = list(by_slice)
    boxes = [by_slice[i].dropna()[BOX].to_numpy(float) for i in ids]
    parts = []
    for path, model in results.items():
        found = run.read_table(Path(path).with_name("detections.parquet"))
        scores = run.read_table(path)
        for (rate, seed), _ in scores.groupby(["rate", "seed"], sort=False):
            rows = found[(found.rate == rate) & (found.seed == seed)]
            keys = {"model": model, "rate": rate, "seed": seed}
            parts.append(to_table(match(boxes, detections(rows, ids)), ids).assign(**keys))
    table = pd.concat(parts, ignore_index=True)
    return table[[*KEYS, *table.columns.drop(KEYS)]], slices_table(boxes, ids)


def detections(rows: pd.DataFrame, ids: list[int]) -> list[Detections]:
    """The detections of one model in each of these slices, from rows of slice, box and score."""
    by_slice = dict(list(rows.groupby("slice")))
    parts = [by_slice.get(i, rows.iloc[:0]) for i in ids]
    return [Detections(p[BOX].to_numpy(float), p.score.to_numpy(float)) for p in parts]
