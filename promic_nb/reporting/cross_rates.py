"""Models on inputs of other rates: each against the model that was trained at the rate tested."""

from __future__ import annotations

import pandas as pd

from promic_nb.metrics.bootstrap import Draws
from promic_nb.reporting.intervals import Study, ap_differences, study


def model_name(recipe: str, trained: str) -> str:
    """The name of a model in text.

    Example:
        >>> model_name("ProMIC", "low")
        'ProMIC trained at rate low'
    """
    return f"{recipe} trained at rate {trained}"


def read_study(
    cross: pd.DataFrame, matches: pd.DataFrame, slices: pd.DataFrame, draws: Draws
) -> Study:
    """Evaluate the models of notebook 20 on every draw.

    Args:
        cross: rows of recipe, trained, tested, bpp, seed, metric, value (0..1).
        matches, slices: as of `matches.read_matches`, with the names of `model_name`.

    Raises:
        UserError: see `intervals.study`.
    """
    names = [model_name(*pair) for pair in zip(cross.recipe, cross.trained, strict=True)]
    return study(matches, slices, cross.assign(model=names, rate=cross.tested), draws)


def against_own_rate(study: Study, cross: pd.DataFrame) -> pd.DataFrame:
    """AP of each model at another rate less that of its recipe's model of that rate.

    Args:
        study: from `read_study`.
        cross: the same.

    Returns:
        The columns of `intervals.ap_differences`; `rate` is the rate tested.
    """
    cells = cross[["recipe", "trained", "tested"]].drop_duplicates()
    pairs = {
        (model_name(recipe, trained), model_name(recipe, tested)): tested
        for recipe, trained, tested in cells.itertuples(index=False)
        if trained != tested
    }
    table = ap_differences(study, pairs)
    tested = [pairs[pair] for pair in zip(table.model, table.against, strict=True)]
    return table[table.rate == tested].reset_index(drop=True)
