import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from promic_nb.training.samples import GRID, crop_boxes, detection_crops, paired_crops


def test_pixels_and_latents_are_cut_at_the_same_place():
    """Latents that hold the mean of their 16x16 pixels still do after cropping and mirroring."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (96, 160), dtype=np.uint8)
    latents = pixels.reshape(6, GRID, 10, GRID).mean((1, 3))[None].astype(np.float32)
    for _, (image, latent) in zip(
        range(20),
        paired_crops([pixels], [latents], pixels.shape, 64, seed=1, flips=True),
        strict=False,
    ):
        assert image.shape == (1, 64, 64) and latent.shape == (1, 4, 4)
        assert np.allclose(image.view(4, GRID, 4, GRID).mean((1, 3)), latent[0])


def test_boxes_follow_their_object():
    image = np.zeros((128, 128), np.uint8)
    image[40:60, 70:100] = 255
    boxes = np.array([[70, 40, 100, 60]], np.float32)
    seen = 0
    for _, (crop, moved, *_) in zip(
        range(30),
        detection_crops([image], [boxes], image.shape, 64, seed=0, flips=True),
        strict=False,
    ):
        for x0, y0, x1, y1 in moved.int().tolist():
            seen += 1
            assert (crop[0, y0:y1, x0:x1] == 255).all()
            assert crop.sum() == 255 * (x1 - x0) * (y1 - y0)
    assert seen > 5


@given(st.integers(0, 4), st.integers(0, 4), st.booleans())
def test_flipping_twice_restores_the_crop(top, left, flip):
    boxes = np.array([[70, 40, 100, 60], [0, 0, 30, 30]], np.float32)
    once = crop_boxes(boxes, (GRID * top, GRID * left, 64, 64, True))
    plain = crop_boxes(boxes, (GRID * top, GRID * left, 64, 64, False))
    again = np.stack([64 - once[:, 2], once[:, 1], 64 - once[:, 0], once[:, 3]], 1)
    assert (again == plain).all()


def test_crops_are_not_mirrored_unless_asked():
    """A ramp from left to right: every crop of it rises, and some fall with flips."""
    ramp = np.tile(np.arange(160, dtype=np.uint8), (96, 1))

    def rises(flips):
        stream = detection_crops([ramp], [np.zeros((0, 4))], ramp.shape, 64, 0, flips=flips)
        crops = [sample.inputs[0, 0] for _, sample in zip(range(20), stream, strict=False)]
        return {bool(crop[0] < crop[-1]) for crop in crops}

    assert rises(flips=False) == {True} and rises(flips=True) == {True, False}


def test_boxes_mostly_outside_are_dropped():
    boxes = np.array([[0, 0, 100, 10], [60, 0, 100, 10]], np.float32)
    assert crop_boxes(boxes, (0, 0, 64, 64, False)).tolist() == [[0, 0, 64, 10]]


def test_streams_depend_on_the_seed_only():
    pixels = np.random.default_rng(0).integers(0, 256, (96, 160), dtype=np.uint8)

    def draw(seed):
        stream = iter(detection_crops([pixels], [np.zeros((0, 4))], pixels.shape, 64, seed))
        return [next(stream)[0].numpy() for _ in range(3)]

    assert all((a == b).all() for a, b in zip(draw(3), draw(3), strict=True))
    assert any((a != b).any() for a, b in zip(draw(3), draw(4), strict=True))
