"""The ablation: AP over rate, BD-AP, the ranking (notebook 08)."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from promic_nb.models.recipes import COMPARISONS
from promic_nb.reporting import ablation
from promic_nb.reporting.ablation import AP_COLUMNS, ELEVEN_POINTS, plus_minus
from promic_nb.reporting.drawing import Drawing, Figures, Form, Page, Parameters
from promic_nb.reporting.figure_list import ap_figures
from promic_nb.reporting.plots import detection as plots
from promic_nb.reporting.plots.recipes import RECIPES


def curves(ap: pd.DataFrame, about: Parameters) -> Iterator[Drawing]:
    """AP over rate: all models, and each pair that differs in one part."""
    there = [r for r in RECIPES if r in set(ap.recipe)]
    for fig in ap_figures(there, COMPARISONS, about["singles"]):
        yield Drawing(
            fig.name,
            plots.ap_over_rate(ap, fig.metrics, fig.recipes),
            f"{', '.join(fig.metrics)} on test slices of {about['dataset']} over the mean rate, "
            f"{fig.what}.",
            plots.ap_in_words(ap, fig.metrics, fig.recipes),
        )


def ap_over_seeds(table: pd.DataFrame, about: Parameters) -> Form:
    """AP of each model and rate, mean and standard deviation over seeds."""
    spread = zip(table["mean"], table["std"], strict=True)
    cells = table.assign(cell=[plus_minus(100 * m, 100 * s, 1) for m, s in spread])
    form = cells.pivot_table(
        index=["recipe", "rate"], columns="metric", values="cell", aggfunc="first", sort=False
    ).reindex(columns=[*AP_COLUMNS, *(f"{m}{ELEVEN_POINTS}" for m in AP_COLUMNS)])
    caption = (
        f"AP (percent) on test slices of {about['dataset']}, mean and standard deviation over "
        f"seeds ({table.seeds.max()}), profile {about['profile']}."
    )
    style = form.reset_index().style.hide()
    return Form(caption, style, ablation.latex(style, caption))


def printed(number: int, table: pd.DataFrame, about: Parameters) -> Form:
    """BD-AP as in Table 5 or 6, the published values beside ours."""
    style = ablation.printed_form(table, parts=number == 6)
    caption = (
        f"As Table {number}. Bjontegaard deltas of AP (percentage points) against model A on "
        f"{about['dataset']}, profile {about['profile']}, mean ± standard deviation over seeds "
        f"({table.seeds.max()}); published: on Lucchi++, five rates, 11 or 101 recall points."
    )
    return Form(caption, style, ablation.latex(style, caption))


def table5(table: pd.DataFrame, about: Parameters) -> Form:
    """As Table 5."""
    return printed(5, table, about)


def table6(table: pd.DataFrame, about: Parameters) -> Form:
    """As Table 6."""
    return printed(6, table, about)


def ranking(table: pd.DataFrame, about: Parameters) -> Form:
    """The models in order of BD-AP50."""
    tau = table.bd_pp.corr(table.published_pp, method="kendall") if len(table) > 1 else float("nan")
    caption = (
        f"Models by BD-AP50 on {about['dataset']}, profile {about['profile']}, with the published "
        f"order and distance; Kendall's tau of the two orders: {tau:.2f}."
    )
    style = table.style.format(precision=2, na_rep="-").hide()
    return Form(caption, style, ablation.latex(style, caption))


PAGE = Page(
    (Figures("ap*_*", ("ap",), curves),),
    {
        "ap_over_seeds": ap_over_seeds,
        "table5": table5,
        "table6": table6,
        "ranking": ranking,
    },
)
