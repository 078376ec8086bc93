"""A data set, encoded once: latents and reconstructions as memory-mapped arrays that know what they
were made from.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from promic_nb.codecs import contract
from promic_nb.codecs.base import LatentCodec, bpp
from promic_nb.codecs.growing import GrowingArrays
from promic_nb.core.fields import Augmentation
from promic_nb.core.files import atomically
from promic_nb.datasets.layout import SliceStack, Split
from promic_nb.datasets.views import IDENTITY, VIEWS, View
from promic_nb.errors import UserError

REMEDY = "Encode again with notebooks/05_latents.ipynb (make reproduce does)"
CODER = (
    "codec",
    "setting",
    "weights",
)  # keys of the signature that say which rate of which codec it is


@dataclass(frozen=True)
class EncodedSlices:
    """Slices of one split at one rate, each in one view or several.

    Attributes:
        ids: slice ids.
        latents: float32 (V N, C, ceil(H/16), ceil(W/16)), memory-mapped: all N slices in the first
            view, then all in the second, and so on.
        images: decoded slices, uint8 (V N, H, W), memory-mapped, in the same order.
        bpp: true rate of each slice as it is, N numbers.
        signature: what they were made from.
    """

    ids: list[int]
    latents: np.ndarray
    images: np.ndarray
    bpp: list[float]
    signature: dict

    def seen_by(self, augmentation: str) -> EncodedSlices:
        """Only the views of an augmentation (`datasets.views.VIEWS`).

        Raises:
            UserError: the slices were not encoded in those views.
        """
        views = _names(VIEWS[augmentation])
        there = self.signature["views"]
        if there[: len(views)] != views:
            raise UserError(
                f"the {self.signature['split']} latents hold the views {', '.join(there)}, but "
                f"augmentation {augmentation!r} needs {', '.join(views)}",
                f"{REMEDY}, with augmentation: {augmentation}",
            )
        count = len(views) * len(self.ids)
        return replace(self, latents=self.latents[:count], images=self.images[:count])


def signature(
    codec: LatentCodec,
    stack: SliceStack,
    split: Split,
    ids: list[int],
    views: Sequence[View] = IDENTITY,
) -> dict:
    """What the arrays depend on: data, split, views, codec, setting (the rate) and weights."""
    return {
        "dataset": stack.name,
        "data": stack.fingerprint,
        "split": split,
        "ids": ids,
        "views": _names(views),
        "codec": codec.name,
        "setting": codec.setting,
        "weights": codec.sha256,
    }


def _names(views: Sequence[View]) -> list[str]:
    return [view.name for view in views]


def encode_slices(
    codec: LatentCodec,
    stack: SliceStack,
    split: Split,
    ids: list[int],
    folder: Path,
    views: Sequence[View] = IDENTITY,
) -> EncodedSlices:
    """Encode, decode and store the slices `ids` of a split in `folder`, in each view.

    What is there whole and with the same signature is used as it is. Slices go to the disk one by
    one: a data set need not fit into memory, and a killed run continues where it was.

    Raises:
        UserError: the files cannot be written.
    """
    expected = signature(codec, stack, split, ids, views)
    try:
        return load_slices(folder, expected)
    except UserError:  # nothing there, unfinished, damaged, or of something else
        # written last: arrays without it are unfinished
        (folder / "signature.json").unlink(missing_ok=True)
    jobs = [(view, slice_id) for view in views for slice_id in ids]
    arrays = GrowingArrays(folder, ("latents", "images"), len(jobs), expected)
    done = len(arrays.values)
    title = f"{codec.setting} {split}"
    for view, slice_id in tqdm(
        jobs[done:], desc=title, unit="slice", initial=done, total=len(jobs)
    ):
        image = np.ascontiguousarray(view.picture(stack.image(split, slice_id)))
        stream = contract.encode(codec, image)
        arrays.add(
            bpp(stream, image.shape),
            contract.latent(codec, stream, image.shape),
            contract.decode(codec, stream, image.shape),
        )
    rates = arrays.finish()
    atomically(
        folder / "signature.json",
        lambda p: p.write_text(json.dumps({"of": expected, "bpp": rates}, indent=1)),
    )
    return load_slices(folder, expected)


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
        count = len(ids) * len(made_from["views"])
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{note_file} is no signature of latents ({error!r})", REMEDY) from error
    for key, value in (expected or {}).items():
        if made_from.get(key) != value:
            raise UserError(
                f"the latents in {folder} have {key}={_short(made_from.get(key))}, "
                f"expected {_short(value)}",
                REMEDY,
            )
    latents = _mapped(folder / "latents.npy", np.float32, 4, count)
    if bad := [i for i, latent in enumerate(latents) if not np.isfinite(latent).all()]:
        raise UserError(
            f"{folder / 'latents.npy'}: the latent of slice {ids[bad[0] % len(ids)]} is not finite",
            REMEDY,
        )
    images = _mapped(folder / "images.npy", np.uint8, 3, count)
    return EncodedSlices(ids, latents, images, rates[: len(ids)], made_from)


def load_rates(
    folders: Mapping[str, str | Path],
    splits: Iterable[str],
    expected: dict | None = None,
    augmentation: Augmentation = "none",
) -> dict[str, dict[str, EncodedSlices]]:
    """The splits of each rate, `load_slices` of FOLDER/SPLIT, by the rate's label and the split.

    The splits of a rate must have been made by one codec at one setting with the same weights, and
    all rates from the same slices.

    Args:
        augmentation: whose views are taken of the training slices.

    Raises:
        UserError: as `load_slices`, where the differing key is named, and `seen_by`.
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
            if split == "train":
                loaded[label][split] = here.seen_by(augmentation)
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
