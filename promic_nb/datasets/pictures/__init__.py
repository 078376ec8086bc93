"""Labelled pictures of the related studies by name: classes, masks and faces, read from a folder
that the user names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, overload

import numpy as np

from promic_nb.datasets.pictures.registry import PICTURES
from promic_nb.errors import UserError

# A picture, uint8 (H, W, 3), grey ones with three equal channels; and its class, or its mask, uint8
# (H, W), of classes (255: none).
Sample = tuple[np.ndarray, "int | np.ndarray"]
HASHED = 100  # samples of a set on disk that count into its fingerprint


@dataclass(frozen=True)
class Pictures:
    """A labelled set in two splits.

    Args:
        name: the set's name, part of tables.
        classes: their names, in the order of the labels.
        note: what a reader of its numbers must know.
    """

    name: str
    classes: tuple[str, ...]
    train: Sequence[Sample]
    test: Sequence[Sample]
    note: str = ""

    def tested_on(self, count: int) -> Pictures:
        """The same set with at most `count` pictures to test on, drawn at random (seed 0) and kept
        in order.
        """
        if count >= len(self.test):
            return self
        chosen = np.sort(np.random.default_rng(0).choice(len(self.test), count, replace=False))
        return replace(self, test=[self.test[int(i)] for i in chosen])

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the samples; of a set that is read from disk as needed, over its sizes and
        the first hundred of each split.
        """
        digest = hashlib.sha256()
        for samples in (self.train, self.test):
            digest.update(f"{len(samples)}\0".encode())
            for i in range(
                len(samples) if isinstance(samples, list) else min(HASHED, len(samples))
            ):
                image, target = samples[i]
                digest.update(image.tobytes() + np.asarray(target).tobytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class PictureSet:
    """What the registry has for a picture set.

    Attributes:
        read: the set in its folder.
        synthetic: drawn; it needs no folder.
    """

    read: Callable[[Path], Pictures]
    synthetic: bool = False


class OnDisk(Sequence[Sample]):
    """A torchvision data set as samples, read one by one."""

    def __init__(self, source: Sequence[Any]) -> None:
        self.source = source

    def __len__(self) -> int:
        return len(self.source)

    @overload
    def __getitem__(self, i: int) -> Sample: ...

    @overload
    def __getitem__(self, i: slice) -> list[Sample]: ...

    def __getitem__(self, i: int | slice) -> Sample | list[Sample]:
        if isinstance(i, slice):
            return [self[j] for j in range(*i.indices(len(self)))]
        image, target = self.source[i]
        label = target if isinstance(target, int) else np.array(target)
        return np.array(image.convert("RGB")), label


def by_people(
    name: str,
    people: tuple[str, ...],
    samples: Sequence[Sequence[Sample]],
    share: float,
    note: str,
) -> Pictures:
    """Split by people, the first `share` of them for training."""
    cut = round(len(people) * share)
    train, test = ([s for p in part for s in p] for part in (samples[:cut], samples[cut:]))
    return Pictures(name, people, train, test, note)


def open_pictures(name: str, path: str | Path = "") -> Pictures:
    """A set by name.

    Args:
        name: one of `PICTURES`.
        path: its folder; nothing is downloaded. The synthetic sets need none.

    Raises:
        UserError: unknown name, no folder, or a folder of another layout.
    """
    pictures = PICTURES[name]
    if not pictures.synthetic and not (path and Path(path).is_dir()):
        raise UserError(
            f"the folder of {name!r} is {str(path)!r}, which is none",
            "Name the folder that holds it (data/README.md)",
        )
    try:
        return pictures.read(Path(path))
    except UserError:
        raise
    except (
        RuntimeError,
        OSError,
        ValueError,
    ) as error:  # torchvision's and NumPy's, for a folder of another layout
        raise UserError(
            f"{path} does not hold {name} as torchvision lays it out ({error})",
            "See torchvision.datasets",
        ) from error
