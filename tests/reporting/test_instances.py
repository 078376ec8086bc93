"""Boxes and masks drawn over a slice."""

import matplotlib.pyplot as plt
import numpy as np

from promic_nb.reporting.instances import boxes_beside, masks_beside, numbered


def test_masks_are_numbered_from_one():
    masks = [np.array([[1, 0, 0]], bool), np.array([[0, 1, 0]], bool)]
    assert numbered(masks, (1, 3)).tolist() == [[1, 2, 0]]
    assert numbered([], (1, 3)).tolist() == [[0, 0, 0]]


def test_there_is_a_panel_for_each_title():
    image = np.full((20, 30), 128, np.uint8)
    figure = boxes_beside(image, {"labels": np.array([[1, 2, 11, 8]]), "found": np.zeros((0, 4))})
    assert [axis.get_title() for axis in figure.axes] == ["labels", "found"]
    (box,) = figure.axes[0].patches
    assert (box.get_xy(), box.get_width(), box.get_height()) == ((1, 2), 10, 6)
    plt.close(figure)
    mask = np.zeros((20, 30), bool)
    mask[5:10, 5:10] = True
    figure = masks_beside(image, {"labels": [mask], "found": []})
    left, right = (axis.images[0].get_array() for axis in figure.axes)
    assert len(np.unique(left.reshape(-1, 3), axis=0)) == 2
    assert len(np.unique(right.reshape(-1, 3), axis=0)) == 1
    plt.close(figure)
