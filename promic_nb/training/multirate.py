"""Translators for latents of one or several rates, and several rates as one training set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch.utils.data import ConcatDataset, Dataset

from promic_nb.core.fields import ChannelChoice, FirstNorm, RateInput
from promic_nb.models.adapters import RateAffine
from promic_nb.models.build import build_translator
from promic_nb.models.config import DetectorConfig
from promic_nb.models.translator import DomainTranslator
from promic_nb.models.weights import load_weights
from promic_nb.training.channels import channel_variance, choose_channels


class NumberedLatents(Dataset[np.ndarray]):
    """Latents (C, h, w) of one rate, with the rate's number as an extra plane: (C + 1, h, w).

    In this way the rate passes through crops, flips, padding and batches to
    `models.adapters.RateAffine`.
    """

    def __init__(self, latents: Sequence[np.ndarray], number: int) -> None:
        self.latents, self.number = latents, number

    def __len__(self) -> int:
        return len(self.latents)

    def __getitem__(self, i: int) -> np.ndarray:
        latent = self.latents[i]
        return np.concatenate([latent, np.full_like(latent[:1], self.number)])


def pooled(rates: Sequence[Sequence[np.ndarray]], numbered: bool = False) -> Sequence[np.ndarray]:
    """Slices or latents of several rates as one sequence, rate after rate.

    Nothing is copied until it is read.

    Args:
        numbered: as `NumberedLatents`, with rates counted from 0.
    """
    parts: list[Any] = list(rates)
    if numbered:
        parts = [NumberedLatents(x, i) for i, x in enumerate(rates)]
    # Both kinds of dataset are read by index, like a sequence.
    return parts[0] if len(parts) == 1 else cast("Sequence[np.ndarray]", ConcatDataset(parts))


RATE_INPUTS: dict[str, Callable[[torch.Tensor], RateAffine | None]] = {
    "none": lambda _: None,
    "gain": partial(RateAffine, learned=False),
    "affine": partial(RateAffine, learned=True),
}


@dataclass(frozen=True)
class TranslatorOptions:
    """How a translator differs from the plain one.

    Attributes:
        first_norm: how its first batch norm starts (`TranslatorConfig`).
        channels, channel_choice: how many channels it reads (0 for all), and how they are chosen
            (`choose_channels`).
        importance_of: weights of a translator for all channels, with the same LRB and first norm;
            for the choice "importance".
        rate_input: one of `RATE_INPUTS`: latents unchanged, at unit variance for each rate, or
            after a learned affine map of the rate. The latter two read `NumberedLatents`.
    """

    first_norm: FirstNorm = "one"
    channels: int = 0
    channel_choice: ChannelChoice = "variance"
    importance_of: str | Path = ""
    rate_input: RateInput = "none"


def translator_for(
    config: DetectorConfig,
    rates: Sequence[Sequence[np.ndarray]],
    lrb: bool,
    seed: int,
    options: TranslatorOptions,
) -> DomainTranslator:
    """A translator with random weights for the training latents of one or several rates.

    Args:
        rates: the latents of each rate.

    Raises:
        UserError: see `choose_channels` and `load_weights`.
    """
    count = len(rates[0][0])
    trained = None
    if options.importance_of:
        trained = build_translator(config, count, lrb, first_norm=options.first_norm)
        trained = load_weights(trained, options.importance_of)
    chosen = choose_channels(pooled(rates), options.channels, options.channel_choice, trained)
    numbered = options.rate_input != "none"
    variance = (
        np.stack([channel_variance(latents) for latents in rates]) if numbered else np.zeros(0)
    )
    translator = build_translator(
        config,
        count,
        lrb,
        seed,
        first_norm=options.first_norm,
        channels=chosen,
        rates=RATE_INPUTS[options.rate_input](torch.from_numpy(variance)),
    )
    if options.first_norm == "natural":
        seen = pooled(rates, numbered)
        translator.keep_spread(torch.from_numpy(np.array(seen[i])) for i in range(len(seen)))
    return translator
