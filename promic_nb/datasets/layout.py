"""Readers of slice stacks on disk, in the folder layout of the public Lucchi++ and Kasthuri++
archives.

    ROOT/{Train_In,Test_In}/mask%04d.png    grey slices
    ROOT/{Train_Out,Test_Out}/%d.png        labels: grey 0/255, or RGBA with white mitochondria

ROOT may also be the folder above, as the archives unpack to `Lucchi++/` and `Kasthuri++/`.
"""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from PIL import Image, UnidentifiedImageError

from promic_nb.errors import UserError

if TYPE_CHECKING:
    from promic_nb.datasets.boxes import Objects

Split = Literal["train", "val", "test"]
SMALLEST = 64  # pixels of a side: the smallest crop of a training
MAX_SAMPLES = 2**26  # of an image, as codecs allow
FOLDERS = {
    "train": ("Train_In", "Train_Out"),
    "val": ("Train_In", "Train_Out"),
    "test": ("Test_In", "Test_Out"),
}
_REMEDY = (
    "Expected the Lucchi++ layout: Train_In/mask0000.png with Train_Out/0.png, Test_In and "
    "Test_Out alike (data/README.md)"
)


def find_root(path: Path) -> Path:
    """The folder that holds `Train_In`: `path` itself or its only such sub-folder.

    Raises:
        UserError: no such folder, or more than one.
    """
    if not path.is_dir():
        raise UserError(f"data folder {path} does not exist", _REMEDY)
    roots = [p for p in (path, *sorted(path.iterdir())) if (p / "Train_In").is_dir()]
    if len(roots) != 1:
        found = (
            "no Train_In in it"
            if not roots
            else f"several stacks in it ({', '.join(r.name for r in roots)})"
        )
        raise UserError(
            f"data folder {path}: {found}", _REMEDY if not roots else "Name one of them"
        )
    return roots[0]


def read_grey(path: Path) -> np.ndarray:
    """A grey 8-bit image. uint8 (H, W), 0..255. RGB(A) with equal channels counts as grey."""
    array = read_pixels(path)
    if array.dtype != np.uint8:
        raise UserError(
            f"{path} has {array.dtype} samples, not uint8", "Convert the slice to 8 bits"
        )
    if array.ndim == 3:
        if array.shape[2] >= 3 and (array[..., :3] != array[..., :1]).any():
            raise UserError(f"{path} is a colour image", "Convert the slice to grey")
        array = array[..., 0]
    return np.ascontiguousarray(array)


def read_label(path: Path) -> np.ndarray:
    """A mitochondria mask from a grey or RGBA label. bool (H, W); True where the label is white
    (over 127).
    """
    array = read_pixels(path)
    if array.dtype not in (np.uint8, bool):
        raise UserError(
            f"{path} has {array.dtype} samples, not uint8", "Convert the label to 8 bits, 0 and 255"
        )
    if array.ndim == 3:  # the alpha channel is opaque everywhere and says nothing
        array = array[..., : 3 if array.shape[2] >= 3 else 1].min(axis=-1)
    return array > (127 if array.max() > 1 else 0)


def read_pixels(path: Path) -> np.ndarray:
    """An image file as it is stored: (H, W) or (H, W, channels); one with a palette as RGB.

    Raises:
        UserError: no such file, a damaged one, or one that claims more samples than a decoder here
            may allocate.
    """
    try:
        with _open(path) as image:
            return np.array(image.convert("RGB") if image.mode == "P" else image)
    except FileNotFoundError:
        raise UserError(f"{path} is missing", _REMEDY) from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise UserError(
            f"{path} cannot be read as an image ({error})", "Copy or download the file again"
        ) from None


