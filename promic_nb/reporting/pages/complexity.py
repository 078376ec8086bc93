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


PAGE = Page(forms={"table7": table7, "table8": table8})
