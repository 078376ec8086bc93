import shutil

import numpy as np
import pytest
from PIL import Image

from promic_nb.datasets import open_stack
from promic_nb.datasets.layout import find_root, read_grey, read_label
from promic_nb.errors import UserError


def test_root_is_the_folder_or_its_only_stack(tiny_root):
    assert find_root(tiny_root) == tiny_root
    assert find_root(tiny_root.parent) == tiny_root


def test_several_stacks_are_ambiguous(tiny_root, tmp_path):
    for name in "ab":
        shutil.copytree(tiny_root, tmp_path / name)
    with pytest.raises(UserError, match="several stacks in it \\(a, b\\)"):
        find_root(tmp_path)


def test_slices_and_masks_of_one_shape(tiny):
    image, mask = tiny.image("train", 0), tiny.mask("train", 0)
    assert image.shape == mask.shape == (256, 256)
    assert image.dtype == np.uint8
    assert mask.dtype == bool
    assert 0 < mask.mean() < 0.5


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "1"])
def test_labels_of_every_published_form(tmp_path, mode):
    mask = np.zeros((20, 30), bool)
    mask[5:9, 3:20] = True
    Image.fromarray(mask.astype(np.uint8) * 255).convert(mode).save(tmp_path / "0.png")
    assert (read_label(tmp_path / "0.png") == mask).all()


def test_a_colour_file_of_grey_samples_is_accepted_and_real_colour_is_not(tmp_path):
    grey = np.arange(64, dtype=np.uint8).reshape(8, 8)
    Image.fromarray(np.stack([grey] * 3, -1)).save(tmp_path / "grey.png")
    assert (read_grey(tmp_path / "grey.png") == grey).all()
    Image.fromarray(np.stack([grey, grey, grey + 1], -1)).save(tmp_path / "colour.png")
    with pytest.raises(UserError, match=r"colour\.png is a colour image"):
        read_grey(tmp_path / "colour.png")


def test_sixteen_bits_are_refused(tmp_path):
    Image.fromarray(np.zeros((8, 8), np.uint16)).save(tmp_path / "deep.png")
    with pytest.raises(UserError, match="not uint8"):
        read_grey(tmp_path / "deep.png")


@pytest.mark.parametrize("damage", ["missing", "truncated", "text"])
def test_a_damaged_slice_is_named(tiny_root, tmp_path, damage):
    shutil.copytree(tiny_root, tmp_path / "stack")
    victim = tmp_path / "stack" / "Train_In" / "mask0002.png"
    stack = open_stack("phantom", tmp_path / "stack")
    if damage == "missing":
        victim.unlink()
    else:
        victim.write_bytes(victim.read_bytes()[:2000] if damage == "truncated" else b"not an image")
    with pytest.raises(UserError, match="mask0002"):
        stack.image("train", 2)


def test_a_label_of_another_shape_is_named(tiny_root, tmp_path):
    shutil.copytree(tiny_root, tmp_path / "stack")
    Image.fromarray(np.zeros((10, 10), np.uint8)).save(tmp_path / "stack" / "Train_Out" / "1.png")
    with pytest.raises(UserError, match=r"1\.png has shape \(10, 10\), its image \(256, 256\)"):
        open_stack("phantom", tmp_path / "stack").mask("train", 1)


def test_the_fingerprint_changes_with_a_single_label(tiny_root, tmp_path):
    shutil.copytree(tiny_root, tmp_path / "stack")
    before = open_stack("phantom", tmp_path / "stack").fingerprint
    Image.fromarray(np.zeros((256, 256), np.uint8)).save(tmp_path / "stack" / "Train_Out" / "1.png")
    assert open_stack("phantom", tmp_path / "stack").fingerprint != before
