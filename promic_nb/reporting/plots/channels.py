"""Detectors that read only some of the latent's channels."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure


def ap_and_operations(table: pd.DataFrame) -> Figure:
    """AP50 and operations over the number of latent channels that a detector reads.

    Each line ends at the detector that reads all channels.

    Args:
        table: rows of channels, channel_choice ("all" for the one that reads all), AP50 (0..1),
            gmac_translator, gmac.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2))
    whole = table[table.channel_choice == "all"]
    for choice, marker in (("variance", "s"), ("importance", "o")):
        curve = pd.concat([table[table.channel_choice == choice], whole]).sort_values("channels")
        if len(curve) > len(whole):
            left.plot(curve.channels, 100 * curve.AP50, marker=marker, label=f"chosen by {choice}")
    left.axhline(100 * whole.AP50.mean(), color="black", linestyle="--", label="all channels")
    left.set(xlabel="channels of the latent", ylabel="AP50 (%)")
    left.legend()
    each = table.drop_duplicates("channels").sort_values("channels")
    for column, label in (("gmac", "latent to boxes"), ("gmac_translator", "translator")):
        right.plot(each.channels, each[column], marker="o", label=label)
    right.set(xlabel="channels of the latent", ylabel="GMAC", ylim=(0, None))
    right.legend()
    return figure
