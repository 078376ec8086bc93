"""Results of the hyperparameter search."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

# Names of the parameters in Table 4 and Tables 10-19.
LABELS = {
    "batch": "SOLVER.IMS_PER_BATCH",
    "base_lr": "SOLVER.BASE_LR",
    "delta_lr": "Delta Learning Rate",
    "initial": "Initial Iteration",
    "steps": "Number of Steps",
    "interval": "Iteration Step",
}


def importances(table: pd.DataFrame) -> Figure:
    """The importance of each hyperparameter: a group of bars, with a bar per model and rate.

    Args:
        table: rows of recipe, rate, parameter, importance (shares of 1).
    """
    figure, axis = plt.subplots(figsize=(6.4, 4))
    searched = table.assign(
        search=table.recipe + ", " + table.rate, parameter=table.parameter.map(LABELS)
    )
    order = searched.groupby("parameter").importance.mean().sort_values(ascending=False).index
    sns.barplot(searched, x="importance", y="parameter", hue="search", order=order, ax=axis)
    axis.set(xlabel="importance (shares of 1)", ylabel="")
    axis.legend(title="")
    return figure
