"""Numbers and times in readable form."""

from __future__ import annotations

from typing import Any

import pandas as pd


def span(seconds: float | None) -> str:
    """Seconds in at most two units; "?" if unknown (None or NaN).

    Example:
        >>> span(7.25), span(125), span(5400), span(None)
        ('7.2 s', '2 min 05 s', '1 h 30 min', '?')
    """
    if seconds is None or seconds != seconds:
        return "?"
    minutes, s = divmod(round(seconds), 60)
    hours, m = divmod(minutes, 60)
    if hours:
        return f"{hours} h {m:02d} min"
    if m:
        return f"{m} min {s:02d} s"
    return f"{seconds:.1f} s" if seconds < 10 else f"{s} s"


def about(seconds: float | None) -> str:
    """Seconds of an estimate, rounded; "?" if unknown.

    Example:
        >>> about(43), about(400), about(9000), about(None)
        ('45 s', '7 min', '2.5 h', '?')
    """
    if seconds is None or seconds != seconds:
        return "?"
    if seconds < 90:
        return f"{max(5, 5 * round(seconds / 5))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def number(value: Any) -> str:
    """A table cell: floats with four digits, NaN as an empty string.

    Example:
        >>> number(0.123456), number(float("nan")), number(12)
        ('0.1235', '', '12')
    """
    if isinstance(value, float):
        return "" if pd.isna(value) else f"{value:.4g}"
    return str(value)
