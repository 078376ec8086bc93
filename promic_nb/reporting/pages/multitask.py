"""Trainings of the multi-task study (notebook 17)."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import pandas as pd

from promic_nb.reporting.drawing import Drawing, Figures, Page, Parameters

PANELS = (("encoder", "mse"), ("facenet", "cosine"), ("supnet", "mse_hr"), ("together", "loss"))


def course(losses: pd.DataFrame, faces: pd.DataFrame, about: Parameters) -> Iterator[Drawing]:
    """A loss of each training over its iterations.

    Args:
        losses: rows of training, step, loss, value.
        faces: rows with a column pictures.
    """
    figure, axes = plt.subplots(2, 2, figsize=(8, 5))
    for axis, (training, loss) in zip(axes.flat, PANELS, strict=True):
        line = losses[(losses.training == training) & (losses.loss == loss)]
        axis.plot(line.step, line.value)
        axis.set(title=training, xlabel="iteration", ylabel=loss.replace("_", " "), ylim=(0, None))
    yield Drawing(
        "multitask_course",
        figure,
        f"Losses of the trainings on {faces.pictures[0]}: encoder, facenet, supnet, and all three "
        "together (as Figs. 5.7, 5.11, 5.14 and 5.16).",
        "Four line charts of a loss that falls over the iterations of a training.",
    )


PAGE = Page((Figures("multitask_course", ("multitask_losses", "multitask_faces"), course),))
