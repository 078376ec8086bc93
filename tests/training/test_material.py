"""Training material: whose pictures, how often, and how they are varied."""

import numpy as np
import pytest
import torch
from PIL import Image

from promic_nb.errors import UserError
from promic_nb.training.klt_init import klt, levels
from promic_nb.training.material import crops, mixed, synthetic, tool_pictures, training_slices


@pytest.fixture(scope="module")
def natural(tmp_path_factory):
    """Three colour pictures of one value each: 10, 20, 30."""
    folder = tmp_path_factory.mktemp("natural")
    for i in (1, 2, 3):
        Image.new("RGB", (300, 280), (10 * i,) * 3).save(folder / f"{i}.png")
    return folder


def test_a_stacks_crops_are_parts_of_its_training_slices(tiny):
    material = training_slices(tiny)
    assert [image.shape for image in material[0]] == [tiny.image("train", 0).shape] * len(
        tiny.ids("train")
    )
    crop = next(iter(crops(material, 64, 3)))
    assert crop.shape == (1, 64, 64) and crop.min() >= 0 and crop.max() <= 255
    values = set(np.concatenate([image.ravel() for image in material[0]]))
    assert set(crop.numpy().astype(np.uint8).ravel()) <= values


def test_crops_are_reproducible_and_resumable(tiny):
    first, second = (crops(training_slices(tiny), 64, 5) for _ in "ab")
    second.start = 2
    drawn = [crop for crop, _ in zip(first, range(4), strict=False)]
    assert (next(iter(second)) == drawn[2]).all()


def test_every_second_natural_picture_is_kept_for_tests(tiny, natural):
    groups = mixed(tiny, natural)
    assert len(groups) == 4
    assert [image[0, 0] for image in groups[2]] == [10, 30]
    assert all(image.dtype == np.uint8 and min(image.shape) >= 256 for image in groups[1])


def test_mixed_crops_keep_size_and_range(tiny, natural):
    stream = crops(mixed(tiny, natural), 64, 0)
    for crop, _ in zip(stream, range(40), strict=False):
        assert crop.shape == (1, 64, 64)
        assert crop.min() >= 0 and crop.max() <= 255 and (crop == crop.round()).all()


def test_a_folder_without_pictures_is_an_error(tiny, tmp_path):
    with pytest.raises(UserError, match="holds no PNG files"):
        mixed(tiny, tmp_path)


def test_every_picture_of_mixed_material_has_equal_weight():
    """A picture of 40 times the contrast does not decide: both directions are kept."""
    rows, columns = np.mgrid[:64, :64]
    faint = 127 + 3 * (rows % 2)
    strong = 127 + 120 * (columns % 2)
    basis = klt([[faint.astype(np.uint8)], [strong.astype(np.uint8)]], 3).flatten(1).numpy()
    for wave in ((-1.0) ** rows[:16, :16], (-1.0) ** columns[:16, :16]):
        unit = wave.ravel() / 16
        assert np.square(basis @ unit).sum() == pytest.approx(1, abs=1e-4)


def test_levels_grow_with_the_spread_and_stay_on_the_grid():
    rng = np.random.default_rng(0)
    weak, strong = (
        np.clip(127.5 + rng.normal(0, s, (128, 128)), 0, 255).astype(np.uint8) for s in (3, 30)
    )
    rows = np.linalg.qr(rng.normal(size=(256, 160)))[0].T
    basis = torch.from_numpy(rows.reshape(160, 16, 16)).float()
    low, high = (levels([[image]], basis, 0.02) for image in (weak, strong))
    # ten times the spread is ln 10 / 0.2004 = 11.5 levels more, less what the clamp keeps
    assert ((high - low) > 5).all() and high.max() <= 31 and low.min() > 382 / 128


@pytest.mark.parametrize("kind", range(3))
def test_synthetic_pictures_have_detail(kind):
    image = synthetic(np.random.default_rng(1), kind)
    assert image.shape == (512, 512) and image.dtype == np.uint8 and 5 < image.std() < 80


def test_tools_are_fitted_on_pictures_of_each_group():
    groups = [[np.full((300, 600), i + 10 * g, np.uint8) for i in range(4)] for g in range(2)]
    alone = tool_pictures(groups[:1], 2)
    assert [image[0, 0] for image in alone] == [0, 2] and alone[0].shape == (300, 600)
    mixed_ones = tool_pictures(groups, 1)
    assert [image[0, 0] for image in mixed_ones] == [0, 10]
    assert {image.shape for image in mixed_ones} == {(256, 256)}
