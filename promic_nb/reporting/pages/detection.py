"""The ablation: AP over rate, BD-AP, the ranking (notebook 08)."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
from pandas.io.formats.style import Styler

from promic_nb.models.recipes import COMPARISONS
from promic_nb.reporting import ablation
from promic_nb.reporting.ablation import AP_COLUMNS, ELEVEN_POINTS, plus_minus
from promic_nb.reporting.drawing import Drawing, Figures, Form, Page, Parameters
from promic_nb.reporting.figure_list import ap_figures
from promic_nb.reporting.intervals import note_of
from promic_nb.reporting.plots import detection as plots
from promic_nb.reporting.plots.recipes import RECIPES


def curves(summary: pd.DataFrame, about: Parameters) -> Iterator[Drawing]:
    """AP over rate: all models, and each pair that differs in one part.

    Args:
        summary: the table `ap_over_seeds`.
    """
    there = [r for r in RECIPES if r in set(summary.recipe)]
    for fig in ap_figures(there, COMPARISONS, about["singles"]):
        yield Drawing(
            fig.name,
            plots.ap_over_rate(summary, fig.metrics, fig.recipes),
            f"{', '.join(fig.metrics)} on test slices of {about['dataset']} over the mean rate, "
            f"{fig.what}. Bands or bars: {note_of(summary)}.",
            plots.ap_in_words(summary, fig.metrics, fig.recipes),
        )


def ranks(order: pd.DataFrame, bd: pd.DataFrame, about: Parameters) -> Iterator[Drawing]:
    """The models by their distance from model A.

    Args:
        order: the table `ranking`.
        bd: the table `bd_ap`, whose intervals these are.
    """
    yield Drawing(
        "bd_ap_ranking",
        plots.bd_ap_ranking(order),
        f"BD-AP50 against model A on test slices of {about['dataset']}, profile "
        f"{about['profile']}, by AP with 101 and with 11 recall points. Bars: {note_of(bd)}. "
        "Published: on Lucchi++, five rates.",
        plots.ranking_in_words(order),
    )


def ap_over_seeds(table: pd.DataFrame, about: Parameters) -> Form:
    """AP of each model and rate, mean and standard deviation over seeds."""
    spread = zip(table["mean"], table["std"], strict=True)
    cells = table.assign(cell=[plus_minus(100 * m, 100 * s, 1) for m, s in spread])
    form = cells.pivot_table(
        index=["recipe", "rate"], columns="metric", values="cell", aggfunc="first", sort=False
    ).reindex(columns=[*AP_COLUMNS, *(f"{m}{ELEVEN_POINTS}" for m in AP_COLUMNS)])
    return _form(form.reset_index().style.hide(), about)


def table5(table: pd.DataFrame, about: Parameters) -> Form:
    """BD-AP as in Table 5, the published values beside ours."""
    return _form(ablation.printed_form(table, parts=False), about)


def table6(table: pd.DataFrame, about: Parameters) -> Form:
    """BD-AP as in Table 6, the published values beside ours."""
    return _form(ablation.printed_form(table), about)


def ranking(table: pd.DataFrame, about: Parameters) -> Form:
    """The models in order of BD-AP50."""
    return _form(table.style.format(precision=2, na_rep="-").hide(), about)


def differences(table: pd.DataFrame, about: Parameters) -> Form:
    """How the run differs from the dissertation."""
    caption = about["caption"]
    escaped = table.style.format(escape="latex").hide()
    return Form(caption, table.style.hide(), escaped.to_latex(hrules=True, caption=caption))


def _form(style: Styler, about: Parameters) -> Form:
    caption = about["caption"]  # of the table, which says what its intervals are
    return Form(caption, style, ablation.latex(style, caption))


PAGE = Page(
    (
        Figures("ap*_*", ("ap_over_seeds",), curves),
        Figures("bd_ap_ranking", ("ranking", "bd_ap"), ranks),
    ),
    {
        "ap_over_seeds": ap_over_seeds,
        "table5": table5,
        "table6": table6,
        "ranking": ranking,
        "differences": differences,
    },
)
