"""Readers of slice stacks on disk, in the folder layout of the public Lucchi++ and Kasthuri++ archives.

    ROOT/{Train_In,Test_In}/mask%04d.png    grey slices
    ROOT/{Train_Out,Test_Out}/%d.png        labels: grey 0/255, or RGBA with white mitochondria

ROOT may also be the folder above, as the archives unpack to `Lucchi++/` and `Kasthuri++/`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image, UnidentifiedImageError

from promic_nb.errors import UserError

Split = Literal["train", "val", "test"]
FOLDERS = {"train": ("Train_In", "Train_Out"), "val": ("Train_In", "Train_Out"), "test": ("Test_In", "Test_Out")}
_REMEDY = "Expected the Lucchi++ layout: Train_In/mask0000.png with Train_Out/0.png, Test_In and Test_Out alike (docs/data.md)"


def find_root(path: Path) -> Path:
    """The folder that holds `Train_In`: `path` itself or its only such sub-folder.

    Raises:
        UserError: no such folder, or more than one.
    """
    if not path.is_dir():
        raise UserError(f"data folder {path} does not exist", _REMEDY)
    roots = [p for p in (path, *sorted(path.iterdir())) if (p / "Train_In").is_dir()]
    if len(roots) != 1:
        found = "no Train_In in it" if not roots else f"several stacks in it ({', '.join(r.name for r in roots)})"
        raise UserError(f"data folder {path}: {found}", _REMEDY if not roots else "Name one of them")
    return roots[0]


def read_grey(path: Path) -> np.ndarray:
    """A grey 8-bit image. uint8 (H, W), 0..255. RGB(A) with equal channels counts as grey."""
    array = read_pixels(path)
    if array.dtype != np.uint8:
        raise UserError(f"{path} has {array.dtype} samples, not uint8", "Convert the slice to 8 bits")
    if array.ndim == 3:
        if not (array[..., 0] == array[..., 1]).all() or not (array[..., 0] == array[..., 2]).all():
            raise UserError(f"{path} is a colour image", "Convert the slice to grey")
        array = array[..., 0]
    return np.ascontiguousarray(array)


def read_label(path: Path) -> np.ndarray:
    """A mitochondria mask from a grey or RGBA label. bool (H, W); True where the label is white (over 127)."""
    array = read_pixels(path)
    if array.ndim == 3:  # the alpha channel of RGBA labels is opaque everywhere and says nothing
        array = array[..., :3].min(axis=-1)
    return array > (127 if array.max() > 1 else 0)


def read_pixels(path: Path) -> np.ndarray:
    """An image file as it is stored: (H, W) or (H, W, channels)."""
    try:
        with Image.open(path) as image:
            return np.array(image)
    except FileNotFoundError:
        raise UserError(f"{path} is missing", _REMEDY) from None
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise UserError(f"{path} cannot be read as an image ({error})", "Copy or download the file again") from None


@dataclass(frozen=True)
class SliceStack:
    """Labelled slices on disk with fixed splits.

    Args:
        name: the data set's name, part of every output path.
        root: the folder that holds `Train_In`.
        split_ids: slice ids by split.
        note: what a reader of its numbers must know.
    """

    name: str
    root: Path
    split_ids: dict[str, list[int]]
    note: str = ""

    def ids(self, split: Split, every: int = 1) -> list[int]:
        """Slice ids of a split in order; with `every`, each such one (0, every, 2 every ...)."""
        if split not in self.split_ids:
            raise UserError(f"split {split!r} of {self.name} is unknown", f"Choose one of {', '.join(self.split_ids)}")
        return self.split_ids[split][::every]

    def paths(self, split: Split, slice_id: int) -> tuple[Path, Path]:
        """Image and label path of a slice."""
        images, labels = FOLDERS[split]
        return self.root / images / f"mask{slice_id:04d}.png", self.root / labels / f"{slice_id}.png"

    def image(self, split: Split, slice_id: int) -> np.ndarray:
        """uint8 (H, W)."""
        return read_grey(self.paths(split, slice_id)[0])

    def mask(self, split: Split, slice_id: int) -> np.ndarray:
        """bool (H, W), True inside mitochondria; as large as the image."""
        image_path, label_path = self.paths(split, slice_id)
        mask = read_label(label_path)
        with Image.open(image_path) as image:
            size = image.size[::-1]
        if mask.shape != size:
            raise UserError(f"{label_path} has shape {mask.shape}, its image {size}", "Labels and images must have one size")
        return mask

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the names and bytes of every image and label of the splits."""
        digest = hashlib.sha256()
        for split in sorted(self.split_ids):
            for slice_id in self.split_ids[split]:
                for path in self.paths(split, slice_id):
                    if not path.is_file():
                        raise UserError(f"{path} is missing", _REMEDY)
                    digest.update(f"{split}/{path.name}\0".encode())
                    digest.update(path.read_bytes())
        return digest.hexdigest()


def stack_ids(root: Path, folder: str) -> list[int]:
    """Ids of the slices in `folder`, sorted, from names like mask0012.png."""
    names = sorted((root / folder).glob("mask*.png"))
    try:
        ids = sorted(int(p.stem.removeprefix("mask")) for p in names)
    except ValueError as error:
        raise UserError(f"{root / folder}: a slice name is not maskNNNN.png ({error})", _REMEDY) from None
    if not ids:
        raise UserError(f"{root / folder} holds no slices", _REMEDY)
    return ids
