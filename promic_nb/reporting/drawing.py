"""What pages show, as functions of tidy tables: figures, and tables in readable form.

A notebook and `promic figures` call the same functions. The notebook has just computed the tables;
`promic figures` reads the published ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from pandas.io.formats.style import Styler

from promic_nb.runs.provenance import Run

# Of the notebook that saved the tables; for a form also `caption`, the caption that it saved.
Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Drawing:
    """A figure and what is said of it.

    Attributes:
        name: of its files.
        caption, alt: see `Run.save_figure`.
    """

    name: str
    figure: Figure
    caption: str
    alt: str


@dataclass(frozen=True)
class Form:
    """A table as a reader sees it.

    Attributes:
        caption: one sentence, with units.
        style: how it is shown.
        latex: replaces the LaTeX of the style.
    """

    caption: str
    style: Styler
    latex: str = ""

    def as_latex(self) -> str:
        return self.latex or self.style.to_latex(hrules=True, caption=self.caption)

    def as_html(self, name: str) -> str:
        return self.style.to_html(table_uuid=name)


@dataclass(frozen=True)
class Figures:
    """Figures that are drawn from the same tables.

    Attributes:
        names: of the figures; "rd_*" stands for all that begin with rd_.
        tables: names of the tables; "benchmark_*" stands for all that begin with benchmark_, one
            below the other.
        draw: gets these tables in this order, then the parameters.
    """

    names: str
    tables: tuple[str, ...]
    draw: Callable[..., Iterable[Drawing]]


@dataclass(frozen=True)
class Page:
    """What one notebook shows.

    Attributes:
        figures: its figures.
        forms: its tables in readable form, by the table's name ("x_*" as in `Figures`). A table
            without a form is shown as it is.
    """

    figures: tuple[Figures, ...] = ()
    forms: Mapping[str, Callable[[pd.DataFrame, Parameters], Form]] = field(default_factory=dict)


def save_drawings(run: Run, drawings: Iterable[Drawing], folder: str) -> None:
    """Save the figures of a notebook."""
    for drawing in drawings:
        run.save_figure(drawing.figure, f"{folder}/{drawing.name}", drawing.caption, drawing.alt)


def save_form(run: Run, table: pd.DataFrame, path: str, form: Form) -> Styler:
    """Save a table with the LaTeX and HTML of its form; return the styled table for display.

    Args:
        path: without suffix.
    """
    name = path.rpartition("/")[2]
    run.save_table(table, path, form.caption, latex=form.as_latex(), html=form.as_html(name))
    return form.style
