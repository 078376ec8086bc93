"""What the searches for hyperparameters found (notebook 23)."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from promic_nb.reporting.drawing import Drawing, Figures, Form, Page, Parameters
from promic_nb.reporting.plots import search as plots


def best(part: pd.DataFrame, about: Parameters) -> Form:
    """The best values for one model, a column for each rate (as Tables 10-19).

    Args:
        part: rows of one recipe, with target_bpp, parameter, value.
    """
    named = part.assign(
        parameter=part.parameter.map(plots.LABELS), value=part.value.map("{:.6g}".format)
    )
    wide = named.pivot_table("value", "parameter", "target_bpp", aggfunc="first")
    wide = wide.reindex(plots.LABELS.values()).rename_axis("Parameter")
    wide = wide.rename_axis(columns="Target rate (bpp)")
    caption = (
        f"Optimized parameter values for {part.recipe.iloc[0]} at each target rate, "
        f"{about['dataset']}, profile {about['profile']}."
    )
    return Form(caption, wide.reset_index().style.format(escape="latex").hide())


def importances(table: pd.DataFrame, about: Parameters) -> Iterator[Drawing]:
    """The importance of each parameter; nothing where no search has enough trials."""
    if table.empty:
        return
    means = table.groupby("parameter").importance.mean().sort_values(ascending=False)
    words = ", ".join(f"{plots.LABELS[name]} {value:.2f}" for name, value in means.items())
    yield Drawing(
        "importances_plot",
        plots.importances(table),
        "Importance of each parameter for AP50 (PED-ANOVA; shares of 1) on "
        f"{about['dataset']}, profile {about['profile']}.",
        "Bars of each parameter's importance for each model and rate. "
        f"Means, from the most important: {words}.",
    )


PAGE = Page(
    (Figures("importances_plot", ("importances",), importances),), {"hyperparameters_*": best}
)
