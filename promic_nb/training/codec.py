"""Rate-distortion training of the JPEG-AI-style codec on crops of training slices."""

from __future__ import annotations

import copy
from pathlib import Path

import lightning
import numpy as np
import torch
from torch import Tensor

from promic_nb.codecs.jpegai.model import JpegAiStyle
from promic_nb.codecs.jpegai.weights import TRANSFORMS
from promic_nb.datasets.layout import SliceStack
from promic_nb.training.fit import SampleStream, fit, one_cycle
from promic_nb.training.klt_init import klt, start_from
from promic_nb.training.options import FitOptions, Loop, Precision

# Share of the steps in which all parts are trained, with dithered rounding. Then the synthesis
# alone learns to live with the coder's plain rounding, as in stage IV of JPEG AI's training: its
# straight-through gradient misleads the analysis (rate up by half, no quality).
DITHERED = 0.8


class CodecTask(lightning.LightningModule):
    """Minimizes rate + beta MSE: bits per pixel, and mean squared error on the 0..255 scale (JPEG
    AI training, stage I).

    Args:
        beta: weight of the distortion; the published models have .002, .012, .075 and .5.
        rate: peak learning rate of Adam, reached after 5 % of the steps, then a cosine to a
            hundredth of it.
        steps: length of the schedule.
    """

    def __init__(self, model: JpegAiStyle, beta: float, rate: float, steps: int) -> None:
        super().__init__()
        self.model, self.beta, self.rate, self.steps = (
            model.to(memory_format=torch.channels_last),
            beta,
            rate,
            steps,
        )
        self._free = [p for p in model.parameters() if p.requires_grad]

    def training_step(self, batch: Tensor, _: int) -> Tensor:
        dither = self.global_step < DITHERED * self.steps
        for parameter in self._free:
            parameter.requires_grad_(dither)
        self.model.synthesis.requires_grad_(True)
        x_hat, bpp = self.model(batch, dither)
        mse = (x_hat - batch).square().mean()
        loss = bpp + self.beta * mse
        self.log_dict(
            {"loss": loss, "bpp": bpp, "psnr_db": 10 * torch.log10(255**2 / mse)}, prog_bar=True
        )
        return loss

    def configure_optimizers(self) -> dict:
        return one_cycle(
            torch.optim.Adam(self._free, self.rate),
            self.rate,
            self.steps,
            warm_up=0.05,
            final_div_factor=10,
        )


def crops(stack: SliceStack, size: int, seed: int) -> SampleStream:
    """Random square crops of the training slices, flipped and turned: float32 (1, size, size),
    0..255.
    """
    slices = [stack.image("train", i) for i in stack.ids("train")]

    def draw(rng: np.random.Generator) -> Tensor:
        image = slices[rng.integers(len(slices))]
        top, left = (rng.integers(0, n - size + 1) for n in image.shape)
        crop = np.rot90(image[top : top + size, left : left + size], rng.integers(4))
        return torch.from_numpy(np.ascontiguousarray(crop if rng.random() < 0.5 else crop[::-1]))[
            None
        ].float()

    return SampleStream(draw, seed)


def train_codec(
    stack: SliceStack,
    *,
    beta: float,
    steps: int,
    folder: Path,
    learning_rate: float = 1e-3,
    batch: int = 4,
    crop: int = 256,
    seed: int = 0,
    start: JpegAiStyle | None = None,
    op: str = "bop",
    precision: Precision = "bf16-mixed",
    progress: bool = True,
) -> JpegAiStyle:
    """Train one model for one beta. Resumes from `folder`.

    Without `start` the transforms begin as the KLT of the training slices (`start_from`). A `start`
    of the same operation point is trained on; a `start` of another one lends its hyper and context
    networks, which stay as they are, so that both share one latent.
    """
    lightning.seed_everything(seed, verbose=False)
    if start and start.op == op:
        model = copy.deepcopy(start).requires_grad_(True).train()
    else:
        model = start_from(
            JpegAiStyle(op), klt([stack.image("train", i) for i in stack.ids("train")]), beta
        )
    if start and start.op != op:
        common = {k: v for k, v in start.state_dict().items() if not k.startswith(TRANSFORMS)}
        model.load_state_dict({**model.state_dict(), **common})
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(name.startswith(TRANSFORMS))
    task = CodecTask(model, beta, learning_rate, steps)
    fit(
        task,
        crops(stack, crop, seed),
        Loop(steps, batch, 1.0, precision),
        FitOptions(folder, progress),
    )
    return model
