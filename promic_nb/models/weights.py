"""Tensors in safetensors files, with a note of what they are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, TypeVar

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from promic_nb.core.files import atomically, note_in_order
from promic_nb.errors import UserError


class Weighted(Protocol):
    """What can be saved: a detector of any engine, or a translator."""

    def weights(self) -> dict[str, Tensor]:
        """All tensors by name."""
        ...

    def load_weights(self, state: Mapping[str, Tensor]) -> None:
        """Take tensors as `weights` gives them; all must be there."""
        ...

    def note(self) -> dict[str, str]:
        """What a file holds beside the tensors."""
        ...


Model = TypeVar("Model", bound=Weighted)


def save_tensors(
    tensors: Mapping[str, Tensor], path: str | Path, note: dict[str, str] | None = None
) -> None:
    """Write tensors and a note as safetensors, atomically; raises `UserError` if it cannot."""
    held = {k: v.detach().cpu().contiguous() for k, v in tensors.items()}
    atomically(Path(path), lambda p: p.write_bytes(note_in_order(save(held, note))))


def read_tensors(path: str | Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors and note of a safetensors file; raises `UserError` if it is none."""
    try:
        with safe_open(path, "pt") as file:
            return {k: file.get_tensor(k) for k in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise UserError(
            f"{path} is not a whole safetensors file ({error})",
            "Make it again with the notebook that wrote it",
        ) from error


def save_weights(model: Weighted, path: str | Path) -> None:
    """Write a detector or translator with what `load_detector` needs to open it again."""
    save_tensors(model.weights(), path, model.note())


def load_weights(model: Model, path: str | Path) -> Model:
    """Read a file into a model of any engine that was built like the saved one.

    Raises:
        UserError: not a safetensors file, one of another model, or of other settings; the first
            wrong tensor or setting is named.
    """
    state, note = read_tensors(path)
    own = model.weights()
    wrong = sorted(set(own) ^ set(state)) or sorted(
        k for k in own if own[k].shape != state[k].shape
    )
    if wrong:
        raise UserError(
            f"{path} holds another model (first wrong tensor: {wrong[0]})",
            "Check recipe, configuration and LRB",
        )
    theirs, ours = (json.loads(n.get("config", "{}")) for n in (note, model.note()))
    if theirs and (other := [k for k in ours if theirs.get(k, ours[k]) != ours[k]]):
        raise UserError(
            f"{path} was trained with other settings (first: {other[0]} = {theirs.get(other[0])})",
            "Load it with load_detector",
        )
    model.load_weights(state)
    return model
