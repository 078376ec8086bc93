"""The trainings of the thesis, one after another, each with the decoder frozen (sections 4.3 and
5.6).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity, cross_entropy, interpolate, mse_loss

from promic_nb.studies.multitask.codec import Decoder, Encoder
from promic_nb.studies.multitask.networks import FACE_SIDE, MobileFaceNet, centre_crop
from promic_nb.training.fit import SampleStream, digest, fit, one_cycle
from promic_nb.training.options import FitOptions, Loop

Losses = Callable[[Tensor, Tensor], dict[str, Tensor]]
SHIFT = 4  # pixels; pictures are moved by up to so many and flipped (section 4.3.1.3)


class Task(lightning.LightningModule):
    """Trains some modules by the sum of named losses; all others stay as they are.

    Args:
        trained: the modules that learn.
        losses: pictures (n, 1, H, W) and their indices (n) to losses by name.
        rate: peak learning rate of Adam; the thesis has SGD and ten times as many epochs.
        steps: length of the schedule.
        frozen: modules that `losses` uses besides.
    """

    def __init__(
        self,
        trained: dict[str, nn.Module],
        losses: Losses,
        rate: float,
        steps: int,
        frozen: Sequence[nn.Module] = (),
    ) -> None:
        super().__init__()
        self.trained, self.losses, self.rate, self.steps = (
            nn.ModuleDict(trained),
            losses,
            rate,
            steps,
        )
        self.others = " ".join(
            digest(m) for m in frozen
        )  # so that a checkpoint made with others is not resumed
        self._frozen = list(frozen)  # in a list: not a part of the checkpoint

    def on_fit_start(self) -> None:
        for module in self._frozen:
            module.to(self.device)

    def training_step(self, batch: tuple[Tensor, Tensor], _: int) -> Tensor:
        losses = self.losses(*batch)
        total = sum(losses.values())
        self.log_dict({**losses, "loss": total}, prog_bar=True)
        return total

    def configure_optimizers(self) -> dict:
        return one_cycle(
            torch.optim.Adam(self.trained.parameters(), self.rate), self.rate, self.steps
        )


def stream(x: Tensor, seed: int) -> SampleStream:
    """Endless (picture (1, H, W), index) of x (N, 1, H, W), flipped and moved at random."""

    def draw(rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        i = int(rng.integers(len(x)))
        moved = torch.roll(
            x[i], tuple(int(n) for n in rng.integers(-SHIFT, SHIFT + 1, 2)), (-2, -1)
        )
        return (moved.flip(-1) if rng.random() < 0.5 else moved).contiguous(), torch.tensor(i)

    return SampleStream(draw, seed)


def train(
    trained: dict[str, nn.Module],
    losses: Losses,
    x: Tensor,
    *,
    steps: int,
    rate: float,
    batch: int,
    folder: Path,
    frozen: Sequence[nn.Module] = (),
    seed: int = 0,
    progress: bool = True,
) -> None:
    """Train modules in place on pictures x (N, 1, H, W); all are frozen and in evaluation mode
    afterwards. Resumes from `folder`.
    """
    for module in frozen:
        module.eval().requires_grad_(False)
    for module in trained.values():
        module.train().requires_grad_(True)
    fit(
        Task(trained, losses, rate, steps, frozen),
        stream(x, seed),
        Loop(steps, batch, 5.0),
        FitOptions(folder, progress),
    )
    for module in (*trained.values(), *frozen):
        module.eval().requires_grad_(False).cpu()


def adapt_codec(encoder: Encoder, decoder: Decoder, x: Tensor, **training: Any) -> None:
    """Adapt both to pictures by the MSE; from here on the decoder stays."""
    train(
        {"encoder": encoder, "decoder": decoder},
        lambda p, _: {"mse": mse_loss(decoder(encoder(p)), p)},
        x,
        **training,
    )


def train_encoder(encoder: Encoder, decoder: Decoder, x: Tensor, **training: Any) -> None:
    """The encoder alone, by the MSE (Eq. 5.1, section 5.6.1)."""
    train(
        {"encoder": encoder},
        lambda p, _: {"mse": mse_loss(decoder(encoder(p)), p)},
        x,
        frozen=[decoder],
        **training,
    )


def train_jointly(
    encoder: Encoder,
    classifier: nn.Module,
    decoder: Decoder,
    x: Tensor,
    classes: Tensor,
    weight: float = 1.0,
    **training: Any,
) -> None:
    """Framework 1: encoder and classifier by MSE + weight x cross-entropy (Eq. 4.4; the thesis has
    weight 1).
    """

    def losses(p: Tensor, i: Tensor) -> dict[str, Tensor]:
        y = encoder(p)
        return {
            "mse": mse_loss(decoder(y), p),
            "cross_entropy": weight * cross_entropy(classifier(y), classes[i.cpu()].to(p.device)),
        }

    train({"encoder": encoder, "classifier": classifier}, losses, x, frozen=[decoder], **training)


def train_classifier(
    encoder: Encoder, classifier: nn.Module, x: Tensor, classes: Tensor, **training: Any
) -> None:
    """Framework 2: the classifier alone, on the encoder's fourth layer (Eq. 4.6)."""

    def losses(p: Tensor, i: Tensor) -> dict[str, Tensor]:
        with torch.no_grad():
            features = encoder.layer4(p)
        return {"cross_entropy": cross_entropy(classifier(features), classes[i.cpu()].to(p.device))}

    train({"classifier": classifier}, losses, x, frozen=[encoder], **training)


