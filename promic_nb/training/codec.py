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
from promic_nb.training.klt_init import block_latent, klt, levels, start_from
from promic_nb.training.material import Material, crops
from promic_nb.training.options import FitOptions, Loop, Precision

# All parts are trained, with dithered rounding, for this share of the steps. After that only the
# decoder and the prior adapt to the coder's plain rounding, as in stage IV of JPEG AI's training:
# its straight-through gradient misleads the analysis (rate up by half, no gain in quality).
DITHERED = 0.8
# The prior's learning rate, as a multiple of that of the transforms, where the encoder stays fixed.
PRIOR_RATE = 3
ENCODER = ("analysis.", "hyper_encoder.", "gain")


@dataclass(frozen=True)
class CodecTraining:
    """How one model is trained.

    Attributes:
        beta: weight of the distortion; the published models have .002, .012, .075 and .5.
        steps: iterations.
        prior_steps: iterations that first train the hyper and context networks alone, on the block
            transform's latents. Each takes a fifth of the time, and an untrained prior cannot pull
            the transforms away from their start.
        learning_rate: peak learning rate of Adam, reached after 5 % of the steps, then a cosine to
            a hundredth of it.
        batch: crops per iteration.
        crop: side of a crop in samples, a multiple of 64.
        lowest_gain, highest_gain: range of the gain unit's displacement D, drawn for each crop. A
            model trained at a single D gets worse the further away from it it is used.
        seed: of crops and noise.
        op: operation point of the transforms, "bop" or "hop".
        dithered: share of the steps that train all parts, with dithered rounding. The rest trains
            only decoder and prior, on the symbols of the coder; with 0 the encoder stays as it is.
        precision: Lightning's name for it.
    """

    beta: float
    steps: int
    prior_steps: int = 0
    learning_rate: float = 1e-3
    batch: int = 4
    crop: int = 256
    lowest_gain: int = 0
    highest_gain: int = 0
    seed: int = 0
    op: str = "bop"
    dithered: float = DITHERED
    precision: Precision = "bf16-mixed"


class CodecTask(lightning.LightningModule):
    """Minimizes rate + beta MSE (JPEG AI training, stage I).

    The rate is in bits per pixel; the MSE is on the 0..255 scale.

    A displacement that makes quantization steps s times finer uses beta s^2, the weight for which
    that step is optimal. The sum is divided by s because the rate grows roughly as s, so that one
    per cent of the rate counts the same at all rates.
    """

    def __init__(self, model: JpegAiStyle, training: CodecTraining) -> None:
        super().__init__()
        self.model = model.to(memory_format=torch.channels_last)
        self.beta, self.steps, self.dithered = training.beta, training.steps, training.dithered
        self.learning_rate = training.learning_rate
        self.lowest_gain, self.highest_gain = training.lowest_gain, training.highest_gain
        self._free = {n: p for n, p in model.named_parameters() if p.requires_grad}

    def training_step(self, batch: Tensor, _: int) -> Tensor:
        dither = self.global_step < self.dithered * self.steps
        for name, parameter in self._free.items():
            parameter.requires_grad_(dither or not name.startswith(ENCODER))
        displacement = drawn_gains(batch, self.lowest_gain, self.highest_gain)
        finer = torch.exp(LOG_STEP * displacement)
        x_hat, bpp = self.model(batch, dither, displacement)
        mse = (x_hat - batch).square().mean((1, 2, 3))
        loss = ((bpp + self.beta * finer.square() * mse) / finer).mean()
        psnr = 10 * torch.log10(255**2 / mse.mean())
        self.log_dict({"loss": loss, "bpp": bpp.mean(), "psnr_db": psnr}, prog_bar=True)
        return loss

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        peaks = {True: self.learning_rate, False: self.learning_rate}
        if not self.dithered:
            peaks[False] *= PRIOR_RATE
        groups = [
            {"params": [p for n, p in self._free.items() if n.startswith(TRANSFORMS) == own]}
            for own in peaks
        ]
        return one_cycle(
            torch.optim.Adam(groups, self.learning_rate),
            list(peaks.values()),
            self.steps,
            warm_up=0.05,
            final_div_factor=10,
        )


class PriorTask(lightning.LightningModule):
    """Minimizes the rate of a block transform's latents; trains hyper and context networks only.

    Args:
        basis: of the transform, (160, 16, 16).
    """

    def __init__(self, model: JpegAiStyle, basis: Tensor, training: CodecTraining) -> None:
        super().__init__()
        self.model, self.basis = model, torch.nn.Buffer(basis)
        self.beta, self.steps = training.beta, training.prior_steps
        self.learning_rate = PRIOR_RATE * training.learning_rate
        self.lowest_gain, self.highest_gain = training.lowest_gain, training.highest_gain

    def training_step(self, batch: Tensor, _: int) -> Tensor:
        y = block_latent(batch, self.basis, self.beta)
        displacement = drawn_gains(batch, self.lowest_gain, self.highest_gain)
        bpp = self.model.quantized(y, True, displacement)[1] / batch[0].numel()
        loss = (bpp / torch.exp(LOG_STEP * displacement)).mean()
        self.log_dict({"loss": loss, "bpp": bpp.mean()}, prog_bar=True)
        return loss

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        learning = [
            p for n, p in self.model.named_parameters() if not n.startswith((*TRANSFORMS, "gain"))
        ]
        return one_cycle(
            torch.optim.Adam(learning, self.learning_rate),
            self.learning_rate,
            self.steps,
            warm_up=0.05,
            final_div_factor=10,
        )


def drawn_gains(batch: Tensor, lowest: int, highest: int) -> Tensor:
    """Draw a displacement of the gain unit for each picture of a batch, in scale-grid levels."""
    gains = torch.zeros(len(batch), device=batch.device)
    return gains.uniform_(lowest / 128, highest / 128) if lowest < highest else gains


def train_codec(
    material: Material,
    training: CodecTraining,
    options: FitOptions,
    start: JpegAiStyle | None = None,
) -> JpegAiStyle:
    """Train one model, or resume the training in the folder of `options`.

    Without `start`, the transforms begin as the KLT of the material (`start_from`). A `start` with
    the same operation point is trained further. A `start` with another operation point provides
    its hyper and context networks, which stay frozen so that both models share one latent.
    """
    lightning.seed_everything(training.seed, verbose=False)
    if start and start.op == training.op:
        model = copy.deepcopy(start).requires_grad_(True).train()
    else:
        basis = klt(material)
        level = levels(material, basis, training.beta)
        model = start_from(JpegAiStyle(training.op), basis, training.beta, level)
        if training.prior_steps and not start:
            fit(
                PriorTask(model, basis, training),
                crops(material, training.crop, training.seed + 1),
                Loop(training.prior_steps, training.batch, clip=1.0),
                options.below("prior"),
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
