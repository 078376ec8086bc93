"""Two codecs on the same images: rates at equal PSNR, and BD-rates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from promic_nb import codecs
from promic_nb.errors import UserError
from promic_nb.metrics.bjontegaard import Limits, bd_rate
from promic_nb.metrics.psnr import psnr

# Points of the curve of each reference, from lowest to highest rate.
REFERENCES: dict[str, list[dict[str, Any]]] = {
    "jpeg2000": [
        {"bpp": bpp}
        for bpp in (
            *(0.02, 0.03, 0.04, 0.06, 0.08, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0),
            *(1.3, 1.6, 2.0, 2.5, 3.0, 4.0),
        )
    ],
    "hevc": [{"qp": qp} for qp in (49, 46, 43, 40, 37, 35, 33, 32, 31, 30, 28, 26, 24, 22, 19)],
}
GAINS = (-1500, -1150, -800, -450, -100, 250, 600)  # of the general weights: 19 to 35 dB on VNC


def curve(
    name: str,
    points: Sequence[dict[str, Any]],
    images: Mapping[str, np.ndarray],
    progress: bool = True,
) -> pd.DataFrame:
    """Rate and PSNR of real streams at each point of a codec's curve, for each image.

    Args:
        name: of the codec.
        points: its settings.
        images: uint8 (H, W), by name.

    Returns:
        Columns image, codec, setting, bpp, psnr_db.
    """
    rows = []
    for point in tqdm(points, desc=name, unit="point", disable=not progress):
        codec = codecs.get(name, **point)
        for label, image in images.items():
            stream = codec.encode(image)
            quality = psnr(image.astype(float), codec.decode(stream).astype(float), 255.0)
            rows.append((label, name, codec.setting, codecs.bpp(stream, image.shape), quality))
    return pd.DataFrame(rows, columns=["image", "codec", "setting", "bpp", "psnr_db"])


def rates_at(table: pd.DataFrame, levels: Sequence[float]) -> pd.DataFrame:
    """The rate of each image (rows) at each PSNR (columns), in bpp.

    The logarithm of the rate is interpolated linearly between the points of the curve; NaN outside
    of its range.

    Example:
        >>> table = pd.DataFrame({"image": "a", "bpp": [0.1, 0.4], "psnr_db": [20.0, 30.0]})
        >>> rates_at(table, [25, 31]).round(3).loc["a"].tolist()
        [0.2, nan]
    """
    rates = {}
    for image, points in table.sort_values("bpp").groupby("image"):
        # A finer setting with a lower PSNR is no point of the curve.
        hull = points[points.psnr_db > points.psnr_db.cummax().shift(fill_value=-np.inf)]
        rates[image] = np.exp(
            np.interp(levels, hull.psnr_db, np.log(hull.bpp), left=np.nan, right=np.nan)
        )
    return pd.DataFrame.from_dict(rates, orient="index", columns=list(levels))


def relative_rates(
    ours: pd.DataFrame, reference: pd.DataFrame, levels: Sequence[float]
) -> pd.DataFrame:
    """Our rate as a multiple of the reference's at equal PSNR.

    Args:
        ours, reference: as `curve` returns them, of the same images.
        levels: PSNR in dB.

    Returns:
        A row for each level that both curves reach on some image: psnr_db, images (how many),
        bpp (our mean), relative (geometric mean), best and worst.
    """
    rates = rates_at(ours, levels)
    relative = rates / rates_at(reference, levels)
    found = pd.DataFrame(
        {
            "psnr_db": list(levels),
            "images": relative.notna().sum().to_numpy(),
            "bpp": rates.where(relative.notna()).mean().to_numpy(),
            "relative": np.exp(np.log(relative).mean()).to_numpy(),
            "best": relative.min().to_numpy(),
            "worst": relative.max().to_numpy(),
        }
    )
    return found[found.images > 0].reset_index(drop=True)


def mean_bd_rate(ours: pd.DataFrame, reference: pd.DataFrame) -> float:
    """BD-rate by PSNR of the mean curves over all images, in percent; NaN where there is none.

    The mean is that of rates and PSNR at each setting, over 0.05 to 2.5 bpp.
    """
    curves = []
    for table in (reference, ours):
        mean = table.groupby("setting", sort=False)[["bpp", "psnr_db"]].mean().sort_values("bpp")
        mean = mean[mean.bpp.between(0.05, 2.5)]
        curves += [mean.bpp.tolist(), mean.psnr_db.tolist()]
    try:
        return bd_rate(*curves, limits=Limits(overlap=0.5)).value
    except UserError:
        return float("nan")
