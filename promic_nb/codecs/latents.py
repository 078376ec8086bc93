"""A data set, encoded once: latents and reconstructions as memory-mapped arrays that know what they were made from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from promic_nb.codecs.base import LatentCodec, bpp
from promic_nb.datasets.layout import SliceStack
from promic_nb.errors import UserError
from promic_nb.provenance import atomically


@dataclass(frozen=True)
class EncodedSlices:
    """Slices of one split at one rate.

    Attributes:
        ids: slice ids.
        latents: float32 (N, C, ceil(H/16), ceil(W/16)), memory-mapped.
        images: decoded slices, uint8 (N, H, W), memory-mapped.
        bpp: true rate of each slice.
    """

    ids: list[int]
    latents: np.ndarray
    images: np.ndarray
    bpp: list[float]


def signature(codec: LatentCodec, stack: SliceStack, split: str, ids: list[int]) -> dict:
    """What the arrays depend on: data, split, codec, setting and weights."""
    return {
        "dataset": stack.name, "data": stack.fingerprint, "split": split, "ids": ids,
        "codec": codec.name, "setting": codec.setting, "weights": getattr(codec, "sha256", ""),
    }  # fmt: skip


def encode_slices(codec: LatentCodec, stack: SliceStack, split: str, ids: list[int], folder: Path) -> EncodedSlices:
    """Encode, decode and store the slices `ids` of a split in `folder`; what is there with the same signature is used as it is."""
    expected = signature(codec, stack, split, ids)
    if (_note(folder) or {}).get("of") == expected:
        return load_slices(folder, expected)
    (folder / "signature.json").unlink(missing_ok=True)  # written last: arrays without it are unfinished
    latents, images, rates = [], [], []
    for slice_id in tqdm(ids, desc=f"{codec.setting} {split}", unit="slice"):
        image = stack.image(split, slice_id)
        stream = codec.encode(image)
        latents.append(codec.latent(stream))
        images.append(codec.decode(stream))
        rates.append(bpp(stream, image.shape))
    for name, parts in (("latents", latents), ("images", images)):
        atomically(folder / f"{name}.npy", partial(_save, np.stack(parts)))
    atomically(folder / "signature.json", lambda p: p.write_text(json.dumps({"of": expected, "bpp": rates}, indent=1)))
    return load_slices(folder, expected)


def _save(array: np.ndarray, path: Path) -> None:
    with path.open("wb") as file:  # np.save would add a suffix to the name
        np.save(file, array)


def load_slices(folder: Path, expected: dict | None = None) -> EncodedSlices:
    """Open encoded slices.

    Args:
        expected: the `signature` that they must have, or those keys of it that matter.

    Raises:
        UserError: nothing there, or made from something else; the differing key is named.
    """
    remedy = "Encode again with notebooks/05_latents.ipynb (make reproduce does)"
    note = _note(folder)
    if note is None:
        raise UserError(f"{folder} holds no encoded slices", remedy)
    for key, value in (expected or {}).items():
        if note["of"].get(key) != value:
            raise UserError(f"the latents in {folder} have {key}={str(note['of'].get(key))[:40]!r}, expected {str(value)[:40]!r}", remedy)
    ids, arrays = note["of"]["ids"], {}
    for name, kind, dims in (("latents", np.float32, 4), ("images", np.uint8, 3)):
        file = folder / f"{name}.npy"
        try:
            array = arrays[name] = np.load(file, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise UserError(f"{file} is no whole array ({error})", remedy) from None
        if array.dtype != kind or array.ndim != dims or len(array) != len(ids):
            raise UserError(f"{file} is {array.dtype} {array.shape}, not {kind.__name__} of {len(ids)} slices", remedy)
    if bad := [i for i, latent in zip(ids, arrays["latents"], strict=True) if not np.isfinite(latent).all()]:
        raise UserError(f"{folder / 'latents.npy'}: the latent of slice {bad[0]} is not finite", remedy)
    return EncodedSlices(ids, arrays["latents"], arrays["images"], note["bpp"])


def _note(folder: Path) -> dict | None:
    """What is written beside the arrays: `of`, their signature, and `bpp`; None where it is missing or damaged."""
    try:
        note = json.loads((folder / "signature.json").read_text())
    except (OSError, ValueError):
        return None
    return note if isinstance(note, dict) and "bpp" in note and "ids" in note.get("of", {}) else None
