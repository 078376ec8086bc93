"""A user's own stack as a data set: everywhere that Lucchi++ goes, it goes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np
from tqdm.auto import tqdm

from promic_nb.core.window import Window, luma
from promic_nb.datasets.boxes import Objects
from promic_nb.datasets.layout import SMALLEST, SliceStack, Split
from promic_nb.datasets.own.labels import LabelImages, Labels, match
from promic_nb.datasets.own.manifest import Lists, Manifest, read_manifest
from promic_nb.datasets.own.planes import Plane, matching, planes_of, read
from promic_nb.errors import UserError


@dataclass(frozen=True)
class Survey:
    """What a stack holds, after all of it was read.

    Attributes:
        size: (H, W) of every slice.
        dtype: of the samples as stored.
        slices: all of them, in a split or not.
        splits: number of slices by split.
        objects: number of objects by split and class; empty without labels.
    """

    size: tuple[int, int]
    dtype: str
    slices: int
    splits: dict[str, int]
    objects: dict[str, dict[str, int]]


@dataclass(frozen=True, kw_only=True)
class OwnStack(SliceStack):
    """The stack that a `stack.yaml` describes. Slices are numbered from 0, in the order of their
    names and of their places in files.

    Args:
        planes: its slices.
        labelled: its labels; None where it has none.
        manifest: what the file says.
    """

    planes: list[Plane]
    labelled: Labels | None
    manifest: Manifest

    @property
    def pixel_size_nm(self) -> float | None:
        return self.manifest.pixel_size_nm

    @property
    def window(self) -> Window | None:
        return Window(*self.manifest.window) if self.manifest.window else None

    def image(self, split: Split, slice_id: int) -> np.ndarray:
        """uint8 (H, W): the luma, through the window where there is one."""
        return grey8(read(self.planes[slice_id]), self.window, str(self.planes[slice_id]))

    def objects(self, split: Split, slice_id: int) -> Objects:
        height, width = self.image(split, slice_id).shape
        return self._labels.objects(slice_id, (height, width))

    def mask(self, split: Split, slice_id: int) -> np.ndarray:
        """bool (H, W), True inside objects."""
        return self.objects(split, slice_id).labels > 0

    @property
    def _labels(self) -> Labels:
        if self.labelled is None:
            raise UserError(
                f"the stack {self.name!r} in {self.root} has no labels",
                "Add labels to its stack.yaml; without them there are encode, decode and detect",
            )
        return self.labelled

    def survey(self) -> Survey:
        """Read every slice and label.

        Raises:
            UserError: a damaged file, slices of several sizes or depths, slices too small, or a
                label of another size or with a class that is not named; the file is named.
        """
        seen: dict[tuple[int, int, str], Plane] = {}
        where = {i: split for split, ids in self.split_ids.items() for i in ids}
        objects = {split: dict.fromkeys(self.classes, 0) for split in self.split_ids}
        bar = tqdm(self.planes, desc=f"reading {self.name}", unit="slice", leave=False)
        for i, plane in enumerate(bar):
            stored = read(plane)
            image = grey8(stored, self.window, str(plane))
            height, width = image.shape
            seen.setdefault((height, width, str(stored.dtype)), plane)
            if len(seen) > 1:
                (first, a), (second, b) = seen.items()
                raise UserError(
                    f"{a} is {first[2]} of {first[0]}x{first[1]} pixels, and {b} is "
                    f"{second[2]} of {second[0]}x{second[1]}",
                    "Slices of one stack must have one size and one depth",
                )
            if self.labelled and i in self.labelled.ids:
                found = self.labelled.objects(i, (height, width))
                for number in found.classes if i in where else ():
                    objects[where[i]][self.classes[number]] += 1
        height, width, dtype = next(iter(seen))
        if min(height, width) < SMALLEST:
            raise UserError(
                f"the slices of {self.root} have {height}x{width} pixels",
                f"Give slices of at least {SMALLEST}x{SMALLEST}",
            )
        splits = {str(split): len(ids) for split, ids in self.split_ids.items()}
        return Survey(
            (height, width),
            dtype,
            len(self.planes),
            splits,
            {str(k): v for k, v in objects.items()} if self.labelled else {},
        )

    def check(self) -> tuple[int, int]:
        """Read everything, as for a training; returns the common size (height, width).

        Raises:
            UserError: as `survey`; or no labels, an empty split, or no object to train on.
        """
        assert self._labels
        if empty := [split for split, ids in self.split_ids.items() if not ids]:
            raise UserError(
                f"the stack {self.name!r} has no slices for {', '.join(empty)}",
                "Training needs at least one slice in each of train, val and test",
            )
        found = self.survey()
        if not sum(found.objects["train"].values()):
            raise UserError(
                f"no label of the training slices of {self.root} shows an object",
                "Check labels in its stack.yaml, and which slices split.train names",
            )
        return found.size

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over what the manifest says and over the bytes of every image and label."""
        said = self.manifest.model_dump(mode="json", exclude={"pixel_size_nm"})
        digest = hashlib.sha256(repr((said, self.split_ids)).encode())
        sources = self.labelled.sources if self.labelled else []
        for path in dict.fromkeys(plane.path for plane in [*self.planes, *sources]):
            for file in _bytes_of(path):
                digest.update(f"{file.relative_to(path.parent)}\0".encode())
                digest.update(file.read_bytes())
        return digest.hexdigest()


