"""Lossless rates: exact round trips, and the entropy of noise as their bound."""

import io

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from promic_nb.codecs import lossless as ll
from promic_nb.errors import UserError

NOISE = np.random.default_rng(0).normal(128, 6, (256, 256)).round().astype(np.uint8)


def test_both_coders_give_every_sample_back():
    assert (np.asarray(Image.open(io.BytesIO(ll.png(NOISE)))) == NOISE).all()
    assert (imagecodecs.jpegxl_decode(ll.jpegxl(NOISE)) == NOISE).all()


def test_noise_costs_its_entropy_and_not_much_more():
    """1/2 log2(2 pi e sigma^2) = 4.63 bits for sigma = 6."""
    rates = ll.lossless([NOISE, NOISE]).set_index("kind").bpp
    entropy = 0.5 * np.log2(2 * np.pi * np.e * 36)
    assert entropy < rates[ll.JPEGXL] < 1.1 * entropy
    assert rates[ll.JPEGXL] < rates[ll.PNG] < 1.3 * entropy


def test_no_slices_are_refused():
    with pytest.raises(UserError, match="no slices"):
        ll.lossless([])
