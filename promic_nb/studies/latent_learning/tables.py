"""Tables derived from the study's results: no networks here."""

from __future__ import annotations

import numpy as np
import pandas as pd

# of the latent (section 3.4.4): as many values as pixels, so bits per value are bits per pixel
CHANNELS = 256
SUBSETS = (32, 16)  # numbers of channels of highest variance (Table 4)
ON_PIXELS = {
    "resnet41": "resnet50",
    "mobilenetv2_45": "mobilenetv2",
}  # the network that reads reconstructions instead of latents


def correlations(pictures: pd.DataFrame, channels: pd.DataFrame) -> pd.DataFrame:
    """Linear correlation of entropy with log(sigma^2), for each rate and for all rates together.

    It is computed over pictures (as in Fig. 2) and over channels.

    Args:
        pictures: columns rate, bpp, log_variance; pictures with zeros only have no log_variance and
            are left out.
        channels: columns rate, variance, entropy_bits; channels without variance carry nothing and
            are left out.

    Returns:
        Columns over ("pictures" or "channels"), rate ("all" for all together), points, correlation
        (NaN for fewer than three points).
    """
    live = channels[channels.variance > 0]
    points = {
        "pictures": pictures[["rate", "log_variance", "bpp"]].set_axis(
            ["rate", "term", "entropy"], axis=1
        ),
        "channels": live.assign(term=np.log(live.variance))[
            ["rate", "term", "entropy_bits"]
        ].set_axis(["rate", "term", "entropy"], axis=1),
    }
    rows = []
    for over, table in points.items():
        table = table.dropna()
        for rate, part in [*table.groupby("rate"), ("all", table)]:
            rows.append(
                (over, rate, len(part), part.term.corr(part.entropy) if len(part) > 2 else np.nan)
            )
    return pd.DataFrame(rows, columns=["over", "rate", "points", "correlation"])


def comparable(table: pd.DataFrame) -> pd.DataFrame:
    """The top-1 accuracies that Table 2 compares.

    They are those of learners on all channels, tested at the original sizes on latents and at the
    fixed size on reconstructions.

    Args:
        table: results of the learners: columns domain, features, tested, metric and others.
    """
    tested_as = {"latent": "original", "reconstruction": "fixed"}
    here = (table.metric == "top1") & (table.features == CHANNELS)
    return table[here & (table.tested == table.domain.map(tested_as))]


def gains(table: pd.DataFrame) -> pd.DataFrame:
    """The comparisons of Tables 2 to 4 and 7.

    They are differences of top-1 accuracy in percentage points, at each rate.

    Args:
        table: results of the learners at several rates: columns network, domain, training,
            features, tested, rate, metric, value (0..1).

    Returns:
        Columns comparison, network, rate, gain_pp; rate "mean" is the mean over all rates.
    """
    top1 = (
        table.query("metric == 'top1'")
        .set_index(["network", "domain", "training", "features", "tested", "rate"])
        .value.sort_index()
        * 100
    )
    found: dict[tuple[str, str], pd.Series] = {}
    for name in [n for n in ON_PIXELS if n in set(table.network)]:
        ours = top1[name, "latent", "variable", CHANNELS, "original"]
        others = {
            "latent - reconstruction": top1[
                ON_PIXELS[name], "reconstruction", "smallest", CHANNELS, "fixed"
            ],
            **{
                f"variable - {size}": top1[name, "latent", size, CHANNELS, "original"]
                for size in ("smallest", "largest")
            },
        }
        found |= {(comparison, name): ours - other for comparison, other in others.items()}
        features = set(table[table.network == name].features)
        found |= {
            (f"{n} features - all", name): top1[name, "latent", "variable", n, "original"] - ours
            for n in SUBSETS
            if n in features
        }
    if "resnet49" in set(table.network):
        large = top1["resnet49", "latent"].xs((CHANNELS, "enlarged"), level=["features", "tested"])
        found["variable - middle", "resnet49"] = large["variable"] - large["middle"]
    rows = [
        (*key, rate, float(value))
        for key, gain in found.items()
        for rate, value in [*gain.items(), ("mean", gain.mean())]
    ]
    return pd.DataFrame(rows, columns=["comparison", "network", "rate", "gain_pp"])
