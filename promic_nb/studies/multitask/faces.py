"""Chapter 5: reconstruction, doubled resolution and face recognition around one frozen decoder."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn.functional import cosine_similarity, interpolate, mse_loss

from promic_nb.studies.multitask.codec import Decoder, Encoder
from promic_nb.studies.multitask.mobilefacenet import FACE_SIDE, MobileFaceNet
from promic_nb.studies.multitask.networks import centre_crop
from promic_nb.studies.multitask.training import train
from promic_nb.training.options import FitOptions, Schedule

PARTS = ("encoder", "supnet", "facenet")
LOSSES = ("mse", "mse_hr", "cosine")


class FaceSystem(nn.Module):
    """Encoder, supnet and facenet around the frozen decoder and teacher.

    Together they do the three tasks of chapter 5, each with its loss.
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
        self.encoder, self.decoder = encoder, decoder
        self.supnet, self.facenet, self.teacher = supnet, facenet, teacher

    @staticmethod
    def halved(p: Tensor) -> Tensor:
        """X', the original X at half the side (section 5.4)."""
        return interpolate(p, scale_factor=0.5, mode="bilinear", antialias=True)

    def embedding(self, p: Tensor) -> Tensor:
        """The teacher's embedding of luma (n, 1, h, w) in 0..1, of any size."""
        side = (FACE_SIDE, FACE_SIDE)
        if p.shape[-2:] != side:
            p = interpolate(p, side, mode="bilinear", antialias=True)
        return self.teacher(p.expand(-1, 3, -1, -1))

    def face_embedding(self, y: Tensor) -> Tensor:
        """The teacher's embedding of facenet's output for a latent."""
        return self.teacher(centre_crop(self.facenet(y)) + 0.5)

    def losses(self, p: Tensor, which: Sequence[str] = LOSSES) -> dict[str, Tensor]:
        """The losses of the three tasks on originals p = X (Eqs. 5.1-5.3).

        They are the MSE of the reconstruction, that of the reconstruction at double size, and the
        cosine distance of embeddings.
        """
        small = self.halved(p)
        y = self.encoder(small)
        found = {}
        if "mse" in which:
            found["mse"] = mse_loss(self.decoder(y), small)
        if "mse_hr" in which:
            found["mse_hr"] = mse_loss(self.decoder(self.supnet(y)), p)
        if "cosine" in which:
            similarity = cosine_similarity(self.embedding(small), self.face_embedding(y))
            found["cosine"] = (1 - similarity).mean()
        return found

    def train_parts(
        self,
        parts: Sequence[str],
        which: Sequence[str],
        x: Tensor,
        schedule: Schedule,
        options: FitOptions,
    ) -> None:
        """Train the named parts with the mean of the named losses.

        Either one part at a time (section 5.6), or all three with Eq. 5.4.
        """

        def mean_of(p: Tensor, _: Tensor) -> dict[str, Tensor]:
            return {name: loss / len(which) for name, loss in self.losses(p, which).items()}

        named = dict(self.named_children())
        trained = {name: named[name] for name in parts}
        frozen = [m for name, m in named.items() if name not in parts]
        train(trained, mean_of, x, schedule, options, frozen)
