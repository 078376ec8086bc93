"""Windows of 16-bit samples, and luma."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from promic_nb.core.window import Window, estimate, luma
from promic_nb.errors import UserError


def test_a_window_of_256_steps_is_lossless_both_ways():
    samples = np.arange(1000, 1256, dtype=np.uint16).reshape(16, 16)
    window = Window(1000, 1255)
    assert window.to_uint8(samples).ravel().tolist() == list(range(256))
    assert np.array_equal(window.from_uint8(window.to_uint8(samples)), samples)


def test_samples_outside_the_window_are_clipped():
    assert Window(-1, 1).to_uint8(np.array([-9.0, -1.0, 0.0, 1.0, 9.0])).tolist() == [
        *(0, 0, 128, 255, 255)
    ]


def test_the_error_of_a_round_trip_is_at_most_half_a_step():
    samples = np.random.default_rng(0).integers(500, 40001, (64, 64), dtype=np.uint16)
    window = Window(500, 40000)
    back = window.from_uint8(window.to_uint8(samples)).astype(float)
    assert np.abs(back - samples.clip(500, 40000)).max() <= (40000 - 500) / 255 / 2 + 0.5


def test_whole_samples_stay_within_their_type():
    assert Window(-100, 300).from_uint8(np.array([0, 255], np.uint8), np.uint8).tolist() == [0, 255]


@pytest.mark.parametrize("ends", [(5, 5), (6, 5), (0, float("inf")), (float("nan"), 1)])
def test_an_empty_window_is_refused(ends):
    with pytest.raises(UserError, match="is no range"):
        Window(*ends)


def test_samples_that_are_not_finite_are_refused():
    with pytest.raises(UserError, match="not finite"):
        Window(0, 1).to_uint8(np.array([np.nan]))


def test_an_estimated_window_ignores_outliers():
    image = np.full((100, 100), 700, np.uint16)
    image[:, 50:] = 900
    image[0, 0], image[0, 1] = 0, 65535
    assert estimate([image]) == Window(700, 900)


def test_a_flat_image_has_a_window():
    assert estimate([np.full((8, 8), 7, np.uint16)]) == Window(7, 8)


def test_luma_is_that_of_pillow_within_a_step():
    rgb = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    peer = np.asarray(Image.fromarray(rgb).convert("L"), int)
    assert np.abs(luma(rgb).astype(int) - peer).max() <= 1


def test_luma_keeps_the_depth_and_ignores_alpha():
    rgba = np.array([[[65535, 65535, 65535, 9], [1000, 1000, 1000, 0]]], np.uint16)
    grey = luma(rgba)
    assert grey.dtype == np.uint16 and grey.tolist() == [[65535, 1000]]


def test_luma_of_five_planes_is_refused():
    with pytest.raises(UserError, match="neither grey nor RGB"):
        luma(np.zeros((4, 4, 5), np.uint8))
