"""Readers of labelled pictures: local copies of real sets where they are, small copies of their
layouts elsewhere.
"""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from promic_nb.datasets.patches import mitochondria_masks, mitochondria_patches
from promic_nb.datasets.pictures import OnDisk, open_pictures
from promic_nb.errors import UserError

SHARED = Path(os.environ.get("PROMIC_SHARED", Path(__file__).parents[2].parent / "shared" / "data"))


@pytest.mark.parametrize(
    ("name", "classes", "shape"), [("gratings", 10, (32, 32, 3)), ("drawn_faces", 12, (112, 92, 3))]
)
def test_synthetic_sets_are_reproducible(name, classes, shape):
    once, again = open_pictures(name), open_pictures(name)
    assert once.fingerprint == again.fingerprint
    assert (
        len(once.classes) == classes
        and once.train[0][0].shape == shape
        and once.train[0][0].dtype == np.uint8
    )


def test_the_number_of_test_pictures_can_be_reduced():
    few = open_pictures("gratings").tested_on(30)
    assert len(few.test) == 30 and len(few.train) == 400
    assert len({c for _, c in few.test}) > 5  # of all classes, not just the first
    assert few.tested_on(99) is few


def test_faces_are_tested_on_other_people():
    faces = open_pictures("drawn_faces")
    assert not {p for _, p in faces.train} & {p for _, p in faces.test}


@pytest.mark.parametrize(
    ("name", "path", "message"),
    [
        ("cifar", "", "picture set 'cifar' is unknown"),
        ("cifar10", "", "the folder of 'cifar10'"),
        ("orl", "nowhere", "'nowhere', which is none"),
    ],
)
def test_a_wrong_name_or_folder_is_named(name, path, message):
    with pytest.raises(UserError, match=message):
        open_pictures(name, path)


@pytest.mark.parametrize("name", ["cifar10", "orl", "imagenet", "voc", "lfw"])
def test_a_folder_of_another_layout_is_refused(name, tmp_path):
    with pytest.raises(UserError):
        open_pictures(name, tmp_path)


def test_cifar_sheets(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (10, 1024, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "cifar10_batch_0.png")
    (tmp_path / "labels.csv").write_text("class_id\n" + "\n".join(map(str, range(10))))
    found = open_pictures("cifar10", tmp_path)
    assert (len(found.train), len(found.test)) == (8, 2)
    assert (found.test[1][0] == pixels[9].reshape(32, 32, 3)).all() and found.test[1][1] == 9
    (tmp_path / "labels.csv").write_text("class_id\n1\n")
    with pytest.raises(UserError, match="10 pictures, 1 labels"):
        open_pictures("cifar10", tmp_path)


def test_voc_through_torchvision(tmp_path):
    base = tmp_path / "VOCdevkit" / "VOC2012"
    for folder in ("JPEGImages", "SegmentationClass", "ImageSets/Segmentation"):
        (base / folder).mkdir(parents=True)
    mask = np.zeros((20, 30), np.uint8)
    mask[5:9, 5:9], mask[0] = 7, 255
    for split in ("train", "val"):
        (base / "ImageSets" / "Segmentation" / f"{split}.txt").write_text(split)
        Image.fromarray(np.zeros((20, 30, 3), np.uint8)).save(base / "JPEGImages" / f"{split}.jpg")
        Image.fromarray(mask).convert("P").save(base / "SegmentationClass" / f"{split}.png")
    found = open_pictures("voc", tmp_path)
    image, target = found.test[0]
    assert len(found.classes) == 21 and isinstance(found.test, OnDisk)
    assert image.shape == (20, 30, 3) and (target == mask).all()
    assert len(found.fingerprint) == 64


@pytest.mark.skipif(not SHARED.is_dir(), reason="no ../shared/data; set PROMIC_SHARED")
def test_real_sets():
    cifar, orl = (
        open_pictures("cifar10", SHARED / "cifar10-lossless"),
        open_pictures("orl", SHARED / "faces-orl"),
    )
    assert (len(cifar.train), len(cifar.test)) == (3200, 800)
    assert cifar.classes[cifar.train[0][1]] == "frog"  # the first picture of CIFAR-10
    assert (len(orl.train), len(orl.test)) == (300, 100)
    assert orl.train[0][0].shape == (112, 92, 3)


def test_patches_come_in_pairs(tiny):
    found = mitochondria_patches(tiny)
    classes = [c for _, c in found.train]
    assert classes.count(0) == classes.count(1) > 5
    assert all(
        image.shape[0] == image.shape[1] and image.shape[0] % 16 == 0 for image, _ in found.train
    )
    assert len({image.shape for image, _ in found.train}) > 2


def test_a_patch_holds_its_mitochondrion(tiny):
    """The mask of the slice says so: inside a patch of class 1 about half is mitochondrion, of
    class 0 next to nothing.
    """
    stack, i = tiny, tiny.ids("train")[0]
    image, mask = stack.image("train", i), stack.mask("train", i)
    windows = np.lib.stride_tricks.sliding_window_view
    one = mitochondria_patches(type(stack)(stack.name, stack.root, {"train": [i], "test": []}))
    for patch, label in one.train:
        side = patch.shape[0]
        corners = windows(image, (16, 16))[: image.shape[0] - side + 1, : image.shape[1] - side + 1]
        rows, columns = np.nonzero((corners == patch[:16, :16, 0]).all((2, 3)))
        share = mask[rows[0] : rows[0] + side, columns[0] : columns[0] + side].mean()
        assert (share > 0.15) if label else (share <= 0.02)


def test_masks_fit_their_crops(tiny):
    found = mitochondria_masks(tiny, side=96)
    assert all(
        image.shape == (96, 96, 3) and mask.shape == (96, 96) and mask.max() == 1
        for image, mask in found.train
    )
