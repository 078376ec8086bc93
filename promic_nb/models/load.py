"""Saved detectors, by path or by name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import TypeAdapter, ValidationError
from torch import Tensor

from promic_nb.core.files import sha256
from promic_nb.errors import UserError
from promic_nb.models.build import make_detector
from promic_nb.models.card import Card, as_json
from promic_nb.models.config import DetectorConfig
from promic_nb.models.detector import Detector
from promic_nb.models.translator import DomainTranslator, TranslatorConfig
from promic_nb.models.weights import load_weights, read_tensors

DETECTORS = Path(__file__).parents[2] / "data" / "detectors"
SUFFIX = ".safetensors"
TRANSLATOR = "front.translator."


def load_detector(path_or_name: str | Path, engine: str = "torchvision") -> Detector:
    """A saved detector with its settings, in any engine and in evaluation mode: of pixels or of
    latents, of some of their channels, of one rate or several, with masks or without.

    Args:
        path_or_name: a model.safetensors of `07_train_detector`, or the name of a shipped detector.
        engine: one of `models.engines.ENGINES`.

    Raises:
        UserError: no such file or name, or a file that holds no detector.

    Example:
        >>> import tempfile
        >>> from promic_nb.models.build import build_detector
        >>> from promic_nb.models.weights import save_weights
        >>> file = Path(tempfile.mkdtemp()) / "model.safetensors"
        >>> save_weights(build_detector("small"), file)
        >>> load_detector(file).config.backbone
        'small'
    """
    path = _located(path_or_name)
    state, note = read_tensors(path)
    if "config" not in note:
        raise UserError(
            f"{path} holds no detector with its settings",
            "Give a model.safetensors of 07_train_detector",
        )
    try:
        config = TypeAdapter(DetectorConfig).validate_json(note["config"])
        built = _translator(state, note, path)
        card = as_json.validate_json(note["card"]) if "card" in note else Card()
    except ValidationError as error:
        raise UserError(
            f"{path} has a damaged note on its settings ({error.errors()[0]['msg']})",
            "Make it again with 07_train_detector",
        ) from error
    translator = DomainTranslator.of(built) if built else None
    model = load_weights(make_detector(config, engine, translator), path)
    model.card = card
    return model.eval()


def _translator(
    state: Mapping[str, Tensor], note: Mapping[str, str], path: Path
) -> TranslatorConfig | None:
    """How a file's translator is built. Version 0.1 did not write that down; without adapters, the
    tensors say it.
    """
    if "translator" in note:
        return TypeAdapter(TranslatorConfig).validate_json(note["translator"])
    first, last = (state.get(f"{TRANSLATOR}upsample.{i}.weight") for i in (1, 4))
    if first is None or last is None:
        return None
    if any(name.startswith(f"{TRANSLATOR}entry.") for name in state):
        raise UserError(
            f"{path} was saved by version 0.1, which did not note its channels and rates",
            "Train it again with 07_train_detector",
        )
    lrb = any(name.startswith(f"{TRANSLATOR}lrb.") for name in state)
    return TranslatorConfig(len(first), last.shape[1], lrb, first.shape[2], first.shape[1])


def _located(path_or_name: str | Path) -> Path:
    """The file of a path or name."""
    if isinstance(path_or_name, Path) or path_or_name.endswith(SUFFIX):
        return Path(path_or_name)
    if Path(path_or_name).is_file():
        return Path(path_or_name)
    names = shipped()
    if not names:
        raise UserError(
            f"detector {path_or_name!r} is unknown: no detectors ship with this version yet",
            "Give the path of a model.safetensors of 07_train_detector",
        )
    if path_or_name not in names:
        raise UserError(
            f"detector {path_or_name!r} is unknown", f"Choose one of: {', '.join(names)}"
        )
    about = names[path_or_name]
    path = DETECTORS / about["file"]
    if not path.is_file() or sha256(path) != about["sha256"]:
        raise UserError(
            f"{path} is missing, or not the file that {DETECTORS / 'registry.yaml'} names",
            "Take it from the repository again",
        )
    return path


def shipped() -> dict[str, dict[str, str]]:
    """The detectors in data/detectors by name: their `file`, its `sha256`, and what else
    data/detectors/registry.yaml says; empty if there are none.
    """
    file = DETECTORS / "registry.yaml"
    return yaml.safe_load(file.read_text()) if file.is_file() else {}
