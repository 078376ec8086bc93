"""Variants of ProMIC in words: from the tables of notebook 18."""

from __future__ import annotations

import pandas as pd

from promic_nb.reporting import sentences
from promic_nb.reporting.published import Published
from promic_nb.reporting.texts.markdown import markdown, needing


@needing("extensions")
def rates(published: Published) -> str:
    """AP50 of a model for each rate, and of one for all."""
    table = published.read("extensions")
    boxes = table[(table.of == "boxes") & (table.metric == "AP50")]
    part = boxes[boxes.variant.isin(["plain", "one model"])]
    named = part.assign(
        model=part.recipe.where(part.variant == "plain", "one for all, *" + part.rate_input + "*")
    )
    return _by_rate(named.assign(value=100 * named.value), "AP50 (%)")


def _by_rate(table: pd.DataFrame, corner: str) -> str:
    rates = table.groupby("rate", sort=False).bpp.mean().sort_values()
    grid = table.pivot_table(index="model", columns="rate", values="value", sort=False)
    rows = [[m, *(f"{grid.loc[m, r]:.1f}" for r in rates.index)] for m in grid.index]
    return markdown([corner, *(f"{bpp:.2f} bpp" for bpp in rates)], rows)


@needing("extensions", "channels")
def variants(published: Published) -> str:
    """AP of each variant at one rate, and the operations where they differ."""
    table = published.read("extensions")
    rate = published.sidecar("channels")["parameters"]["rate"]
    here = table[(table.rate == rate) & (table.variant != "one model")]
    means = 100 * here.pivot_table(
        index=["recipe", "variant", "channels", "channel_choice", "guidance", "of"],
        columns="metric",
        values="value",
        sort=False,
    )
    rows = []
    for (recipe, variant, channels, choice, guidance, of), row in means.iterrows():
        what = {
            "plain": recipe,
            "channels": f"{recipe}, {channels} channels by {choice}",
            "guidance": f"{recipe}, online GDTT, weight {guidance:g}",
            "masks": f"{recipe} with masks: {of}",
        }.get(variant, f"{recipe}, {variant}: {of}")
        rows.append([what, *(f"{row[m]:.1f}" for m in ("AP", "AP50", "AP75"))])
    return markdown([f"rate *{rate}*, percent", "AP", "AP50", "AP75"], rows)


@needing("channels")
def operations(published: Published) -> str:
    """Operations by number of channels."""
    table = published.read("channels").drop_duplicates("channels").sort_values("channels")
    rows = [
        (row["channels"], f"{row['gmac_translator']:.2f}", f"{row['gmac']:.2f}")
        for row in table.to_dict("records")
    ]
    return markdown(["channels read", "GMAC, translator", "GMAC, latent to boxes"], rows)


@needing("extension_differences")
def differences(published: Published) -> str:
    """Each variant against its plain model."""
    table = published.read("extension_differences")
    shown = table[table.metric.isin(["AP50", "AP"])]
    return sentences.bullets(map(sentences.of_row, shown.to_dict("records")))
