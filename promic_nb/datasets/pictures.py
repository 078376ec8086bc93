"""Labelled pictures of the related studies by name: classes, masks and faces, read from a folder
that the user names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from torchvision import datasets as tv

from promic_nb.datasets import synthetic
from promic_nb.datasets.layout import read_grey, read_pixels
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


class OnDisk(Sequence):
    """A torchvision data set as samples, read one by one."""

    def __init__(self, source: Sequence) -> None:
        self.source = source

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, i: int | slice) -> Sample | list[Sample]:
        if isinstance(i, slice):
            return [self[j] for j in range(*i.indices(len(self)))]
        image, target = self.source[i]
        return np.array(image.convert("RGB")), target if isinstance(target, int) else np.array(
            target
        )


def gratings(_: Path) -> Pictures:
    """Synthetic: 10 directions of a plane wave, 32 x 32."""
    names = tuple(f"{18 * i} degrees" for i in range(synthetic.GRATING_CLASSES))
    return Pictures(
        "gratings",
        names,
        synthetic.gratings(400, 0),
        synthetic.gratings(100, 1),
        "synthetic pictures",
    )


def drawn_faces(_: Path) -> Pictures:
    """Synthetic: drawn faces of 12 people, 112 x 92; the last third of the people is for testing."""
    everyone = [
        [(synthetic.face(p, s), p) for s in range(synthetic.PICTURES_EACH)]
        for p in range(synthetic.PEOPLE)
    ]
    return _by_people(
        "drawn_faces",
        tuple(f"person {p}" for p in range(synthetic.PEOPLE)),
        everyone,
        2 / 3,
        "synthetic faces",
    )


def cifar10(root: Path) -> Pictures:
    """CIFAR-10: torchvision's folder, or sheets `cifar10_batch_*.png` of one 32 x 32 picture a row
    with `labels.csv` (last fifth: test).
    """
    names = (
        "airplane",
        "automobile",
        "bird",
        "cat",
        "deer",
        "dog",
        "frog",
        "horse",
        "ship",
        "truck",
    )
    if (root / "cifar-10-batches-py").is_dir():
        return Pictures(
            "cifar10", names, *(OnDisk(tv.CIFAR10(root, train=train)) for train in (True, False))
        )
    sheets = sorted(root.glob("cifar10_batch_*.png"))
    if not sheets or not (root / "labels.csv").is_file():
        raise UserError(
            f"{root} holds no CIFAR-10",
            "Name a folder with cifar-10-batches-py/, or with cifar10_batch_*.png and labels.csv",
        )
    images = np.concatenate([read_pixels(s).reshape(-1, 32, 32, 3) for s in sheets])
    labels = np.loadtxt(root / "labels.csv", dtype=int, skiprows=1, ndmin=1)
    if len(images) != len(labels):
        raise UserError(
            f"{root}: {len(images)} pictures, {len(labels)} labels", "Copy the folder again"
        )
    samples = [(image, int(label)) for image, label in zip(images, labels, strict=True)]
    cut = len(samples) * 4 // 5
    return Pictures(
        "cifar10",
        names,
        samples[:cut],
        samples[cut:],
        f"{len(samples)} of the 60,000 pictures; the last fifth tests",
    )


def orl(root: Path) -> Pictures:
    """ORL faces: a folder `sN` of `.pgm` for each person; the last quarter of the people is for
    testing.
    """
    people = sorted((p for p in root.glob("s*") if p.is_dir()), key=lambda p: int(p.name[1:]))
    if not people:
        raise UserError(
            f"{root} holds no ORL faces", "Name the folder with s1/ ... s40/ of .pgm files"
        )
    grey = [
        [(np.repeat(read_grey(f)[..., None], 3, axis=2), i) for f in sorted(p.glob("*.pgm"))]
        for i, p in enumerate(people)
    ]
    return _by_people(
        "orl",
        tuple(p.name for p in people),
        grey,
        3 / 4,
        "grey faces of 92 x 112; tested on other people than trained on",
    )


def _by_people(
    name: str, people: tuple[str, ...], samples: list[list[Sample]], share: float, note: str
) -> Pictures:
    """Split by people, the first `share` of them for training."""
    cut = round(len(people) * share)
    return Pictures(
        name,
        people,
        *([s for p in part for s in p] for part in (samples[:cut], samples[cut:])),
        note,
    )


def imagenet(root: Path) -> Pictures:
    """ImageNet (ILSVRC 2012) in torchvision's folder; the validation images test."""
    train, test = (tv.ImageNet(root, split) for split in ("train", "val"))
    return Pictures(
        "imagenet", tuple(names[0] for names in train.classes), OnDisk(train), OnDisk(test)
    )


def voc(root: Path) -> Pictures:
    """PASCAL VOC 2012 segmentation in torchvision's folder: 20 classes and the background; 255 is
    no class.
    """
    train, test = (tv.VOCSegmentation(root, "2012", split) for split in ("train", "val"))
    return Pictures(
        "voc", ("background", *(f"class {i}" for i in range(1, 21))), OnDisk(train), OnDisk(test)
    )


def lfw(root: Path) -> Pictures:
    """Labeled Faces in the Wild in torchvision's folder, 250 x 250, with its own training and test
    people.
    """
    train, test = (tv.LFWPeople(root, split, "original") for split in ("train", "test"))
    return Pictures("lfw", tuple(train.class_to_idx), OnDisk(train), OnDisk(test))


PICTURES: dict[str, Callable[[Path], Pictures]] = {
    "gratings": gratings,
    "drawn_faces": drawn_faces,
    "cifar10": cifar10,
    "orl": orl,
    "imagenet": imagenet,
    "voc": voc,
    "lfw": lfw,
}
SYNTHETIC = ("gratings", "drawn_faces")


def open_pictures(name: str, path: str | Path = "") -> Pictures:
    """A set by name.

    Args:
        name: one of `PICTURES`.
        path: its folder; nothing is downloaded. The synthetic sets need none.

    Raises:
        UserError: unknown name, no folder, or a folder of another layout.
    """
    if name not in PICTURES:
        raise UserError(f"picture set {name!r} is unknown", f"Choose one of {', '.join(PICTURES)}")
    if name not in SYNTHETIC and not (path and Path(path).is_dir()):
        raise UserError(
            f"the folder of {name!r} is {str(path)!r}, which is none",
            "Name the folder that holds it (data/README.md)",
        )
    try:
        return PICTURES[name](Path(path))
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
