"""Views of a slice, and where its objects are in them."""

import numpy as np
import pytest

from promic_nb.datasets.boxes import Objects, objects
from promic_nb.datasets.views import VIEWS, View

HEIGHT, WIDTH = 64, 96


@pytest.fixture
def mask():
    """Two rectangles: one inside, one in the upper left corner."""
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[20:40, 50:80] = True
    mask[:6, :30] = True
    return mask


@pytest.mark.parametrize("view", VIEWS["encoded"], ids=lambda view: view.name)
def test_boxes_are_mirrored(mask, view):
    x0, x1 = (WIDTH - 80, WIDTH - 50) if view.horizontal else (50, 80)
    y0, y1 = (HEIGHT - 40, HEIGHT - 20) if view.vertical else (20, 40)
    boxes = view.objects(objects(mask)).boxes
    assert [x0, y0, x1, y1] in boxes.tolist() and len(boxes) == 2


@pytest.mark.parametrize("view", VIEWS["shifted"], ids=lambda view: view.name)
def test_pictures_labels_and_boxes_agree(mask, view):
    """Each box is that of its label, and the labels cover the mask in the same view."""
    found = view.objects(objects(mask))
    boxes, labels = found.boxes, found.labels
    assert len(found.classes) == len(boxes)
    assert labels.shape == view.picture(mask).shape == (HEIGHT, WIDTH)
    assert (view.picture(mask) == (labels > 0)).all()
    for k, box in enumerate(boxes.astype(int).tolist()):
        rows, columns = np.nonzero(labels == k + 1)
        assert box == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


def test_a_shift_moves_content_and_drops_what_leaves(mask):
    found = View(shift=8).objects(objects(mask))
    assert found.boxes.tolist() == [[42, 12, 72, 32]] and found.labels.max() == 1
    assert len(found.classes) == 1
    assert (View(shift=8).picture(mask)[:-8, :-8] == mask[8:, 8:]).all()


def test_an_object_at_the_last_row_goes_on_into_the_repeated_rows():
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[50:, 30:60] = True
    found = View(shift=8).objects(objects(mask))
    assert found.boxes.tolist() == [[22, 42, 52, HEIGHT]]


def test_boxes_of_overlapping_objects_stay_whole():
    """Where one object hides part of another, its box is not that of what is left of its label."""
    labels = np.zeros((HEIGHT, WIDTH), np.int16)
    labels[10:30, 10:20], labels[10:30, 20:40] = 1, 2
    given = Objects(
        np.array([[10, 10, 30, 30], [20, 10, 40, 30]], np.float32), labels, np.zeros(2, int)
    )
    seen = View(horizontal=True).objects(given)
    assert seen.boxes.tolist() == [[66, 10, 86, 30], [56, 10, 76, 30]]


def test_each_augmentation_begins_with_the_smaller_ones():
    none, encoded, shifted = (VIEWS[name] for name in ("none", "encoded", "shifted"))
    assert encoded[:1] == none == VIEWS["grid"] and shifted[:4] == encoded
    assert len({view.name for view in shifted}) == 8


def test_views_of_real_latents_differ_from_mirrored_latents(lucchi):
    """Why a view is encoded: a flip on the grid gives another latent."""
    from promic_nb import codecs

    codec = codecs.get("jpegai_bop_off", beta=0.02)
    image = lucchi.image("train", 0)[:256, :256]
    plain = codec.latent(codec.encode(image))
    mirrored = codec.latent(codec.encode(np.ascontiguousarray(image[:, ::-1])))[..., ::-1]
    assert np.square(plain - mirrored).mean() > 0.5 * plain.var()
