"""Picture sets that a user names the folder of; nothing is downloaded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from torchvision import datasets as tv

from promic_nb.datasets.layout import read_grey, read_pixels
from promic_nb.datasets.pictures import OnDisk, Pictures, PictureSet, Sample, by_people
from promic_nb.errors import UserError


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
        train, test = (OnDisk(tv.CIFAR10(root, train=train)) for train in (True, False))
        return Pictures("cifar10", names, train, test)
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
    grey: list[list[Sample]] = [
        [(np.repeat(read_grey(f)[..., None], 3, axis=2), i) for f in sorted(p.glob("*.pgm"))]
        for i, p in enumerate(people)
    ]
    return by_people(
        "orl",
        tuple(p.name for p in people),
        grey,
        3 / 4,
        "grey faces of 92 x 112; tested on other people than trained on",
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


CIFAR10, ORL, IMAGENET, VOC, LFW = map(PictureSet, (cifar10, orl, imagenet, voc, lfw))
