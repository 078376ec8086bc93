"""Choose the latent channels that a translator reads.

They are those of highest variance, or those that a trained translator depends on most.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from promic_nb.errors import UserError
from promic_nb.models.translator import DomainTranslator

Latents = Sequence[np.ndarray]  # each float32 (C, h, w)
SLICES, WINDOW = (
    4,
    16,
)  # latents used to measure importance; side of the central window used in each (256 pixels)


def channel_variance(latents: Latents) -> np.ndarray:
    """Variance of each channel over all positions of all latents, float64 (C,).

    One latent is in memory at a time.
    """
    total, squares, count = 0.0, 0.0, 0
    for latent in latents:
        x = np.asarray(latent, np.float64).reshape(len(latent), -1)
        total, squares, count = total + x.sum(1), squares + np.square(x).sum(1), count + x.shape[1]
    return np.maximum(squares / count - np.square(total / count), 0)


def channel_importance(latents: Latents, translator: DomainTranslator | None) -> np.ndarray:
    """Importance of each channel to a trained translator, float64 (C,).

    The importance is the mean squared change of the translator's output when the channel is held
    at its mean.

    This is permutation importance (Breiman, "Random Forests", 2001) with the mean in place of a
    permutation. Unlike the norms of the first layer's weights (Li et al., "Pruning Filters for
    Efficient ConvNets", ICLR 2017), it takes batch norms and the LRB into account.

    Raises:
        UserError: no translator.
    """
    if translator is None:
        raise UserError(
            "channel importance needs a trained translator",
            "Set importance_of to a translator trained on all channels, or choose variance",
        )
    picked = [
        latents[i]
        for i in np.linspace(0, len(latents) - 1, min(SLICES, len(latents)))
        .round()
        .astype(int)
        .tolist()
    ]
    top, left = (max(0, n - WINDOW) // 2 for n in picked[0].shape[1:])
    x = torch.from_numpy(
        np.stack([p[:, top : top + WINDOW, left : left + WINDOW] for p in picked])
    ).float()
    mean = x.mean((0, 2, 3))
    translator.eval()
    changes = []
    with torch.inference_mode():
        whole = translator(x)
        for c in range(x.shape[1]):
            held = x.clone()
            held[:, c] = mean[c]
            changes.append((translator(held) - whole).square().mean().item())
    return np.array(changes)


CHOICES: dict[str, Callable[[Latents, DomainTranslator | None], np.ndarray]] = {
    "variance": lambda latents, _: channel_variance(latents),
    "importance": channel_importance,
}


def choose_channels(
    latents: Latents,
    count: int,
    choice: str = "variance",
    translator: DomainTranslator | None = None,
) -> list[int]:
    """The `count` channels with the highest scores, in ascending order; [] for 0, meaning all.

    Args:
        latents: of the training slices.
        choice: one of `CHOICES`.
        translator: trained on all channels; needed for "importance".

    Raises:
        UserError: an unknown choice, or more channels than the latent has.
    """
    if choice not in CHOICES:
        raise UserError(
            f"channel choice {choice!r} is unknown", f"Choose one of {', '.join(CHOICES)}"
        )
    if count > len(latents[0]):
        raise UserError(
            f"{count} channels were requested, but the latent has only {len(latents[0])}",
            "Request fewer, or 0 for all",
        )
    scores = CHOICES[choice](latents, translator) if count else np.zeros(0)
    return sorted(np.argsort(-scores, kind="stable")[:count].tolist())
