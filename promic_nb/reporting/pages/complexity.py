"""Operations of the translator and of whole pipelines (notebook 10)."""

from __future__ import annotations

import pandas as pd

from promic_nb.reporting.drawing import Form, Page, Parameters


def table8(table: pd.DataFrame, about: Parameters) -> Form:
    """Operations of the Domain Translator, as Table 8."""
    caption = (
        f"Operations of the Domain Translator (GMAC) for {about['height']}x{about['width']} "
        "pixels, by the convention of Table 8 and in true operations."
    )
    return Form(caption, table.style.format(precision=3).hide())


def table7(table: pd.DataFrame, about: Parameters) -> Form:
    """Operations of each way from bitstream to boxes, as Table 7."""
    caption = (
        f"Operations (GMAC) for {about['height']}x{about['width']} pixels and "
        f"{about['proposals']} proposals, by the convention of Table 7 and in true operations, and "
        "what ProMIC saves."
    )
    return Form(caption, table.style.format(precision=2).hide())


def savings_in_words(table: pd.DataFrame) -> str:
    """What ProMIC saves against each way that decodes, as a list in Markdown.

    Args:
        table: the table `table7`.

    Example:
        >>> ways = {"model": ["A", "ProMIC"], "saving_percent": [42.4, 0.0]}
        >>> print(savings_in_words(pd.DataFrame(ways | {"saving_true_percent": [-3.0, 0.0]})))
        - Against *A*, ProMIC saves 42.4 % by Table 7's convention and needs 3.0 % more in true
          operations.
    """
    rows = table[~table.model.str.startswith("ProMIC")].to_dict("records")
    return "\n".join(
        f"- Against *{row['model']}*, ProMIC {_saves(row['saving_percent'])} by Table 7's "
        f"convention and {_saves(row['saving_true_percent'])} in true\n  operations."
        for row in rows
    )


def _saves(percent: float) -> str:
    return f"saves {percent:.1f} %" if percent >= 0 else f"needs {-percent:.1f} % more"


def decoder_complexity(table: pd.DataFrame, about: Parameters) -> Form:
    """Operations of the decoder over the rate (section 4.4)."""
    caption = (
        f"Operations (GMAC) that decode a synthetic slice of {about['timed_height']}x"
        f"{about['timed_width']} pixels, luma alone, by the convention of Table 7 and in true "
        "operations, over the rate."
    )
    return Form(caption, table.style.format(precision=3).hide())


PAGE = Page(forms={"table7": table7, "table8": table8, "decoder_complexity": decoder_complexity})