class FaceSystem(nn.Module):
    """Encoder, supnet and facenet around the frozen decoder and teacher: the three tasks of chapter
    5 and their losses.
    """

    def __init__(
        self,
        encoder: Encoder,
        decoder: Decoder,
        supnet: nn.Module,
        facenet: nn.Module,
        teacher: MobileFaceNet,
    ) -> None:
        super().__init__()
        self.encoder, self.decoder, self.supnet, self.facenet, self.teacher = (
            encoder,
            decoder,
            supnet,
            facenet,
            teacher,
        )

    @staticmethod
    def half(p: Tensor) -> Tensor:
        """X' of the original X: half as large a side (section 5.4)."""
        return interpolate(p, scale_factor=0.5, mode="bilinear", antialias=True)

    def embedding(self, p: Tensor) -> Tensor:
        """The teacher's embedding of luma (n, 1, h, w) in 0..1 of any size."""
        side = (FACE_SIDE, FACE_SIDE)
        return self.teacher(
            (
                p if p.shape[-2:] == side else interpolate(p, side, mode="bilinear", antialias=True)
            ).expand(-1, 3, -1, -1)
        )

    def face_embedding(self, y: Tensor) -> Tensor:
        """The teacher's embedding of what facenet makes of a latent."""
        return self.teacher(centre_crop(self.facenet(y)) + 0.5)

    def losses(
        self, p: Tensor, which: Sequence[str] = ("mse", "mse_hr", "cosine")
    ) -> dict[str, Tensor]:
        """MSE of the reconstruction, MSE of the doubled one, and cosine distance of embeddings
        (Eqs. 5.1-5.3), of originals p = X.
        """
        small = self.half(p)
        y = self.encoder(small)
        found = {}
        if "mse" in which:
            found["mse"] = mse_loss(self.decoder(y), small)
        if "mse_hr" in which:
            found["mse_hr"] = mse_loss(self.decoder(self.supnet(y)), p)
        if "cosine" in which:
            found["cosine"] = (
                1 - cosine_similarity(self.embedding(small), self.face_embedding(y))
            ).mean()
        return found

    def train_parts(
        self, parts: Sequence[str], which: Sequence[str], x: Tensor, **training: Any
    ) -> None:
        """Train the named parts by the mean of the named losses: one part at a time (section 5.6),
        or all three by Eq. 5.4.
        """
        named = dict(self.named_children())
        frozen = [m for name, m in named.items() if name not in parts]
        train(
            {name: named[name] for name in parts},
            lambda p, _: {name: loss / len(which) for name, loss in self.losses(p, which).items()},
            x,
            frozen=frozen,
            **training,
        )
