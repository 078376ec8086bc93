"""The slices and their mitochondria (notebook 01)."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from promic_nb.reporting.arrays import grouped_arrays
from promic_nb.reporting.drawing import Drawing, Figures, Form, Page, Parameters
from promic_nb.reporting.plots.slices import slices_with_boxes


def table2(table: pd.DataFrame, about: Parameters) -> Form:
    """Boxes by size, as Table 2."""
    caption = (
        f"Bounding boxes by size, {about['dataset']} compared with Table 2 of the dissertation."
    )
    return Form(caption, table.style.format(precision=1).hide())


def samples(pictures: pd.DataFrame, about: Parameters) -> Iterator[Drawing]:
    """Training slices with their boxes.

    Args:
        pictures: arrays `image` and `boxes` of each slice.
    """
    slices = grouped_arrays(pictures)
    name = about["dataset"]
    yield Drawing(
        "samples",
        slices_with_boxes(
            [s["image"] for s in slices.values()],
            [s["boxes"] for s in slices.values()],
            [f"{name}, training slice {number}" for number in slices],
        ),
        f"Training slices of {name} with the boxes of their mitochondria (Figs. 14-16).",
        f"{len(slices)} grey micrographs, each with yellow boxes around its mitochondria.",
    )


PAGE = Page((Figures("samples", ("sample_pictures",), samples),), {"table2": table2})
