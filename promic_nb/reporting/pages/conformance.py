"""Reference values of the metrics (notebook 09)."""

from __future__ import annotations

import pandas as pd

from promic_nb.reporting.drawing import Form, Page, Parameters


def conformance(table: pd.DataFrame, about: Parameters) -> Form:
    """The largest error of each metric."""
    by_metric = (
        table.groupby(["metric", "error_in"], sort=False)
        .agg(
            references=("reference", lambda r: ", ".join(r.unique())),
            values=("value", "size"),
            largest_error=("error", "max"),
            tolerance=("tolerance", "first"),
        )
        .reset_index()
    )
    caption = (
        f"{len(table)} reference values against promic_nb: {table.ok.sum()} within tolerance. "
        "Largest error of each metric."
    )
    formats = {"largest_error": "{:.1e}", "tolerance": "{:.0e}"}
    printed = by_metric.style.format(formats, escape="latex").hide()
    latex = printed.to_latex(hrules=True, caption=caption)
    return Form(caption, by_metric.style.format(formats).hide(), latex)


PAGE = Page(forms={"conformance": conformance})
