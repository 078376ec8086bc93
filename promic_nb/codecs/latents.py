"""A data set, encoded once: latents and reconstructions as memory-mapped arrays that know what they were made from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from promic_nb.codecs.base import LatentCodec, bpp
from promic_nb.datasets.layout import SliceStack
from promic_nb.errors import UserError


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
    if (folder / "signature.json").is_file() and json.loads((folder / "signature.json").read_text())["of"] == expected:
        return load_slices(folder, expected)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "signature.json").unlink(missing_ok=True)  # written last: arrays without it are unfinished
    latents, images, rates = [], [], []
    for slice_id in tqdm(ids, desc=f"{codec.setting} {split}", unit="slice"):
        image = stack.image(split, slice_id)
        stream = codec.encode(image)
        latents.append(codec.latent(stream))
        images.append(codec.decode(stream))
        rates.append(bpp(stream, image.shape))
    np.save(folder / "latents.npy", np.stack(latents))
    np.save(folder / "images.npy", np.stack(images))
    part = folder / "signature.part"
    part.write_text(json.dumps({"of": expected, "bpp": rates}, indent=1))
    part.replace(folder / "signature.json")
    return load_slices(folder, expected)


def load_slices(folder: Path, expected: dict | None = None) -> EncodedSlices:
    """Open encoded slices.

    Args:
        expected: the `signature` that they must have, or those keys of it that matter.

    Raises:
        UserError: nothing there, or made from something else; the differing key is named.
    """
    remedy = "Encode again with notebooks/04_latents.ipynb (make reproduce does)"
    if not (folder / "signature.json").is_file():
        raise UserError(f"{folder} holds no encoded slices", remedy)
    note = json.loads((folder / "signature.json").read_text())
    for key, value in (expected or {}).items():
        if note["of"].get(key) != value:
            raise UserError(f"the latents in {folder} have {key}={str(note['of'].get(key))[:40]!r}, expected {str(value)[:40]!r}", remedy)
    arrays = [np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("latents", "images")]
    return EncodedSlices(note["of"]["ids"], *arrays, note["bpp"])
