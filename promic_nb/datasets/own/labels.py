"""Labels of a user's own stack: which label belongs to which slice, and the objects in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from promic_nb.datasets.boxes import MIN_AREA, Objects, instances, objects_of
from promic_nb.datasets.own.planes import Plane, read
from promic_nb.errors import UserError


class Labels(Protocol):
    """Labels of some slices, by the number of the slice."""

    @property
    def ids(self) -> list[int]:
        """Numbers of the labelled slices, in order."""
        ...

    @property
    def sources(self) -> list[Plane]:
        """Where they come from."""
        ...

    def objects(self, slice_id: int, size: tuple[int, int]) -> Objects:
        """The objects in a slice of `size` (H, W)."""
        ...


@dataclass(frozen=True)
class LabelImages:
    """Labels that are images.

    Args:
        planes: by the number of the slice.
        values: value to number of the class, for a value a class; None for a value an object, or
            for masks.
        split: whether the values are masks, whose touching objects are split.
    """

    planes: dict[int, Plane]
    values: dict[int, int] | None
    split: bool

    @property
    def ids(self) -> list[int]:
        return sorted(self.planes)

    @property
    def sources(self) -> list[Plane]:
        return [self.planes[i] for i in self.ids]

    def objects(self, slice_id: int, size: tuple[int, int]) -> Objects:
        plane = self.planes[slice_id]
        label = label_image(plane)
        if label.shape != size:
            raise UserError(
                f"{plane} has {label.shape[0]}x{label.shape[1]} pixels, its slice "
                f"{size[0]}x{size[1]}",
                "Labels and slices must have one size",
            )
        if self.values is not None:
            return self._of_classes(label, plane)
        if self.split:
            return objects_of(instances(label > 0)[0])
        values, areas = np.unique(label, return_counts=True)
        specks = values[areas < MIN_AREA]
        return objects_of(np.where(np.isin(label, specks), 0, label))

    def _of_classes(self, label: np.ndarray, plane: Plane) -> Objects:
        values = self.values or {}
        unknown = sorted(set(np.unique(label).tolist()) - {0, *values})
        if unknown:
            raise UserError(
                f"{plane} has the value {unknown[0]}, which no class in stack.yaml names",
                f"Add it to classes, as in: classes: {{name: {unknown[0]}}}",
            )
        total, classes = np.zeros(label.shape, np.int32), []
        for value, number in values.items():
            own, _ = instances(label == value)
            total = np.where(own > 0, own + int(total.max()), total)
            classes += [number] * (len(np.unique(own[own > 0])))
        found = objects_of(total)
        return Objects(found.boxes, found.labels, np.array(classes, np.int64))


def label_image(plane: Plane) -> np.ndarray:
    """A label as whole numbers, (H, W); of one with equal channels the first.

    Raises:
        UserError: a colour picture, fractions, or negative values.
    """
    label = read(plane)
    if label.ndim == 3:
        if label.shape[2] >= 3 and (label[..., :3] != label[..., :1]).any():
            raise UserError(
                f"{plane} is a label in colour", "Save labels as whole numbers, 0 outside objects"
            )
        label = label[..., 0]
    whole = label.astype(np.int64)
    if (whole != label).any() or (whole < 0).any():
        raise UserError(f"{plane} holds fractions or negative values", "Save whole numbers from 0")
    return whole


def match(images: Sequence[Plane], labels: Sequence[Plane]) -> dict[int, Plane]:
    """The label of each slice that has one, by the slice's number.

    Slices in files of many are matched by their place. Others are matched by equal names, else by
    all numbers in names, else by the last: `mask0012.png` and `12.png`.

    Raises:
        UserError: a label that matches no slice.

    Example:
        >>> from pathlib import Path
        >>> images = [Plane(Path(f"in/mask{i:04d}.png")) for i in range(4)]
        >>> found = match(images, [Plane(Path("out/2.png"))])
        >>> list(found), found[2].path.name
        ([2], '2.png')
    """
    if len(images) == len(labels) == 1:
        return {0: labels[0]}
    for key_of in (_name, _numbers, _last):
        keys = [key_of(plane) for plane in images]
        places = {key: i for i, key in enumerate(keys)}
        wanted = [key_of(plane) for plane in labels]
        strange = [p for p, key in zip(labels, wanted, strict=True) if key not in places]
        if not strange and len(places) == len(images) and len(set(wanted)) == len(labels):
            return {places[key]: p for key, p in zip(wanted, labels, strict=True)}
    raise UserError(
        f"the label {(strange or labels)[0]} matches no slice",
        "Name labels as their slices, or number both alike",
    )


def _name(plane: Plane) -> tuple[int | str, ...]:
    return (plane.index,) if plane.of > 1 else (plane.name,)


def _numbers(plane: Plane) -> tuple[int | str, ...]:
    return (plane.index,) if plane.of > 1 else tuple(map(int, re.findall(r"\d+", plane.path.stem)))


def _last(plane: Plane) -> tuple[int | str, ...]:
    return _numbers(plane)[-1:]
