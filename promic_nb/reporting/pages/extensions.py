"""Variants of ProMIC (notebook 18)."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import pandas as pd

from promic_nb.reporting.drawing import Drawing, Figures, Page, Parameters
from promic_nb.reporting.plots import channels as plots


def channels(table: pd.DataFrame, about: Parameters) -> Iterator[Drawing]:
    """AP50 and operations over the number of channels."""
    yield Drawing(
        "channels_plot",
        plots.ap_and_operations(table),
        f"AP50 of ProMIC at rate '{about['rate']}' on test slices of {about['dataset']} over the "
        "channels that it reads, and the operations that it needs.",
        "Two line charts over the number of channels: AP50, one line for each way to choose them, "
        "and GMAC of the translator and of the whole model.",
    )


def one_model(extensions: pd.DataFrame, about: Parameters) -> Iterator[Drawing]:
    """A model for all rates and a model for each; nothing where there is no model for all."""
    boxes = extensions[(extensions.of == "boxes") & (extensions.metric == "AP50")]
    many = boxes[boxes.variant.isin(["one model", "plain"])]
    if not (many.variant == "one model").any():
        return
    many = many.assign(
        model=many.recipe.where(many.variant == "plain", "one model, " + many.rate_input)
    )
    figure, axis = plt.subplots(figsize=(6, 3.6))
    for (name, variant), curve in many.groupby(["model", "variant"], sort=False):
        means = curve.groupby("bpp").value.mean()
        line = "--" if variant == "plain" else "-"
        axis.plot(means.index, 100 * means, marker="o", linestyle=line, label=name)
    axis.set(xlabel="rate (bpp)", ylabel="AP50 (%)")
    axis.legend()
    yield Drawing(
        "one_model",
        figure,
        f"AP50 on test slices of {about['dataset']} over rate: a model for each rate (dashed), and "
        "one model for all rates.",
        "Line chart of AP50 in percent against bits per pixel; dashed lines for models A and "
        "ProMIC, solid lines for one model for all rates.",
    )


PAGE = Page(
    (
        Figures("channels_plot", ("channels",), channels),
        Figures("one_model", ("extensions",), one_model),
    )
)
