"""Images of a folder, and what a stack of slices has to be."""

import numpy as np
import pytest
from PIL import Image

from promic_nb.datasets.folder import check_stack, read_folder
from promic_nb.errors import UserError


def test_images_come_in_order_and_colour_as_luma(tmp_path):
    Image.fromarray(np.full((16, 20), 9, np.uint8)).save(tmp_path / "b.tif")
    red = np.zeros((16, 20, 3), np.uint8)
    red[..., 0] = 255
    Image.fromarray(red).save(tmp_path / "a.png")
    (tmp_path / "notes.txt").write_text("no image")
    images = read_folder(tmp_path)
    assert list(images) == ["a", "b"]
    assert np.unique(images["a"]).tolist() == [76]  # 0.299 * 255
    assert list(read_folder(tmp_path, slice(1, None, 2))) == ["b"]


@pytest.mark.parametrize(
    ("dtype", "part", "message"),
    [
        (np.uint16, slice(None), "uint16 samples"),
        (np.uint8, slice(3, None), "has 1 images, none of them in the part"),
    ],
)
def test_what_is_no_image_of_8_bits_is_named(tmp_path, dtype, part, message):
    Image.fromarray(np.zeros((16, 20), dtype)).save(tmp_path / "a.png")
    with pytest.raises(UserError, match=message):
        read_folder(tmp_path, part)
    with pytest.raises(UserError, match="is no folder"):
        read_folder(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ([(64, 64)], "has 1 slices. It takes at least 2"),
        ([(64, 80), (80, 64)], "1 has 80x64 samples, 0 has 64x80"),
        ([(48, 80), (48, 80)], "48x80 samples. Both sides must be at least 64"),
    ],
)
def test_a_stack_that_cannot_be_trained_on_is_refused(sizes, message):
    images = {str(i): np.zeros(size, np.uint8) for i, size in enumerate(sizes)}
    with pytest.raises(UserError, match=message):
        check_stack(images, 2, 64)


def test_a_stack_has_one_size():
    assert check_stack({str(i): np.zeros((64, 80)) for i in range(3)}, 2, 64) == (64, 80)
