"""The published tables in figures/: read, and matched with what is drawn from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from promic_nb.core.files import read_parquet, sha256
from promic_nb.core.paths import relative
from promic_nb.errors import UserError
from promic_nb.reporting.drawing import Figures, Form, Page, Parameters
from promic_nb.reporting.registry import PAGES
from promic_nb.runs.explain import read_sidecar

VERDICTS = "verdicts"  # made from the other tables, not by a run


@dataclass(frozen=True)
class Published:
    """The published tables with their sidecars.

    Args:
        folder: figures/ of the project, or a copy of it.
    """

    folder: Path

    @cached_property
    def tables(self) -> dict[str, Path]:
        """The Parquet files of runs by name, sorted."""
        found = {path.stem: path for path in sorted(self.folder.glob("*.parquet"))}
        found.pop(VERDICTS, None)
        return found

    @cached_property
    def figures(self) -> dict[str, dict[str, Any]]:
        """The sidecars of all figures that lie there, by name."""
        return {path.stem: read_sidecar(path) for path in sorted(self.folder.glob("*.png"))}

    def sidecar(self, table: str) -> dict[str, Any]:
        """What is recorded of a table; for errors see `read_sidecar`."""
        return read_sidecar(self.tables[table])

    def matching(self, name: str) -> list[str]:
        """The tables that a name of `Figures.tables` stands for."""
        return [table for table in self.tables if fnmatchcase(table, name)]

    def read(self, name: str) -> pd.DataFrame:
        """The tables that a name stands for, one below the other."""
        parts = [read_parquet(self.tables[table]) for table in self.matching(name)]
        return parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)

    def missing(self, figures: Figures) -> list[str]:
        """The tables that figures need and that are not there."""
        return [name for name in figures.tables if not self.matching(name)]

    def upstream(self, figures: Figures) -> dict[str, str]:
        """SHA-256 of the tables that figures are drawn from, by file."""
        paths = [self.tables[t] for name in figures.tables for t in self.matching(name)]
        return {relative(path): sha256(path) for path in paths}

    def about(self, figures: Figures) -> dict[str, Any]:
        """The sidecar of the table that gives figures their parameters: the first one."""
        return self.sidecar(self.matching(figures.tables[0])[0])


def refuse_mixed_runs(tables: Mapping[str, dict[str, Any]]) -> None:
    """Refuse tables of which one figure would show several runs: its sidecar names only one.

    Args:
        tables: sidecars by the table's name.

    Raises:
        UserError: a figure's tables are of several profiles or data sets, or only some of them are
            of a smoke run.
    """
    for figures in all_figures():
        runs: dict[str, str] = {}
        for name, about in tables.items():
            if any(fnmatchcase(name, wanted) for wanted in figures.tables):
                kind = "smoke run" if about["smoke"] else "run"
                runs[f"{kind} {about['profile']}/{about['dataset']}"] = name
        if len(runs) > 1:
            found = " and ".join(f"{name} of the {run}" for run, name in sorted(runs.items()))
            raise UserError(
                f"the figures {figures.names} would show several runs as one: {found}",
                "Publish all of their tables from one run, or delete the others from figures/",
            )


def all_figures() -> Iterator[Figures]:
    """The figures of all pages."""
    for page in PAGES.values():
        yield from page.figures


def figures_of(notebook: str, name: str) -> Figures | None:
    """What draws a figure of a notebook; None if nothing does."""
    page = PAGES[notebook] if notebook in PAGES else Page()
    return next((f for f in page.figures if fnmatchcase(name, f.names)), None)


def form_of(notebook: str, table: str) -> Callable[[pd.DataFrame, Parameters], Form] | None:
    """The readable form of a notebook's table; None if the table is shown as it is."""
    page = PAGES[notebook] if notebook in PAGES else Page()
    return next((make for name, make in page.forms.items() if fnmatchcase(table, name)), None)
