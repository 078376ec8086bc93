import pytest
import torch
from torchvision.ops import roi_align

from promic_nb.models.rois import STRIDES, BoxPooler, pool_on_cpu

SIZES = [(64, 48), (32, 24), (16, 12), (8, 6)]  # of the maps of a picture of 256 x 192
BOXES = torch.tensor(
    [
        [0.0, 0, 0, 192, 256],  # the whole picture
        [1, 0, 0, 3, 3],  # smaller than a position
        [0, 188.5, 250, 192, 256],  # in the far corner
        [1, 10.3, 20.7, 90.1, 41.9],
    ]
)


@pytest.fixture
def maps():
    torch.manual_seed(0)
    return [torch.randn(2, 5, *size, requires_grad=True) for size in SIZES]


@pytest.mark.parametrize("samples", [1, 2, 3])
@pytest.mark.parametrize("level", range(4))
def test_pooling_as_a_matrix_product_equals_torchvisions(maps, level, samples):
    levels = torch.full((len(BOXES),), level)
    ours = pool_on_cpu(maps, BOXES, levels, 7, samples)
    theirs = roi_align(maps[level], BOXES, 7, 1 / STRIDES[level], samples, aligned=True)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=2e-5)
    weights = torch.randn_like(theirs)
    (ours_gradient,) = torch.autograd.grad(ours, maps[level], weights)
    (theirs_gradient,) = torch.autograd.grad(theirs, maps[level], weights)
    torch.testing.assert_close(ours_gradient, theirs_gradient, rtol=0, atol=1e-4)


def test_boxes_of_all_sizes_and_images_are_pooled_in_their_order(maps):
    features = {str(i): x for i, x in enumerate(maps)}
    boxes = [BOXES[BOXES[:, 0] == i, 1:] for i in range(2)]
    fixed, adaptive = (BoxPooler(7, samples)(features, boxes, []) for samples in (2, 0))
    assert fixed.shape == adaptive.shape == (4, 5, 7, 7)
    order = [0, 2, 1, 3]
    # the whole picture has a side of 222 pixels, just below p4's 224; the others are small
    levels = torch.tensor([1, 0, 0, 0])
    torch.testing.assert_close(fixed, pool_on_cpu(maps, BOXES[order], levels, 7, 2))


def test_no_box_gives_no_features(maps):
    none = pool_on_cpu(maps, torch.zeros(0, 5), torch.zeros(0, dtype=torch.long), 7, 2)
    assert none.shape == (0, 5, 7, 7)
