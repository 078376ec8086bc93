"""Mask AP against closed forms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promic_nb.errors import UserError
from promic_nb.metrics import Detections, mask_average_precision
from promic_nb.metrics.masks import paste

SIZE = (96, 128)


def full(*boxes, scores=None) -> Detections:
    """Detections whose masks fill their boxes."""
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array(scores or [0.9] * len(boxes)),
        np.ones((len(boxes), 28, 28), np.float32),
    )


def labelled(*boxes) -> np.ndarray:
    image = np.zeros(SIZE, np.int16)
    for k, (x0, y0, x1, y1) in enumerate(boxes, 1):
        image[y0:y1, x0:x1] = k
    return image


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 90), st.integers(0, 60), st.integers(3, 36), st.integers(3, 36))
def test_a_full_grid_is_the_box(x0, y0, width, height):
    (mask,) = paste(full((x0, y0, x0 + width, y0 + height)), SIZE)
    assert (mask == (labelled((x0, y0, x0 + width, y0 + height)) > 0)).all()


def test_half_a_grid_is_half_the_box_at_any_scale():
    found = full((10, 20, 66, 76))
    found.masks[:, :, 14:] = 0
    (mask,) = paste(found, SIZE)
    assert (mask == (labelled((10, 20, 38, 76)) > 0)).all()


def test_a_box_across_the_border_is_clipped():
    (mask,) = paste(full((-10.0, 80, 20, 120)), SIZE)
    assert mask.shape == SIZE and (mask == (labelled((0, 80, 20, 96)) > 0)).all()


def test_perfect_masks_have_an_ap_of_1():
    boxes = ((10, 10, 50, 40), (60, 50, 120, 90))
    assert mask_average_precision([labelled(*boxes)], [full(*boxes)])["AP"] == pytest.approx(1)


def test_masks_rather_than_boxes_are_matched():
    """An L-shaped object of 3/4 of its box, found as the whole box: IoU 0.75, a hit at 0.50 to
    0.75: 6 of 10 thresholds.
    """
    truth = labelled((10, 10, 50, 50))
    truth[10:30, 30:50] = 0
    ap = mask_average_precision([truth], [full((10, 10, 50, 50))])
    assert ap["AP50"] == ap["AP75"] == pytest.approx(1)
    assert ap["AP"] == pytest.approx(0.6)


def test_sizes_go_by_the_masks_area():
    """40x40 pixels are a medium box; of those, 30x30 are a small mask."""
    truth = labelled((10, 10, 50, 50))
    truth[40:, :] = 0
    truth[:, 40:] = 0
    ap = mask_average_precision([truth], [full((10, 10, 40, 40))])
    assert ap["APs"] == pytest.approx(1) and np.isnan(ap["APm"])


def test_no_detections_and_no_objects():
    assert mask_average_precision([labelled((10, 10, 50, 40))], [full()])["AP"] == 0
    assert np.isnan(mask_average_precision([labelled()], [full((10, 10, 50, 40))])["AP"])


def test_detections_without_masks_are_refused():
    with pytest.raises(UserError, match="have no masks"):
        mask_average_precision([labelled()], [Detections(np.zeros((0, 4)), np.zeros(0))])
    with pytest.raises(UserError, match="1 images have objects and 0"):
        mask_average_precision([labelled()], [])
