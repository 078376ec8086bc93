"""A data set, encoded once: latents and reconstructions as memory-mapped arrays that know what they
were made from.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.lib.format import dtype_to_descr, write_array_header_1_0
from tqdm.auto import tqdm

from promic_nb.codecs import contract
from promic_nb.codecs.base import LatentCodec, bpp
from promic_nb.core.files import atomically
from promic_nb.datasets.layout import SliceStack, Split
from promic_nb.errors import UserError

REMEDY = "Encode again with notebooks/05_latents.ipynb (make reproduce does)"
CODER = (
    "codec",
    "setting",
    "weights",
)  # keys of the signature that say which rate of which codec it is


@dataclass(frozen=True)
class EncodedSlices:
    """Slices of one split at one rate.

    Attributes:
        ids: slice ids.
        latents: float32 (N, C, ceil(H/16), ceil(W/16)), memory-mapped.
        images: decoded slices, uint8 (N, H, W), memory-mapped.
        bpp: true rate of each slice.
        signature: what they were made from.
    """

    ids: list[int]
    latents: np.ndarray
    images: np.ndarray
    bpp: list[float]
    signature: dict


def signature(codec: LatentCodec, stack: SliceStack, split: Split, ids: list[int]) -> dict:
    """What the arrays depend on: data, split, codec, setting (the rate) and weights."""
    return {
        "dataset": stack.name,
        "data": stack.fingerprint,
        "split": split,
        "ids": ids,
        "codec": codec.name,
        "setting": codec.setting,
        "weights": codec.sha256,
    }


def encode_slices(
    codec: LatentCodec, stack: SliceStack, split: Split, ids: list[int], folder: Path
) -> EncodedSlices:
    """Encode, decode and store the slices `ids` of a split in `folder`; what is there whole and
    with the same signature is used as it is.
    """
    expected = signature(codec, stack, split, ids)
    try:
        return load_slices(folder, expected)
    except UserError:  # nothing there, unfinished, damaged, or of something else
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "signature.json").unlink(
            missing_ok=True
        )  # written last: arrays without it are unfinished
    rates: list[float] = []

    def record(latents: Path, images: Path) -> None:
        """Slice by slice to the disk: a data set need not fit into memory."""
        with latents.open("wb") as latent_file, images.open("wb") as image_file:
            for slice_id in tqdm(ids, desc=f"{codec.setting} {split}", unit="slice"):
                image = stack.image(split, slice_id)
                stream = contract.encode(codec, image)
                _append(latent_file, contract.latent(codec, stream, image.shape), len(ids))
                _append(image_file, contract.decode(codec, stream, image.shape), len(ids))
                rates.append(bpp(stream, image.shape))

    atomically(
        folder / "latents.npy", lambda p: atomically(folder / "images.npy", lambda q: record(p, q))
    )
    atomically(
        folder / "signature.json",
        lambda p: p.write_text(json.dumps({"of": expected, "bpp": rates}, indent=1)),
    )
    return load_slices(folder, expected)


def _append(file: BinaryIO, value: np.ndarray, count: int) -> None:
    """Add one of `count` arrays to a .npy file, after its header."""
    if not file.tell():
        header = {
            "descr": dtype_to_descr(value.dtype),
            "fortran_order": False,
            "shape": (count, *value.shape),
        }
        write_array_header_1_0(file, header)
    file.write(np.ascontiguousarray(value).data)


def load_slices(folder: Path, expected: dict | None = None) -> EncodedSlices:
    """Open encoded slices.

    Args:
        expected: the `signature` that they must have, or those keys of it that matter.

    Raises:
        UserError: nothing there, unfinished or damaged, or made from something else; the differing
            key is named.
    """
    note_file = folder / "signature.json"
    if not note_file.is_file():
        raise UserError(f"{folder} holds no encoded slices", REMEDY)
    try:
        note = json.loads(note_file.read_text())
        made_from, rates = note["of"], note["bpp"]
        ids = list(made_from["ids"])
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{note_file} is no signature of latents ({error!r})", REMEDY) from error
    for key, value in (expected or {}).items():
        if made_from.get(key) != value:
            raise UserError(
                f"the latents in {folder} have {key}={_short(made_from.get(key))}, "
                f"expected {_short(value)}",
                REMEDY,
            )
    latents = _mapped(folder / "latents.npy", np.float32, 4, len(ids))
    if bad := [i for i, latent in zip(ids, latents, strict=True) if not np.isfinite(latent).all()]:
        raise UserError(
            f"{folder / 'latents.npy'}: the latent of slice {bad[0]} is not finite", REMEDY
        )
    return EncodedSlices(
        ids, latents, _mapped(folder / "images.npy", np.uint8, 3, len(ids)), rates, made_from
    )


def load_rates(
    folders: Mapping[str, str | Path], splits: Iterable[str], expected: dict | None = None
) -> dict[str, dict[str, EncodedSlices]]:
    """The splits of each rate, `load_slices` of FOLDER/SPLIT, by the rate's label and the split.

    The splits of a rate must have been made by one codec at one setting with the same weights, and
    all rates from the same slices.

    Raises:
        UserError: as `load_slices`; the differing key is named.
    """
    loaded: dict[str, dict[str, EncodedSlices]] = {}
    slices: dict[str, list[int]] = {}
    for label, folder in folders.items():
        same = dict(expected or {})
        loaded[label] = {}
        for split in splits:
            ids = {"ids": slices[split]} if split in slices else {}
            here = loaded[label][split] = load_slices(
                Path(folder) / split, {**same, **ids, "split": split}
            )
            same |= {key: here.signature.get(key) for key in CODER}
            slices[split] = here.ids
    return loaded


def _mapped(path: Path, kind: type, dims: int, count: int) -> np.ndarray:
    """A memory-mapped array of `count` slices."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise UserError(f"{path} is missing or damaged ({error})", REMEDY) from error
    if array.dtype != kind or array.ndim != dims or len(array) != count:
        raise UserError(
            f"{path} is {array.dtype} {array.shape}, not {kind.__name__} of the {count} slices "
            "that its signature names",
            REMEDY,
        )
    return array


def _short(value: object) -> str:
    text = str(value)
    return repr(text if len(text) <= 40 else f"{text[:37]}...")
