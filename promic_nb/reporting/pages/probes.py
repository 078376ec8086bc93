"""Feature maps, and models on inputs of other rates (notebook 21)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

import numpy as np
import pandas as pd

from promic_nb.reporting.arrays import grouped_arrays
from promic_nb.reporting.drawing import Drawing, Figures, Form, Page, Parameters
from promic_nb.reporting.plots import probes as plots
from promic_nb.reporting.plots.style import over_seeds


def summary(correlation: pd.DataFrame) -> pd.DataFrame:
    """Mean and median correlation by stage and model, and how many maps are constant.

    All are means over seeds; `low` and `high` are the 95 % interval of the mean (NaN for one seed).
    """
    groups = correlation.groupby(["stage", "model", "seed"], sort=False).correlation
    seeds = groups.agg(["mean", "median", "count"]).assign(constant=groups.size() - groups.count())
    by_model = seeds.groupby(["stage", "model"], sort=False)
    half = by_model["mean"].agg(lambda means: float(over_seeds(means.to_numpy())))
    means = by_model.mean()
    low, high = means["mean"] - half, means["mean"] + half
    return means.assign(low=low, high=high, seeds=by_model.size()).reset_index()


def _about_features(about: Parameters) -> str:
    folders = about["features"]  # features/RATE/seedN; version 0.1 had one
    first = folders if isinstance(folders, str) else next(iter(folders), "")
    rate = PurePath(first).parent.name
    at = f", rate '{rate}'" if rate else ""
    return (
        f"Correlation of feature maps with model A's{at} on {about['dataset']}; "
        "constant maps have no correlation."
    )


def features(table: pd.DataFrame, about: Parameters) -> Form:
    """The summary."""
    return Form(_about_features(about), table.style.format(precision=3).hide())


def correlations(correlation: pd.DataFrame, about: Parameters) -> Iterator[Drawing]:
    """Sorted correlations (as Fig. 25)."""
    words = "; ".join(
        f"stage {row['stage']}, {row['model']}: mean {row['mean']:.2f}"
        for row in summary(correlation).to_dict("records")
    )
    yield Drawing(
        "feature_correlation_plot",
        plots.feature_correlation(correlation),
        f"{_about_features(about)} As Fig. 25.",
        f"Two line charts of correlations in ascending order. {words}.",
    )


def maps(arrays: pd.DataFrame, about: Parameters) -> Iterator[Drawing]:
    """A slice and the means of its feature maps (as Fig. 26).

    Args:
        arrays: `image`, and "STAGE_MODEL" for each stage and model.
    """
    (found,) = grouped_arrays(arrays).values()
    means = {(int(k[0]), k[2:]): v.astype(float) for k, v in found.items() if k != "image"}
    words = "; ".join(
        f"stage {stage}, {model}: "
        f"{np.corrcoef(v.ravel(), means[stage, 'reference'].ravel())[0, 1]:.2f}"
        for (stage, model), v in means.items()
        if model != "reference"
    )
    yield Drawing(
        "feature_means",
        plots.feature_means(found["image"], means),
        f"A test slice of {about['dataset']}, and the mean over channels of the feature maps "
        "at the inputs of stages 3 and 4. As Fig. 26.",
        "The slice above two rows of three grey images, the means of feature maps. "
        f"Correlation with the reference's: {words}.",
    )


def cross_rate(table: pd.DataFrame, about: Parameters) -> Iterator[Drawing]:
    """AP50 by rate of training and rate tested."""
    ap50 = table[table.metric == "AP50"]
    own = ap50.trained == ap50.tested
    words = "; ".join(
        f"{r}, {name} rate: {100 * v:.1f}"
        for name, part in (("own", ap50[own]), ("other", ap50[~own]))
        for r, v in part.groupby("recipe").value.mean().items()
    )
    yield Drawing(
        "cross_rate_plot",
        plots.cross_rate(table),
        "AP50 in percent. Average precision of models trained at one rate on test slices of "
        f"{about['dataset']} at another, profile {about['profile']}.",
        "A grid for each model: rate of training by rate of testing. "
        f"Mean AP50 in percent: {words}.",
    )


PAGE = Page(
    (
        Figures("feature_correlation_plot", ("feature_correlation",), correlations),
        Figures("feature_means", ("feature_maps",), maps),
        Figures("cross_rate_plot", ("cross_rate",), cross_rate),
    ),
    {"features": features},
)
