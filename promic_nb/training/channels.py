"""Which channels of a latent a translator reads: those of highest variance, or those that a trained
translator makes most of.
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
)  # latents that importance is measured on, and the side of their centre that is used (256 pixels)


def channel_variance(latents: Latents) -> np.ndarray:
    """Variance of each channel over all positions of all latents, float64 (C,); one latent in
    memory at a time.
    """
    total, squares, count = 0.0, 0.0, 0
    for latent in latents:
        x = np.asarray(latent, np.float64).reshape(len(latent), -1)
        total, squares, count = total + x.sum(1), squares + np.square(x).sum(1), count + x.shape[1]
    return np.maximum(squares / count - np.square(total / count), 0)


def channel_importance(latents: Latents, translator: DomainTranslator | None) -> np.ndarray:
    """Mean squared change of a trained translator's output when a channel is held at its mean,
    float64 (C,).

    That is permutation importance (Breiman, "Random Forests", 2001) with the mean in place of a
    permutation. Unlike the norms of the first layer's weights (Li et al., "Pruning Filters for
    Efficient ConvNets", ICLR 2017) it sees batch norms and the LRB, too.

    Raises:
        UserError: no translator.
    """
    if translator is None:
        raise UserError(
            "the importance of channels is that for a trained translator",
            "Give one of all channels (importance_of), or take variance",
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
    """Numbers of the `count` channels of highest score, ascending; [] for 0, which stands for all.

    Args:
        latents: of the training slices.
        choice: one of `CHOICES`.
        translator: for "importance", one that was trained on all channels.

    Raises:
        UserError: an unknown choice, or more channels than there are.
    """
    if choice not in CHOICES:
        raise UserError(
            f"channel choice {choice!r} is unknown", f"Choose one of {', '.join(CHOICES)}"
        )
    if count > len(latents[0]):
        raise UserError(
            f"{count} channels were asked for and the latent has {len(latents[0])}",
            "Ask for fewer, or for 0: all",
        )
    scores = CHOICES[choice](latents, translator) if count else np.zeros(0)
    return sorted(np.argsort(-scores, kind="stable")[:count].tolist())
