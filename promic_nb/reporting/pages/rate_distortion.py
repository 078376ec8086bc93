"""Quality and cost of codecs over rate (notebook 04)."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from promic_nb.metrics.registry import METRICS
from promic_nb.reporting.drawing import Drawing, Figures, Form, Page, Parameters
from promic_nb.reporting.intervals import note_of
from promic_nb.reporting.plots import rate_distortion as plots


def labels(table: pd.DataFrame) -> dict[str, str]:
    """From each measured metric to the label of its axis, in the registry's order."""
    return {m: METRICS[m].axis_label for m in METRICS if m in set(table.metric)}


def curves(benchmarks: pd.DataFrame, floors: pd.DataFrame, about: Parameters) -> Iterator[Drawing]:
    """Quality over rate, one figure for each metric, beside floors and lossless rates."""
    dataset = about["dataset"]
    for metric, label in labels(benchmarks).items():
        yield Drawing(
            f"rd_{metric}",
            plots.rate_quality(benchmarks, {metric: label}, floors),
            f"Mean {label} over mean rate on test slices of {dataset} (as Figs. 29-35).",
            f"Line chart: {label} against bits per pixel, one line for each codec.",
        )


def all_metrics(
    benchmarks: pd.DataFrame, floors: pd.DataFrame, about: Parameters
) -> Iterator[Drawing]:
    """Quality over rate, a panel for each metric, beside floors and lossless rates."""
    yield Drawing(
        "rate_distortion",
        plots.rate_quality(benchmarks, labels(benchmarks), floors),
        f"Mean quality over mean rate on test slices of {about['dataset']}; NLPD: lower is better "
        "(as Figs. 29-35).",
        "Line charts, one for each metric: quality against bits per pixel, "
        "one line for each codec.",
    )


def of_datasets(
    benchmarks: pd.DataFrame, others: pd.DataFrame, about: Parameters
) -> Iterator[Drawing]:
    """Quality over rate on several data sets, one figure for each metric."""
    table = pd.concat([benchmarks, others], ignore_index=True)
    for metric, label in labels(table).items():
        yield Drawing(
            f"rd_datasets_{metric}",
            plots.rate_quality_of_datasets(table, metric, label),
            f"Mean {label} over mean rate on test slices of {', '.join(table.dataset.unique())} "
            "(as Figs. 27 and 28).",
            f"Line chart: {label} against bits per pixel; colours are data sets, markers codecs.",
        )


def bd_rate(table: pd.DataFrame, about: Parameters) -> Form:
    """BD-rates, a row for each codec and reference, a column for each metric; a star where they
    cover rates at which noise is coded.
    """
    texts = table.bd_rate_percent.map("{:.1f}".format).replace("nan", "-")
    if "spans_floor" in table:
        texts += table.spans_floor.map({True: "*", False: ""})
    form = table.assign(text=texts).pivot_table(
        index=["reference", "codec"],
        columns="metric",
        values="text",
        aggfunc="first",
        dropna=False,
        sort=False,
    )
    shown = [m for m in METRICS if m in form.columns]
    form = form.reindex(columns=shown).rename(columns={m: METRICS[m].label for m in shown})
    caption = (
        f"BD-rate (%) on test slices of {about['dataset']}; negative values save rate. "
        "*: covers rates at which the reference codes noise (`rate_floors`)."
    )
    if "low" in table:
        caption += f" Low and high: {note_of(table)}."
    return Form(caption, form.reset_index().style.format(na_rep="-").hide())


def coded_slices(benchmarks: pd.DataFrame) -> pd.DataFrame:
    """One row for each coded slice instead of one for each metric."""
    return benchmarks.drop_duplicates(["codec", "setting", "slice"])


def coding_cost(table: pd.DataFrame, about: Parameters) -> Form:
    """Speed, memory and overhead of each codec."""
    caption = (
        "Coding speed (Mpixel/s), peak memory (MB) and container overhead (bytes): "
        f"medians over settings and test slices of {about['dataset']}."
    )
    return Form(caption, table.style.format(precision=2).hide())


def cost_curves(benchmarks: pd.DataFrame, about: Parameters) -> Iterator[Drawing]:
    """Time and memory over rate."""
    yield Drawing(
        "coding_cost_plot",
        plots.coding_cost(coded_slices(benchmarks)),
        f"Median time (s) and memory (MB) to encode and decode a test slice of {about['dataset']}, "
        "against rate.",
        "Line charts with logarithmic axes: seconds and megabytes against bits per pixel, "
        "one line for each codec.",
    )


PAGE = Page(
    (
        Figures("rd_datasets_*", ("benchmark_*", "other_benchmarks"), of_datasets),
        Figures("rate_distortion", ("benchmark_*", "rate_floors"), all_metrics),
        Figures("rd_*", ("benchmark_*", "rate_floors"), curves),
        Figures("coding_cost_plot", ("benchmark_*",), cost_curves),
    ),
    {"bd_rate": bd_rate, "coding_cost": coding_cost},
)
