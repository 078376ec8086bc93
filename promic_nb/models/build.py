"""The one way to build, save and load detectors and translators."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, TypeVar

import torch
from pydantic import TypeAdapter
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from promic_nb.core.files import atomically
from promic_nb.core.paths import root
from promic_nb.errors import UserError
from promic_nb.models.adapters import ChannelSelection, RateAffine
from promic_nb.models.backbones import STAGE2_CHANNELS
from promic_nb.models.config import CONFIGS, DetectorConfig
from promic_nb.models.engines import ENGINES, Detector
from promic_nb.models.pretrained import adopt, starting_point
from promic_nb.models.torchvision_engine import TorchvisionDetector
from promic_nb.models.translator import DomainTranslator

DOWNLOADS = Path("data") / "downloads"
Module = TypeVar("Module", bound=nn.Module)


def named_config(name: str) -> DetectorConfig:
    """One of `CONFIGS`; raises `UserError` for another name."""
    if name not in CONFIGS:
        raise UserError(
            f"detector configuration {name!r} is unknown", f"Choose one of {', '.join(CONFIGS)}"
        )
    return CONFIGS[name]


def make_detector(
    config: DetectorConfig,
    engine: str = "torchvision",
    translator: DomainTranslator | None = None,
    seed: int = 0,
) -> Detector:
    """A detector with random weights drawn from `seed`, the same in every engine.

    Raises:
        UserError: an unknown engine, or one that is not installed.
    """
    if engine not in ENGINES:
        raise UserError(
            f"detector engine {engine!r} is unknown", f"Choose one of {', '.join(ENGINES)}"
        )
    torch.manual_seed(seed)
    model = TorchvisionDetector(config, translator)
    if engine == "torchvision":
        return model
    other = ENGINES[engine](config, translator)
    other.load_weights(model.weights())
    return other


def build_detector(
    config: str, seed: int = 0, engine: str = "torchvision", weights: str = "none"
) -> Detector:
    """A pixel detector.

    Args:
        config: one of `CONFIGS`.
        seed: of the weights that do not come from a file.
        engine: one of `ENGINES`.
        weights: "none", "imagenet", "coco", "coco_torchvision" or a path; see `pretrained`. What
            was taken is in the model's `origin`.
    """
    settings, state, origin = starting_point(weights, named_config(config), root() / DOWNLOADS)
    model = make_detector(settings, engine, seed=seed)
    if state:
        merged, origin["from_random"] = adopt(model.weights(), state)
        model.load_weights(merged)
    model.origin = origin
    return model


def build_translator(
    config: str | DetectorConfig,
    in_channels: int,
    lrb: bool,
    seed: int = 0,
    *,
    channels: Sequence[int] = (),
    rates: RateAffine | None = None,
) -> DomainTranslator:
    """A translator for the latent's channels and the detector's stage 2, with random weights drawn
    from `seed`.

    Args:
        channels: those of the latent that it reads; none: all.
        rates: for latents of several rates, their affine.
    """
    torch.manual_seed(seed)
    settings = named_config(config) if isinstance(config, str) else config
    entry = [
        part for part in (rates, ChannelSelection(channels) if len(channels) else None) if part
    ]
    return DomainTranslator(
        len(channels) or in_channels,
        STAGE2_CHANNELS[settings.backbone],
        lrb,
        entry=nn.Sequential(*entry) if entry else None,
    )


def with_masks(model: Detector, seed: int = 0) -> Detector:
    """The detector with a mask head beside its box head, with random weights drawn from `seed`;
    raises `UserError` in an engine without masks.
    """
    masked = make_detector(replace(model.config, masks=True), model.engine, seed=seed)
    masked.load_weights({**masked.weights(), **model.weights()})
    return masked


def _state(model: nn.Module) -> Mapping[str, Tensor]:
    return model.weights() if hasattr(model, "weights") else model.state_dict()


def save_weights(model: nn.Module, path: str | Path) -> None:
    """Write a model's tensors as safetensors, atomically; a detector's settings go with them."""
    note = {"config": json.dumps(asdict(model.config))} if hasattr(model, "config") else None
    tensors = {k: v.detach().cpu().contiguous() for k, v in _state(model).items()}
    atomically(Path(path), lambda p: p.write_bytes(save(tensors, note)))


def _read(path: str | Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    try:
        with safe_open(path, "pt") as file:
            return {k: file.get_tensor(k) for k in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise UserError(
            f"{path} is not a whole safetensors file ({error})",
            "Make it again with the notebook that wrote it",
        ) from error


def load_weights(model: Module, path: str | Path) -> Module:
    """Read safetensors into a model of any engine.

    Raises:
        UserError: not a safetensors file, one of another model, or of other settings; the first
            wrong tensor or setting is named.
    """
    state, note = _read(path)
    own = _state(model)
    wrong = sorted(set(own) ^ set(state)) or sorted(
        k for k in own if own[k].shape != state[k].shape
    )
    if wrong:
        raise UserError(
            f"{path} holds another model (first wrong tensor: {wrong[0]})",
            "Check recipe, configuration and LRB",
        )
    if "config" in note and hasattr(model, "config"):
        theirs, ours = json.loads(note["config"]), json.loads(json.dumps(asdict(model.config)))
        if other := [k for k in ours if theirs.get(k) != ours[k]]:
            raise UserError(
                f"{path} was trained with other settings (first: {other[0]} = {theirs.get(other[0])})",
                "Load it with load_detector",
            )
    model.load_weights(state) if hasattr(model, "load_weights") else model.load_state_dict(state)
    return model


def _saved(path: str | Path) -> tuple[dict[str, Tensor], DetectorConfig]:
    """Tensors and settings of a saved detector."""
    state, note = _read(path)
    if "config" not in note:
        raise UserError(
            f"{path} holds no detector with its settings",
            "Give a model.safetensors of 07_train_detector",
        )
    return state, TypeAdapter(DetectorConfig).validate_json(note["config"])


def load_detector(path: str | Path, engine: str = "torchvision") -> Detector:
    """A saved pixel detector with the settings that it was saved with, in any engine; raises
    `UserError` as `load_weights` does.
    """
    return load_weights(make_detector(_saved(path)[1], engine), path)


def load_model(path: str | Path, engine: str = "torchvision") -> Detector:
    """A saved detector of pixels or of latents, as its tensors say, with its settings; raises
    `UserError` as `load_weights` does.
    """
    state, config = _saved(path)
    translator, first = None, state.get("front.translator.upsample.0.weight")
    if first is not None:
        translator = build_translator(
            config, len(first), any(k.startswith("front.translator.lrb.") for k in state)
        )
    return load_weights(make_detector(config, engine, translator), path)
