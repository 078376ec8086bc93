"""The one way to build, save and load detectors and translators."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from promic_nb.errors import UserError
from promic_nb.models.config import CONFIGS
from promic_nb.models.detector import Detector
from promic_nb.models.translator import DomainTranslator

Module = TypeVar("Module", bound=nn.Module)


def build_detector(config: str, seed: int = 0) -> Detector:
    """A pixel detector with random weights drawn from `seed`; `config` is one of `CONFIGS`."""
    if config not in CONFIGS:
        raise UserError(f"detector configuration {config!r} is unknown", f"Choose one of {', '.join(CONFIGS)}")
    torch.manual_seed(seed)
    return Detector(CONFIGS[config])


def build_translator(config: str, in_channels: int, lrb: bool, seed: int = 0) -> DomainTranslator:
    """A translator for the latent's channels and the detector's stage 2, with random weights drawn from `seed`."""
    torch.manual_seed(seed)
    return DomainTranslator(in_channels, Detector.stage2_channels(CONFIGS[config]), lrb)


def save_weights(model: nn.Module, path: str | Path) -> None:
    """Write a model's state as safetensors, atomically."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, part)
    part.replace(path)


def load_weights(model: Module, path: str | Path) -> Module:
    """Read safetensors into a model.

    Raises:
        UserError: not a safetensors file, or one of another model; the first wrong tensor is named.
    """
    try:
        state = load_file(path)
    except (SafetensorError, OSError) as error:
        raise UserError(f"{path} is not a whole safetensors file ({error})", "Make it again with the notebook that wrote it") from error
    own = model.state_dict()
    wrong = sorted(set(own) ^ set(state)) or sorted(k for k in own if own[k].shape != state[k].shape)
    if wrong:
        raise UserError(f"{path} holds another model (first wrong tensor: {wrong[0]})", "Check recipe, configuration and LRB")
    model.load_state_dict(state)
    return model
