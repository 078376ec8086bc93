import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.draw import disk

from promic_nb.datasets.boxes import boxes_from_mask, boxes_of, instances, size_class


def dumbbell(neck: int) -> np.ndarray:
    """Two discs of radius 20, 50 pixels apart, joined by a bridge `neck` pixels wide."""
    mask = np.zeros((80, 140), bool)
    for column in (40, 90):
        mask[disk((40, column), 20)] = True
    mask[40 - neck // 2 : 40 - neck // 2 + neck, 40:90] = True
    return mask


def test_a_box_is_exclusive_on_the_right_and_below():
    mask = np.zeros((50, 60), bool)
    mask[10:20, 30:45] = True
    assert boxes_from_mask(mask).tolist() == [[30, 10, 45, 20]]


@pytest.mark.parametrize("neck", [1, 3, 5])
def test_a_narrow_bridge_is_cut(neck):
    labels, added = instances(dumbbell(neck))
    assert added == 1
    assert labels.max() == 2
    left, right = sorted(boxes_of(labels).tolist())
    assert left[2] <= 70 and right[0] >= 60
    assert abs(left[2] - 65) <= 4  # near the middle of the bridge


def test_a_wide_waist_is_not_cut():
    assert instances(dumbbell(16))[1] == 0


def test_splitting_can_be_switched_off():
    assert instances(dumbbell(1), neck_radius=0)[0].max() == 1


def test_specks_are_not_objects_and_an_empty_mask_has_no_boxes():
    mask = np.zeros((40, 40), bool)
    mask[3:6, 3:6] = True
    assert boxes_from_mask(mask).shape == (0, 4)


def test_splitting_keeps_the_area():
    mask = dumbbell(3)
    assert ((instances(mask)[0] > 0) == mask).all()


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(5, 20), st.integers(5, 20)),
        min_size=1,
        max_size=10,
    )
)
def test_separate_rectangles_come_back(cells):
    mask, expected = np.zeros((128, 128), bool), {}
    for row, column, height, width in cells:
        top, left = 32 * row + 2, 32 * column + 2
        mask[32 * row : 32 * row + 32, 32 * column : 32 * column + 32] = False
        mask[top : top + height, left : left + width] = True
        expected[row, column] = [left, top, left + width, top + height]
    assert sorted(boxes_from_mask(mask).tolist()) == sorted(map(list, expected.values()))


def test_size_classes_change_at_32_and_96_squared():
    sides = np.array([31.9, 32, 95.9, 96])
    boxes = np.stack([0 * sides, 0 * sides, sides, sides], axis=1)
    assert size_class(boxes).tolist() == ["small", "medium", "medium", "large"]


@pytest.mark.real_data
def test_real_labels_have_few_touching_mitochondria(lucchi):
    counted = [instances(lucchi.mask("train", i)) for i in lucchi.ids("train", 10)]
    assert sum(labels.max() > 0 for labels, _ in counted) == len(counted)
    assert sum(added for _, added in counted) <= 0.03 * sum(
        len(boxes_of(labels)) for labels, _ in counted
    )
