"""Rate-distortion training of the JPEG-AI-style codec on crops of pictures."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import lightning
import torch
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor

from promic_nb.codecs.jpegai.model import LOG_STEP, JpegAiStyle
from promic_nb.codecs.jpegai.weights import TRANSFORMS
from promic_nb.training.fit import fit, one_cycle
from promic_nb.training.klt_init import klt, levels, start_from
from promic_nb.training.material import Material, crops
from promic_nb.training.options import FitOptions, Loop, Precision

# Share of the steps in which all parts are trained, with dithered rounding. Then the decoder and
# the prior learn to live with the coder's plain rounding, as in stage IV of JPEG AI's training: its
# straight-through gradient misleads the analysis (rate up by half, no quality).
DITHERED = 0.8
ENCODER = ("analysis.", "hyper_encoder.", "gain")


@dataclass(frozen=True)
class CodecTraining:
    """How one model is trained.

    Attributes:
        beta: weight of the distortion; the published models have .002, .012, .075 and .5.
        steps: iterations.
        learning_rate: peak learning rate of Adam, reached after 5 % of the steps, then a cosine to
            a hundredth of it.
        batch: crops in an iteration.
        crop: side of a crop in samples, a multiple of 64.
        lowest_gain, highest_gain: range of the displacement D of the gain unit, drawn anew for
            each crop. A model trained at one D alone serves others the worse, the further they are.
        seed: of crops and noise.
        op: operation point of the transforms, "bop" or "hop".
        precision: Lightning's name of it.
    """

    beta: float
    steps: int
    learning_rate: float = 1e-3
    batch: int = 4
    crop: int = 256
    lowest_gain: int = 0
    highest_gain: int = 0
    seed: int = 0
    op: str = "bop"
    precision: Precision = "bf16-mixed"


class CodecTask(lightning.LightningModule):
    """Minimizes rate + beta MSE: bits per pixel, and mean squared error on the 0..255 scale (JPEG
    AI training, stage I).

    At a displacement that makes quantization steps s times finer, beta is s^2 times as large, which
    is the weight that the step is best for, and the sum is divided by s: the rate grows about like
    s, and one per cent of it counts alike at all rates.
    """

    def __init__(self, model: JpegAiStyle, training: CodecTraining) -> None:
        super().__init__()
        self.model = model.to(memory_format=torch.channels_last)
        self.beta, self.steps = training.beta, training.steps
        self.learning_rate = training.learning_rate
        self.lowest_gain, self.highest_gain = training.lowest_gain, training.highest_gain
        self._free = {n: p for n, p in model.named_parameters() if p.requires_grad}

    def training_step(self, batch: Tensor, _: int) -> Tensor:
        dither = self.global_step < DITHERED * self.steps
        for name, parameter in self._free.items():
            parameter.requires_grad_(dither or not name.startswith(ENCODER))
        displacement = torch.zeros(len(batch), device=batch.device)
        if self.lowest_gain < self.highest_gain:
            displacement.uniform_(self.lowest_gain / 128, self.highest_gain / 128)
        finer = torch.exp(LOG_STEP * displacement)
        x_hat, bpp = self.model(batch, dither, displacement)
        mse = (x_hat - batch).square().mean((1, 2, 3))
        loss = ((bpp + self.beta * finer.square() * mse) / finer).mean()
        psnr = 10 * torch.log10(255**2 / mse.mean())
        self.log_dict({"loss": loss, "bpp": bpp.mean(), "psnr_db": psnr}, prog_bar=True)
        return loss

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        return one_cycle(
            torch.optim.Adam(self._free.values(), self.learning_rate),
            self.learning_rate,
            self.steps,
            warm_up=0.05,
            final_div_factor=10,
        )


def train_codec(
    material: Material,
    training: CodecTraining,
    options: FitOptions,
    start: JpegAiStyle | None = None,
) -> JpegAiStyle:
    """Train one model. Resumes from the folder of `options`.

    Without `start` the transforms begin as the KLT of the material (`start_from`). A `start` of the
    same operation point is trained on; a `start` of another one lends its hyper and context
    networks, which stay as they are, so that both share one latent.
    """
    lightning.seed_everything(training.seed, verbose=False)
    if start and start.op == training.op:
        model = copy.deepcopy(start).requires_grad_(True).train()
    else:
        basis = klt(material)
        model = start_from(
            JpegAiStyle(training.op), basis, training.beta, levels(material, basis, training.beta)
        )
    if start and start.op != training.op:
        common = {k: v for k, v in start.state_dict().items() if not k.startswith(TRANSFORMS)}
        model.load_state_dict({**model.state_dict(), **common})
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(name.startswith(TRANSFORMS))
    fit(
        CodecTask(model, training),
        crops(material, training.crop, training.seed),
        Loop(training.steps, training.batch, clip=1.0, precision=training.precision),
        options,
    )
    return model
