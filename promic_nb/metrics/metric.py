"""What every quality metric is: a function of two frames, with what a table or an axis needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from promic_nb.metrics.front_end import Frame

IDENTICAL_DB = 100.0


@dataclass(frozen=True)
class Metric:
    """A quality metric.

    Attributes:
        function: of the reference and the distorted frame; NaN where it is undefined.
        label: for tables.
        unit: such as "dB"; "" where it has none.
        smallest: the least height and width that its definition allows.
        higher_is_better: its direction.
        needs_content: undefined where the reference is flat, or says nothing there (unless the
            images are equal).
        identical: its value for equal images.
    """

    function: Callable[[Frame, Frame], float]
    label: str
    unit: str = ""
    smallest: int = 1
    higher_is_better: bool = True
    needs_content: bool = False
    identical: float = 1.0

    @property
    def axis_label(self) -> str:
        """Label and unit.

        Example:
            >>> Metric(lambda a, b: 0.0, "PSNR", "dB").axis_label
            'PSNR (dB)'
        """
        return f"{self.label} ({self.unit})" if self.unit else self.label


def on_luma(
    function: Callable[[np.ndarray, np.ndarray], float], peak: float
) -> Callable[[Frame, Frame], float]:
    """A function of two lumas in 0..`peak`, float64 (H, W), as one of frames."""
    return lambda a, b: function(a.scaled(peak), b.scaled(peak))


def with_peak(
    function: Callable[[np.ndarray, np.ndarray, float], float],
) -> Callable[[Frame, Frame], float]:
    """A function of two lumas, float64 (H, W), and their peak as one of frames."""
    return lambda a, b: function(a.luma, b.luma, a.peak)
