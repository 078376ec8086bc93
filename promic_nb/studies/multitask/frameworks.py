"""Chapter 4: encoder, decoder and classifiers.

The classifiers read the latent (framework 1) or the encoder's fourth layer (framework 2).

Each function trains modules in place on pictures x, luma (N, 1, H, W) in 0..1; the other modules
are not changed.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, mse_loss

from promic_nb.studies.multitask.codec import Decoder, Encoder
from promic_nb.studies.multitask.training import Losses, train
from promic_nb.training.options import FitOptions, Schedule


def _reconstruction(encoder: Encoder, decoder: Decoder) -> Losses:
    return lambda p, _: {"mse": mse_loss(decoder(encoder(p)), p)}


def adapt_codec(
    encoder: Encoder, decoder: Decoder, x: Tensor, schedule: Schedule, options: FitOptions
) -> None:
    """Adapt both to the pictures with the MSE; the decoder is frozen from here on."""
    both: dict[str, nn.Module] = {"encoder": encoder, "decoder": decoder}
    train(both, _reconstruction(encoder, decoder), x, schedule, options)


def train_encoder(
    encoder: Encoder, decoder: Decoder, x: Tensor, schedule: Schedule, options: FitOptions
) -> None:
    """Train the encoder alone with the MSE (Eq. 5.1, section 5.6.1)."""
    losses = _reconstruction(encoder, decoder)
    train({"encoder": encoder}, losses, x, schedule, options, frozen=[decoder])


def train_jointly(
    encoder: Encoder,
    classifier: nn.Module,
    decoder: Decoder,
    x: Tensor,
    classes: Tensor,
    schedule: Schedule,
    options: FitOptions,
) -> None:
    """Framework 1: train encoder and classifier with MSE + cross-entropy.

    Eq. 4.4 with the thesis's weight, 1.

    Args:
        classes: int64 (N).
    """

    def losses(p: Tensor, i: Tensor) -> dict[str, Tensor]:
        y = encoder(p)
        return {
            "mse": mse_loss(decoder(y), p),
            "cross_entropy": cross_entropy(classifier(y), classes[i.cpu()].to(p.device)),
        }

    both: dict[str, nn.Module] = {"encoder": encoder, "classifier": classifier}
    train(both, losses, x, schedule, options, frozen=[decoder])


def train_classifier(
    encoder: Encoder,
    classifier: nn.Module,
    x: Tensor,
    classes: Tensor,
    schedule: Schedule,
    options: FitOptions,
) -> None:
    """Framework 2: train the classifier alone, on the encoder's fourth layer (Eq. 4.6)."""

    def losses(p: Tensor, i: Tensor) -> dict[str, Tensor]:
        with torch.no_grad():
            features = encoder.layer4(p)
        return {"cross_entropy": cross_entropy(classifier(features), classes[i.cpu()].to(p.device))}

    train({"classifier": classifier}, losses, x, schedule, options, frozen=[encoder])
