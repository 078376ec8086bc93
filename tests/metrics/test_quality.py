"""Quality metrics against the authors' programs, published definitions and closed forms.

The reference values of `authors` were computed once, outside this project, on the images that `pair` makes: PSNR-HVS and PSNR-HVS-M
with the package psnr_hvsm 0.3.0 (checked against Ponomarenko's program), NLPD with IQA_pytorch 0.1, the one that the JPEG AI metrics run.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from promic_nb.errors import UserError
from promic_nb.metrics import METRICS, compute
from promic_nb.metrics.front_end import luma10
from promic_nb.metrics.nlpd import nlpd
from promic_nb.metrics.psnr_hvs import CSF, MASKING, psnr_hvs, psnr_hvs_m


def pair(height: int = 192, width: int = 256) -> tuple[np.ndarray, np.ndarray]:
    """A smooth texture and a noisy, blurred copy: uint8."""
    rng = np.random.default_rng(7)
    image = gaussian_filter(rng.normal(size=(height, width)), 2)
    image = 128 + 40 * image / image.std()
    other = gaussian_filter(image, 1) + rng.normal(0, 4, image.shape)
    return tuple(np.clip(np.round(x), 0, 255).astype(np.uint8) for x in (image, other))


def test_psnr_hvs_against_the_authors():
    a, b = (x.astype(float) for x in pair())
    assert psnr_hvs(a, b, 255) == pytest.approx(AUTHORS["psnr_hvs"], abs=1e-6)
    assert psnr_hvs_m(a, b, 255) == pytest.approx(AUTHORS["psnr_hvs_m"], abs=1e-6)


@pytest.mark.parametrize("size", [(192, 256), (131, 165)])
def test_nlpd_against_the_jpeg_ai_metrics(size):
    a, b = (x / 255 for x in pair(*size))
    assert nlpd(a, b) == pytest.approx(AUTHORS["nlpd"][size], rel=2e-6)  # the reference is float32


def test_psnr_in_closed_form():
    image = np.full((16, 16), 100, np.uint8)
    other = image.copy()
    other[0, 0] = 110
    step = round(110 / 255 * 1023) - round(100 / 255 * 1023)
    assert compute(image, other, ["psnr"])["psnr"] == pytest.approx(10 * np.log10(1023**2 / (step**2 / 256)))


def test_psnr_hvs_in_closed_form():
    """A change of one flat block by d moves its DC coefficient by 8d, weighted by the first CSF entry."""
    image, other = np.full((16, 16), 100.0), np.full((16, 16), 100.0)
    other[:8, :8] += 3
    assert psnr_hvs(image, other, 255) == pytest.approx(10 * np.log10(255**2 / ((8 * 3 * CSF[0, 0]) ** 2 / 256)))


def test_masking_never_lowers_the_value():
    a, b = (x.astype(float) for x in pair())
    assert psnr_hvs_m(a, b, 255) > psnr_hvs(a, b, 255)


def test_masking_table_comes_from_the_jpeg_luma_table():
    """Its entries are (10 / q)^2 of JPEG's luma quantization table."""
    first_row = np.array([16, 11, 10, 16, 24, 40, 51, 61])
    assert MASKING[0] == pytest.approx((10 / first_row) ** 2, abs=1e-6)


@pytest.mark.parametrize(("name", "value"), [("psnr", 100), ("ms_ssim", 1), ("psnr_hvs", 100), ("psnr_hvs_m", 100), ("nlpd", 0)])
def test_equal_images(name, value):
    image = pair()[0]
    assert compute(image, image, [name])[name] == pytest.approx(value, abs=1e-6)


@settings(max_examples=15, deadline=None)
@given(st.floats(0.5, 6), st.floats(1.3, 4))
def test_more_noise_is_worse_by_every_metric(sigma, factor):
    image = pair()[0]
    noise = np.random.default_rng(0).normal(size=image.shape)
    weak, strong = (np.clip(np.round(image + s * noise), 0, 255).astype(np.uint8) for s in (sigma, factor * sigma + 1))
    better, worse = compute(image, weak), compute(image, strong)
    for name, metric in METRICS.items():
        assert (better[name] > worse[name]) == metric.higher_is_better, name


def test_front_end_is_ten_bit_bt709():
    assert luma10(np.array([[0, 255, 128]], np.uint8)).tolist() == [[0, 1023, round(128 / 255 * 1023)]]
    colour = np.zeros((1, 3, 3), np.uint8)
    colour[0, range(3), range(3)] = 255
    assert luma10(colour)[0] == pytest.approx(np.round(1023 * np.array([0.2126, 0.7152, 0.0722])))
    grey = np.random.default_rng(0).integers(0, 256, (8, 8), dtype=np.uint8)
    assert (luma10(np.stack([grey] * 3, -1)) == luma10(grey)).all()


def test_sixteen_bits_measure_as_eight():
    a, b = pair()
    deep = compute(a.astype(np.uint16) * 257, b.astype(np.uint16) * 257, ["psnr", "nlpd"], bit_depth=16)
    assert deep == compute(a, b, ["psnr", "nlpd"])


@pytest.mark.parametrize(("a", "b", "names", "message"), [
    (np.zeros((200, 200), np.uint8), np.zeros((200, 201), np.uint8), None, "shapes"),
    (np.zeros((160, 200), np.uint8), np.zeros((160, 200), np.uint8), ["ms_ssim"], "ms_ssim got an image of"),
    (np.zeros((200, 200)), np.zeros((200, 200)), ["psnr"], "float64"),
    (np.zeros((200, 200), np.uint8), np.zeros((200, 200), np.uint8), ["psnrr"], "Choose from psnr"),
])  # fmt: skip
def test_bad_input_is_named(a, b, names, message):
    with pytest.raises(UserError, match=message):
        compute(a, b, names)


AUTHORS = {"psnr_hvs": 26.13911713673086, "psnr_hvs_m": 29.179315308897916, "nlpd": {(192, 256): 0.1421378254890442, (131, 165): 0.1437925100326538}}
