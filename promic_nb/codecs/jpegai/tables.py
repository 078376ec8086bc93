"""Integer tables of the entropy coder.

They are stored with the weights: computed on another machine they could round differently.
"""

from __future__ import annotations

import torch
from compressai._CXX import pmf_to_quantized_cdf
from torch import Tensor
from torch.nn import functional as F

from promic_nb.codecs.jpegai.coder import PRECISION
from promic_nb.codecs.jpegai.model import SCALE_TABLE


def coder_tables(z_pmf: Tensor) -> dict[str, Tensor]:
    """Cumulative tables, int32, as `EntropyCoder` takes them.

    Args:
        z_pmf: (C, 63) probabilities of the hyper-latent symbols -31..31 in each channel.
    """
    normal = torch.distributions.Normal(0.0, 1.0)
    rows = []
    for sigma in SCALE_TABLE:
        half = max(1, int(6 * sigma + 0.5))
        x = torch.arange(-half, half + 1, dtype=torch.float64)
        rows.append(normal.cdf((x + 0.5) / sigma) - normal.cdf((x - 0.5) / sigma))
    return {
        "z_cdf": _cdf(list(z_pmf.double())),
        "r_cdf": _cdf(rows),
        "r_length": torch.tensor([len(row) for row in rows], dtype=torch.int32),
    }


def _cdf(pmfs: list[Tensor]) -> Tensor:
    """Quantized cumulative table of each pmf and an escape symbol, zero-padded to equal length."""
    rows = [
        pmf_to_quantized_cdf([*pmf.tolist(), max(1e-9, 1.0 - float(pmf.sum()))], PRECISION)
        for pmf in pmfs
    ]
    longest = max(map(len, rows))
    return torch.stack(
        [F.pad(torch.tensor(row, dtype=torch.int32), (0, longest - len(row))) for row in rows]
    )
