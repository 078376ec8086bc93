"""The figures of AP over rate printed in the dissertation: Figs. 36-49 and 64-105."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from promic_nb.reporting.ablation import AP_COLUMNS

FIRST = 36  # Figs. 36-49 show AP50 and AP75, two figures per comparison
FIRST_OF_ALL = 64  # Figs. 64-105 show all six metrics


@dataclass(frozen=True)
class ApFigure:
    """One figure.

    Attributes:
        name: of its file.
        metrics: one panel for each.
        recipes: one line for each.
        what: for its caption, with the printed figure's number.
    """

    name: str
    metrics: Sequence[str]
    recipes: Sequence[str]
    what: str


def ap_figures(
    there: Sequence[str], comparisons: Mapping[tuple[str, str], str], singles: bool
) -> list[ApFigure]:
    """The figures that a run can draw.

    Args:
        there: recipes with results.
        comparisons: models before and after a change, and the part that was changed, in the order
            of the printed figures.
        singles: also one figure per metric, in the folder `panels`.
    """
    found = [
        ApFigure(f"{m.lower()}_over_rate", [m], there, "all models (as Figs. 36 and 37)")
        for m in AP_COLUMNS[:2]
    ]
    found += _group("all", there, "all models", {}, singles)
    for place, ((before, after), part) in enumerate(comparisons.items()):
        if {before, after} <= set(there):
            name = f"{before}_{after}".lower()
            what = f"models {before} and {after}: the effect of {part}"
            found += _group(name, ["A", before, after], what, _printed(place), singles)
    return found


def _printed(place: int) -> dict[str, str]:
    """Where the dissertation prints a comparison, for each metric and for all together."""
    low, high = FIRST + 2 * place, FIRST_OF_ALL + 6 * place
    printed = {m: f"Fig. {high + i}" for i, m in enumerate(AP_COLUMNS)}
    printed |= {m: f"Fig. {low + i} and {printed[m]}" for i, m in enumerate(AP_COLUMNS[:2])}
    return printed | {"all": f"Figs. {low}, {low + 1} and {high}-{high + 5}"}


def _group(
    name: str, recipes: Collection[str], what: str, printed: Mapping[str, str], singles: bool
) -> list[ApFigure]:
    def with_place(key: str) -> str:
        return f"{what} (as {printed[key]})" if key in printed else what

    chosen = list(recipes)
    found = [ApFigure(f"ap_{name}", AP_COLUMNS, chosen, with_place("all"))]
    if singles:
        for m in AP_COLUMNS:
            found.append(ApFigure(f"panels/{m.lower()}_{name}", [m], chosen, with_place(m)))
    return found
