"""Performance of the trained systems on unseen pictures."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity, interpolate, mse_loss, normalize

from promic_nb.studies.multitask.codec import Decoder, Encoder
from promic_nb.studies.multitask.faces import FaceSystem

CHUNK = 32


@torch.inference_mode()
def in_chunks(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Apply `function` to x, a few pictures at a time."""
    return torch.cat([function(part) for part in x.split(CHUNK)])


def accuracy(scores: Tensor, classes: Tensor) -> float:
    """Share (0..1) of pictures whose highest score (N, classes) is for their own class (N)."""
    return float((scores.argmax(1) == classes).float().mean())


def reconstruction_mse(encoder: Encoder, decoder: Decoder, x: Tensor) -> float:
    """MSE of samples in 0..1."""
    return float(mse_loss(in_chunks(lambda p: decoder(encoder(p)), x), x))


def cosine_distances(a: nn.Module, b: nn.Module, x: Tensor) -> Tensor:
    """Distances between two encoders' latents of each picture: (N,), 0..2.

    The distance is 1 - cosine similarity (Eq. 4.7).
    """
    first, second = (in_chunks(encoder, x).flatten(1) for encoder in (a, b))
    return 1 - cosine_similarity(first, second)


def identified(embeddings: Tensor, people: Tensor) -> float:
    """Share (0..1) of faces (N, 128) whose nearest other face is of the same person (N).

    The nearest face is the one with the highest cosine similarity.
    """
    unit = normalize(embeddings)
    nearest = (unit @ unit.T).fill_diagonal_(-2).argmax(1)
    return float((people[nearest] == people).float().mean())


@torch.inference_mode()
def face_metrics(system: FaceSystem, x: Tensor, people: Tensor) -> dict[str, float]:
    """Losses of the three tasks and their baselines, on originals x (N, 1, H, W).

    Returns:
        mse, mse_hr, cosine: Eqs. 5.1-5.3. mse_hr_bicubic: of the decoded small picture, enlarged.
        identified_*: share of faces recognized (`identified`) in small originals, in
        reconstructions, and in facenet's output.
    """
    losses = [(len(p), system.losses(p)) for p in x.split(CHUNK)]
    found = {
        name: sum(n * float(part[name]) for n, part in losses) / len(x) for name in losses[0][1]
    }
    small = system.halved(x)
    decoded = in_chunks(lambda p: system.decoder(system.encoder(p)), small).clamp(0, 1)
    enlarged = interpolate(decoded, scale_factor=2, mode="bicubic").clamp(0, 1)
    embeddings = {
        "originals": in_chunks(system.embedding, small),
        "reconstructions": in_chunks(system.embedding, decoded),
        "facenet": in_chunks(lambda p: system.face_embedding(system.encoder(p)), small),
    }
    return (
        found
        | {"mse_hr_bicubic": float(mse_loss(enlarged, x))}
        | {f"identified_{k}": identified(e, people) for k, e in embeddings.items()}
    )
