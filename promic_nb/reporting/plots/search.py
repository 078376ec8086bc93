"""Results of the hyperparameter search."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure


def importances(table: pd.DataFrame, labels: dict[str, str]) -> Figure:
    """The importance of each hyperparameter: a group of bars, with a bar per model and rate.

    Args:
        table: rows of recipe, rate, parameter, importance (shares of 1).
        labels: from parameter to name.
    """
    figure, axis = plt.subplots(figsize=(6.4, 4))
    searched = table.assign(
        search=table.recipe + ", " + table.rate, parameter=table.parameter.map(labels)
    )
    order = searched.groupby("parameter").importance.mean().sort_values(ascending=False).index
    sns.barplot(searched, x="importance", y="parameter", hue="search", order=order, ax=axis)
    axis.set(xlabel="importance (shares of 1)", ylabel="")
    axis.legend(title="")
    return figure
