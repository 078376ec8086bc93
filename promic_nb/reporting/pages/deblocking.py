"""JPEG images restored by networks (notebook 13)."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from promic_nb.reporting.drawing import Drawing, Figures, Form, Page, Parameters
from promic_nb.studies.deblocking.network import model_names
from promic_nb.studies.deblocking.results import LABELS

ALT = (
    "Four panels of violins over JPEG quality: absolute error, squared error, PSNR and SSIM, "
    "a violin for each model."
)


def networks(table: pd.DataFrame, about: Parameters) -> Form:
    """Parameters of the networks, as Table 4."""
    numbers = {"published": "{:.0f}", "difference_percent": "{:.2f}"}
    shown = table[["label", "parameters", *numbers]]
    caption = "Parameters of the networks, counted as Keras does, beside Table 4 (-: not printed)."
    return Form(caption, shown.style.format(numbers, na_rep="-").hide())


def storage(table: pd.DataFrame, about: Parameters) -> Form:
    """Sizes of JPEG files, as Table 1."""
    caption = (
        f"Mean size of JPEG files of {table.dataset[0]} and what is saved against JPEG-75 "
        "and against raw RGB (as Table 1)."
    )
    return Form(caption, table.style.format(precision=2).hide())


def reach(table: pd.DataFrame, about: Parameters) -> Form:
    """The lowest quality that reaches JPEG-75 when restored."""
    caption = (
        f"Lowest JPEG quality of {table.dataset[0]} that reaches JPEG-75 when restored, "
        "and the storage it saves (-: none of those measured)."
    )
    numbers = {"lowest_quality": "{:.0f}", "saved_percent": "{:.1f}"}
    return Form(caption, table.style.format(numbers, na_rep="-").hide())


def distances(results: pd.DataFrame, about: Parameters) -> Iterator[Drawing]:
    """Distances to the originals before and after restoration (as Figs. 24 and 26)."""
    drawn = _drawn(results, about)
    before = drawn.drop_duplicates(["dataset", "image", "quality", "metric"])
    before = before.assign(model="JPEG", value=before.jpeg)
    after = drawn.assign(value=drawn.restored)
    yield Drawing(
        "deblocking_violins",
        violins(pd.concat([before, after], ignore_index=True)),
        f"Distance of test images of {results.dataset[0]} to their originals: "
        "JPEG and restored (as Figs. 24 and 26).",
        ALT,
    )


def changes(results: pd.DataFrame, about: Parameters) -> Iterator[Drawing]:
    """What restoration changes (as Figs. 25 and 27)."""
    drawn = _drawn(results, about)
    yield Drawing(
        "deblocking_change",
        violins(drawn.assign(value=drawn.restored - drawn.jpeg), zero=True),
        f"Relative reconstruction of test images of {results.dataset[0]}, "
        "restored minus JPEG (as Figs. 25 and 27).",
        ALT,
    )


def _drawn(results: pd.DataFrame, about: Parameters) -> pd.DataFrame:
    """Whole images at the qualities shown; all models where none of those to draw is there."""
    whole = results[(results["size"] == "full") & results.quality.isin(about["shown"])]
    whole = whole.assign(model=model_names(whole))
    chosen = whole[(whole.loss == "mse") & whole.network.isin(about["drawn"])]
    return chosen if len(chosen) else whole


def violins(values: pd.DataFrame, zero: bool = False) -> Figure:
    """A panel for each metric, a violin for each model and quality.

    Args:
        values: rows of model, quality, metric, value.
        zero: marks no change.
    """
    figure, axes = plt.subplots(2, 2, figsize=(10, 6))
    shape = {"cut": 0, "linewidth": 0.6, "density_norm": "width"}
    for axis, (metric, label) in zip(axes.flat, LABELS.items(), strict=True):
        part = values[values.metric == metric]
        first = axis is axes[0, 0]
        sns.violinplot(part, x="quality", y="value", hue="model", ax=axis, legend=first, **shape)
        axis.set(xlabel="JPEG quality of the input", ylabel=label)
        if zero:
            axis.axhline(0, color="darkorange", linestyle="--")
    entries = axes[0, 0].get_legend_handles_labels()
    axes[0, 0].get_legend().remove()
    figure.legend(*entries, loc="outside lower center", ncols=4)
    return figure


PAGE = Page(
    (
        Figures("deblocking_violins", ("deblocking_results",), distances),
        Figures("deblocking_change", ("deblocking_results",), changes),
    ),
    {
        "deblocking_networks": networks,
        "deblocking_storage": storage,
        "deblocking_reach": reach,
    },
)
