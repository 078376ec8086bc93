"""The screen of `promic figures`: what was redrawn, and what could not be."""

from __future__ import annotations

from rich.console import Group
from rich.text import Text

from promic_nb.reporting.redraw import Redrawn


def screen(done: Redrawn, pages: list[str]) -> Group:
    """One line for what was done, then one for each exception.

    Args:
        pages: of the documentation, in which numbers changed.
    """
    lines = [
        f"{len(done.figures)} figures redrawn from {len(done.tables)} published tables, "
        "and the verdicts."
    ]
    if pages:
        lines.append(f"Numbers changed in {', '.join(pages)}.")
    lines += [f"Not redrawn: {name} {reason}" for name, reason in done.kept.items()]
    lines += [
        f"Not published: {names} needs {', '.join(tables)}"
        for names, tables in done.undrawn.items()
    ]
    lines += [f"Not as its run saved it: {name}.parquet" for name in done.changed]
    return Group(*map(Text, lines))