def _open(path: Path) -> Image.Image:
    """An image whose size is known and allowed; its samples are not read yet."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", Image.DecompressionBombWarning
            )  # the limit here is lower
            image = Image.open(path)
        size = image.size
    except Image.DecompressionBombError:
        size = (MAX_SAMPLES, 2)
    if size[0] * size[1] > MAX_SAMPLES:
        raise UserError(
            f"{path} claims more than {MAX_SAMPLES} samples", "Cut the slice into parts"
        )
    return image


@dataclass(frozen=True)
class SliceStack:
    """Labelled slices on disk with fixed splits.

    Args:
        name: the data set's name, part of every output path.
        root: the folder that holds `Train_In`.
        split_ids: slice ids by split.
        note: what a reader of its numbers must know.
        classes: names of the objects that its labels show.
    """

    name: str
    root: Path
    split_ids: dict[Split, list[int]]
    note: str = ""
    classes: tuple[str, ...] = ("mitochondrion",)

    def ids(self, split: Split, every: int = 1) -> list[int]:
        """Slice ids of a split in order; with `every`, every Nth (0, every, 2 every ...)."""
        if split not in self.split_ids:
            raise UserError(
                f"split {split!r} of {self.name} is unknown",
                f"Choose one of {', '.join(self.split_ids)}",
            )
        return self.split_ids[split][::every]

    def paths(self, split: Split, slice_id: int) -> tuple[Path, Path]:
        """Image and label path of a slice."""
        images, labels = FOLDERS[split]
        return (
            self.root / images / f"mask{slice_id:04d}.png",
            self.root / labels / f"{slice_id}.png",
        )

    def image(self, split: Split, slice_id: int) -> np.ndarray:
        """uint8 (H, W)."""
        return read_grey(self.paths(split, slice_id)[0])

    def mask(self, split: Split, slice_id: int) -> np.ndarray:
        """bool (H, W), True inside mitochondria; as large as the image."""
        image_path, label_path = self.paths(split, slice_id)
        mask = read_label(label_path)
        with _open(image_path) as image:
            size = image.size[::-1]
        if mask.shape != size:
            raise UserError(
                f"{label_path} has shape {mask.shape}, its image {size}",
                "Labels and images must have one size",
            )
        return mask

    def objects(self, split: Split, slice_id: int) -> Objects:
        """The objects in a slice: boxes, label image and classes."""
        from promic_nb.datasets.boxes import objects  # scikit-image takes a second to import

        return objects(self.mask(split, slice_id))

    def boxes(self, split: Split, slice_id: int) -> np.ndarray:
        """Boxes of the objects in a slice: float32 (N, 4), xyxy pixels."""
        return self.objects(split, slice_id).boxes

    def check(self) -> tuple[int, int]:
        """Read every slice and label; return their common size (height, width).

        Raises:
            UserError: a missing, damaged or foreign file, a label without its slice, slices of
                several sizes or below 64 x 64, or no mitochondrion in any label to train on; the
                first such file is named.
        """
        sizes: dict[tuple[int, int], Path] = {}
        found = False
        for split in self.split_ids:
            images, labels = (self.root / folder for folder in FOLDERS[split])
            known = {path.name for path in labels.parent.glob(f"{labels.name}/*.png")}
            for stray in sorted(
                known
                - {f"{int(p.stem.removeprefix('mask'))}.png" for p in images.glob("mask*.png")}
            ):
                raise UserError(
                    f"{labels / stray} is a label without a slice in {images}",
                    "Add the slice, or remove the label",
                )
            for slice_id in self.split_ids[split]:
                image, mask = self.image(split, slice_id), self.mask(split, slice_id)
                height, width = image.shape
                sizes.setdefault((height, width), self.paths(split, slice_id)[0])
                found |= split == "train" and bool(mask.any())
        if len(sizes) > 1:
            (first, a), (second, b) = list(sizes.items())[:2]
            raise UserError(
                f"{a} has {first[0]}x{first[1]} pixels and {b} {second[0]}x{second[1]}",
                "Slices of one set must have one size",
            )
        if min(size := next(iter(sizes))) < SMALLEST:
            raise UserError(
                f"the slices in {self.root} have {size[0]}x{size[1]} pixels",
                f"Give slices of at least {SMALLEST}x{SMALLEST}",
            )
        if not found:
            raise UserError(
                f"no label in {self.root / FOLDERS['train'][1]} shows a mitochondrion",
                "Give labels that are white (255) inside them",
            )
        return size

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
        raise UserError(
            f"{root / folder}: a slice name is not maskNNNN.png ({error})", _REMEDY
        ) from None
    if not ids:
        raise UserError(f"{root / folder} holds no slices", _REMEDY)
    return ids
