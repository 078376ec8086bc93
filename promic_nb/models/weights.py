"""Tensors in safetensors files, with a note of what they are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, TypeVar

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from promic_nb.core.files import atomically
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
    atomically(Path(path), lambda p: p.write_bytes(_in_order(save(held, note))))


def _in_order(data: bytes) -> bytes:
    """A safetensors file with its note sorted: safetensors writes the note's keys in an order of
    chance, and equal models are to be equal files.
    """
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    if "__metadata__" in header:
        header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # tensors begin at multiples of eight bytes
    return len(text).to_bytes(8, "little") + text + data[8 + size :]


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
    if theirs and (other := [k for k in ours if theirs.get(k) != ours[k]]):
        raise UserError(
            f"{path} was trained with other settings (first: {other[0]} = {theirs.get(other[0])})",
            "Load it with load_detector",
        )
    model.load_weights(state)
    return model