def _bytes_of(path: Path) -> Iterator[Path]:
    """A file, or the files of an OME-Zarr folder."""
    if path.is_dir():
        yield from sorted(p for p in path.rglob("*") if p.is_file())
    else:
        yield path


def grey8(stored: np.ndarray, window: Window | None, name: str) -> np.ndarray:
    """A slice as uint8 (H, W): its luma, through the window if there is one.

    Raises:
        UserError: samples of another depth without a window; `name` says of which slice.

    Example:
        >>> grey8(np.array([[0, 300]], np.uint16), Window(0, 510), "a.tif").tolist()
        [[0, 150]]
    """
    grey = luma(stored)
    if window:
        return window.to_uint8(grey)
    if grey.dtype == bool:
        return grey.astype(np.uint8) * 255
    if grey.dtype != np.uint8:
        raise UserError(
            f"{name} has {grey.dtype} samples, and no window says which of them are black and "
            "white",
            "Give a window, the samples that become 0 and 255: in stack.yaml, or --window LOW,HIGH",
        )
    return np.ascontiguousarray(grey)


def open_own(folder: str | Path) -> OwnStack:
    """The stack that the `stack.yaml` of a folder describes; nothing but names is read yet.

    Raises:
        UserError: no such file, a wrong value in it, no images, labels that match no slice, or
            too few slices for its splits.
    """
    root = Path(folder)
    manifest = read_manifest(root)
    label_files = matching(root, manifest.labels.files) if manifest.labels else []
    images = [p for p in matching(root, manifest.images) if p not in label_files]
    planes = [plane for path in images for plane in planes_of(path)]
    if not planes:
        raise UserError(
            f"{root}: no image matches {manifest.images!r}", "Correct images in its stack.yaml"
        )
    if manifest.labels and not label_files:
        raise UserError(
            f"{root}: no label matches {manifest.labels.files!r}",
            "Correct labels in its stack.yaml, or set labels to null",
        )
    labels = _labels(manifest, label_files, planes)
    usable = labels.ids if labels else list(range(len(planes)))
    splits = manifest.split.ids(usable)
    return OwnStack(
        name=manifest.name,
        root=root,
        split_ids=cast(dict[Split, list[int]], splits),
        note="lists of slices" if isinstance(manifest.split, Lists) else "blocks of slices",
        classes=tuple(manifest.classes),
        planes=planes,
        labelled=labels,
        manifest=manifest,
    )


def _labels(manifest: Manifest, files: list[Path], planes: list[Plane]) -> Labels | None:
    about: Any = manifest.labels
    if about is None:
        return None
    if about.kind == "coco":
        from promic_nb.datasets.own.coco import CocoLabels

        if len(files) > 1:
            raise UserError(f"{len(files)} files match {about.files!r}", "Name one COCO file")
        return CocoLabels(files[0], planes, list(manifest.classes))
    values = None
    if isinstance(manifest.classes, dict):
        values = {value: i for i, value in enumerate(manifest.classes.values())}
    found = match(planes, [plane for path in files for plane in planes_of(path)])
    return LabelImages(found, values, split=about.kind == "masks")
