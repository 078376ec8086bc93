"""How figures and tables are written in all their forms."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from promic_nb.core.files import atomically

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def write_figure(figure: Figure, path: Path) -> list[str]:
    """Write a figure as PDF and PNG; return the suffixes.

    Equal figures are equal files.
    """
    undated = {"CreationDate": None}
    atomically(
        path.with_suffix(".pdf"), lambda p: figure.savefig(p, format="pdf", metadata=undated)
    )
    atomically(path.with_suffix(".png"), lambda p: figure.savefig(p, format="png", dpi=160))
    return [".pdf", ".png"]


def write_forms(
    table: pd.DataFrame, path: Path, caption: str, latex: str | None = None, html: str | None = None
) -> list[str]:
    """Write a table as CSV and LaTeX, and as HTML where it is given; return the suffixes.

    Args:
        latex, html: formatted versions; LaTeX is by default that of the plain table.
    """
    plain = table.style.format(escape="latex", precision=3).hide()
    forms: dict[str, Callable[[Path], object]] = {
        ".csv": lambda p: table.to_csv(p, index=False),
        ".tex": lambda p: p.write_text(latex or plain.to_latex(hrules=True, caption=caption)),
    }
    if html:
        forms[".html"] = lambda p: p.write_text(html)
    for suffix, write in forms.items():
        atomically(path.with_suffix(suffix), write)
    return list(forms)
