"""Experiments on what limits the models (notebook 24)."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from promic_nb.reporting.drawing import Drawing, Figures, Page, Parameters
from promic_nb.reporting.plots.curves import ap_over_iterations


def course(curves: pd.DataFrame, about: Parameters) -> Iterator[Drawing]:
    """AP50 over the iterations.

    Args:
        curves: rows of iteration, AP50 (0..1), setting, recipe, rate, seed.
    """
    last = curves.sort_values("iteration").groupby(["setting", "recipe", "rate"]).AP50.last()
    words = "; ".join(f"{' '.join(key)}: {100 * value:.1f}" for key, value in last.items())
    yield Drawing(
        "diagnosis_curves",
        ap_over_iterations(curves),
        f"AP50 on validation slices of {about['dataset']} over the iterations, profile "
        f"{about['profile']}.",
        f"Lines of AP50 in percent over iterations. At their ends: {words or 'none'}.",
    )


PAGE = Page((Figures("diagnosis_curves", ("diagnosis_course",), course),))
