"""Summarize the measured distances: means, and the quality that reaches JPEG-75.

No networks here.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

LOWER_IS_BETTER = ("mae", "mse")
LABELS = {"mae": "MAE", "mse": "MSE", "psnr_db": "PSNR (dB)", "ssim": "SSIM"}
# Columns of one network's results: what a row describes, and the distances to the original.
COLUMNS = (
    *("dataset", "network", "loss", "trained_on", "split_seed", "seed"),
    *("size", "image", "quality", "metric", "jpeg", "restored"),
)
KEYS = tuple(name for name in COLUMNS if name not in ("image", "jpeg", "restored"))


def summary(results: pd.DataFrame) -> pd.DataFrame:
    """Means over images, and how many images a network improved.

    Args:
        results: with `COLUMNS`.

    Returns:
        Rows of dataset, network, loss, trained_on, split_seed, seed, size, quality, metric, jpeg,
        restored, change, improved_percent, images, and `reference`, the mean of JPEG at quality 75
        (NaN where that was not measured), and `reaches_reference`.
    """
    table = results.assign(change=results.restored - results.jpeg)
    sign = np.where(table.metric.isin(LOWER_IS_BETTER), -1, 1)
    table["improved_percent"] = 100.0 * (table.change * sign > 0)
    means = table.groupby(list(KEYS), sort=False, as_index=False).agg(
        jpeg=("jpeg", "mean"),
        restored=("restored", "mean"),
        change=("change", "mean"),
        improved_percent=("improved_percent", "mean"),
        images=("image", "nunique"),
    )
    same = ["dataset", "split_seed", "size", "metric"]
    reference = means.query("quality == 75").drop_duplicates(same).set_index(same).jpeg
    means["reference"] = [
        reference.get(key, float("nan")) for key in means[same].itertuples(index=False, name=None)
    ]
    direction = np.where(means.metric.isin(LOWER_IS_BETTER), -1, 1)
    means["reaches_reference"] = direction * (means.restored - means.reference) >= 0
    return means


def outliers(results: pd.DataFrame) -> pd.DataFrame:
    """Share of restored images that are further from their originals than the JPEG images.

    They are the tails in Figs. 25 and 27, over all qualities.

    Args:
        results: with `COLUMNS`.

    Returns:
        Columns of `KEYS` without quality, worse_percent, and restored (number of images, each
        counted at each quality).
    """
    sign = np.where(results.metric.isin(LOWER_IS_BETTER), -1, 1)
    worse = results.assign(worse=(results.restored - results.jpeg) * sign < 0)
    keys = [key for key in KEYS if key != "quality"]
    table = worse.groupby(keys, sort=False, as_index=False).agg(
        worse_percent=("worse", "mean"), restored=("worse", "size")
    )
    table["worse_percent"] *= 100
    return table


def lowest_quality(means: pd.DataFrame, saved_percent: pd.Series) -> pd.DataFrame:
    """The lowest measured quality that reaches JPEG-75 after restoration.

    Its whole restored images are at least as close to the originals as JPEG-75's.

    Args:
        means: from `summary`, with a column model.
        saved_percent: saving of each quality compared with JPEG-75, by quality.

    Returns:
        A row for each model and metric: dataset, model, metric, lowest_quality and saved_percent;
        NaN if no measured quality reaches JPEG-75.
    """
    reached = means.query("size == 'full' and reaches_reference")
    lowest = reached.groupby(["dataset", "model", "metric"]).quality.min()
    every = pd.MultiIndex.from_product(
        [[*means.dataset.unique()], [*means.model.unique()], LABELS],
        names=["dataset", "model", "metric"],
    )
    table = lowest.reindex(every).rename("lowest_quality").reset_index()
    table["saved_percent"] = table.lowest_quality.map(saved_percent)
    return table
