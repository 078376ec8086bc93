"""`compute`: values in closed form, invariances, and every input that makes no sense.

`test_conformance` has the table of others' values.
"""

import numpy as np
import piq
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from promic_nb.errors import UserError
from promic_nb.metrics import METRICS, compute
from promic_nb.metrics.front_end import frame
from promic_nb.metrics.iw_ssim import iw_ssim
from promic_nb.metrics.nlpd import nlpd
from promic_nb.metrics.psnr_hvs import CSF, MASKING, psnr_hvs, psnr_hvs_m
from promic_nb.metrics.vif import vif

NAMES = [
    "psnr",
    "ssim",
    "ms_ssim",
    "iw_ssim",
    "vmaf",
    "vif",
    "vif_wavelet",
    "psnr_hvs",
    "psnr_hvs_m",
    "nlpd",
    "fsim",
]


def pair(height: int = 192, width: int = 256) -> tuple[np.ndarray, np.ndarray]:
    """A smooth texture and a noisy, blurred copy: uint8."""
    rng = np.random.default_rng(7)
    image = gaussian_filter(rng.normal(size=(height, width)), 2)
    image = 128 + 40 * image / image.std()
    other = gaussian_filter(image, 1) + rng.normal(0, 4, image.shape)
    return tuple(np.clip(np.round(x), 0, 255).astype(np.uint8) for x in (image, other))


def flat(level: int, shape: tuple[int, ...] = (176, 176)) -> np.ndarray:
    return np.full(shape, level, np.uint8)


def test_the_names():
    assert list(METRICS) == NAMES


def test_all_metrics_by_default_in_the_requested_order():
    assert list(compute(*pair())) == NAMES
    assert list(compute(*pair(), ["nlpd", "psnr", "nlpd"])) == ["nlpd", "psnr"]


def test_psnr_in_closed_form():
    image = np.full((16, 16), 100, np.uint8)
    other = image.copy()
    other[0, 0] = 110
    step = round(110 / 255 * 1023) - round(100 / 255 * 1023)
    assert compute(image, other, ["psnr"])["psnr"] == pytest.approx(
        10 * np.log10(1023**2 / (step**2 / 256))
    )
    assert compute(image, other, ["psnr"], front_end="8bit")["psnr"] == pytest.approx(
        10 * np.log10(255**2 / (10**2 / 256))
    )


def test_flat_images_in_closed_form():
    """Without structure, SSIM is its luminance term, MS-SSIM that of the coarsest scale to its
    power, PSNR-HVS the DC difference.
    """
    a, b = round(100 / 255 * 1023), round(130 / 255 * 1023)
    luminance = (2 * a * b + (0.01 * 1023) ** 2) / (a**2 + b**2 + (0.01 * 1023) ** 2)
    values = compute(flat(100), flat(130), ["ssim", "ms_ssim", "psnr", "psnr_hvs", "nlpd"])
    assert values["ssim"] == pytest.approx(luminance)
    assert values["ms_ssim"] == pytest.approx(luminance**0.1333)
    assert values["psnr"] == pytest.approx(20 * np.log10(1023 / (b - a)))
    assert values["psnr_hvs"] == pytest.approx(20 * np.log10(1023 / ((b - a) * CSF[0, 0])))
    assert values["nlpd"] == pytest.approx(0, abs=1e-12)


def test_psnr_hvs_in_closed_form():
    """A change of one flat block by d moves its DC coefficient by 8d, weighted by the first CSF
    entry.
    """
    image, other = np.full((16, 16), 100.0), np.full((16, 16), 100.0)
    other[:8, :8] += 3
    assert psnr_hvs(image, other, 255) == pytest.approx(
        10 * np.log10(255**2 / ((8 * 3 * CSF[0, 0]) ** 2 / 256))
    )


def test_masking_never_lowers_the_value():
    values = compute(*pair(), ["psnr_hvs", "psnr_hvs_m"])
    assert values["psnr_hvs_m"] > values["psnr_hvs"]


def test_masking_table_comes_from_the_jpeg_luma_table():
    """Its entries are (10 / q)^2 of JPEG's luma quantization table."""
    first_row = np.array([16, 11, 10, 16, 24, 40, 51, 61])
    assert MASKING[0] == pytest.approx((10 / first_row) ** 2, abs=1e-6)


@pytest.mark.parametrize("size", [(161, 161), (203, 251)])
def test_iw_ssim_against_piq(size):
    """The same with two-dimensional windows and one logarithm for each eigenvalue."""
    a, b = (x.astype(float) for x in pair(*size))
    expected = piq.information_weighted_ssim(
        *(torch.from_numpy(x)[None, None] for x in (b, a)), data_range=255.0
    )
    assert iw_ssim(a, b) == pytest.approx(float(expected), rel=1e-9)


@pytest.mark.parametrize("size", [(41, 41), (131, 165)])
def test_vif_against_piq(size):
    a, b = (x.astype(float) for x in pair(*size))
    expected = piq.vif_p(*(torch.from_numpy(x)[None, None] for x in (b, a)), data_range=255.0)
    assert vif(a, b) == pytest.approx(float(expected), rel=1e-6)


def test_nlpd_of_odd_sizes_against_the_jpeg_ai_metrics():
    for size, value in {
        (192, 256): 0.1421378254890442,
        (131, 165): 0.1437925100326538,
    }.items():  # IQA_pytorch 0.1, single precision
        assert nlpd(*(x / 255 for x in pair(*size))) == pytest.approx(value, rel=2e-6)


def test_psnr_hvs_of_eight_bit_samples_against_the_authors():
    a, b = (x.astype(float) for x in pair())
    assert psnr_hvs(a, b, 255) == pytest.approx(26.13911713673086, abs=1e-6)  # psnr_hvsm 0.3.0
    assert psnr_hvs_m(a, b, 255) == pytest.approx(29.179315308897916, abs=1e-6)
    assert np.isfinite(psnr_hvs_m(a[:61, :67], b[:61, :67], 255))


@pytest.mark.parametrize(
    "image",
    [pair()[0], flat(100), flat(0), np.stack([*pair(), pair()[0]], -1)],
    ids=["texture", "flat", "black", "colour"],
)
def test_equal_images(image):
    for name, value in compute(image, image).items():
        assert value == pytest.approx(
            METRICS[name].identical, abs=0.005 if name == "vmaf" else 1e-6
        ), name


def test_a_detail_lost_is_information_lost():
    """A flat copy keeps no information, and a stretched one has more than all."""
    image = pair()[0]
    for name in ("vif", "vif_wavelet"):
        assert compute(image, np.full_like(image, 128), [name])[name] == pytest.approx(0, abs=1e-9)
        stretched = (128 + 1.2 * (image.astype(float) - 128)).clip(0, 255).astype(np.uint8)
        assert compute(image, stretched, [name])[name] > 1.02


@settings(max_examples=6, deadline=None)
@given(st.floats(0.5, 6), st.floats(1.3, 4))
def test_more_noise_is_worse_by_every_metric(sigma, factor):
    image = pair()[0]
    noise = np.random.default_rng(0).normal(size=image.shape)
    weak, strong = (
        np.clip(np.round(image + s * noise), 0, 255).astype(np.uint8)
        for s in (sigma, factor * sigma + 1)
    )
    better, worse = compute(image, weak), compute(image, strong)
    for name, metric in METRICS.items():
        assert (better[name] > worse[name]) == metric.higher_is_better, name


@settings(max_examples=10, deadline=None)
@given(
    st.sampled_from(["psnr", "ssim", "ms_ssim", "psnr_hvs", "psnr_hvs_m", "nlpd"]),
    st.integers(161, 200),
    st.integers(161, 200),
)
def test_symmetric_metrics_do_not_care_which_is_the_reference(name, height, width):
    a, b = pair(height, width)
    assert compute(a, b, [name])[name] == pytest.approx(compute(b, a, [name])[name], rel=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_odd_sizes_are_near_their_even_neighbours(name):
    """One row and column more or less of a uniform texture moves no metric by 3 %."""
    rng = np.random.default_rng(3)
    image = gaussian_filter(rng.normal(size=(202, 202)), 1.5)
    image = 128 + 40 * image / image.std()
    a, b = (
        np.clip(np.round(x), 0, 255).astype(np.uint8)
        for x in (image, image + rng.normal(0, 6, image.shape))
    )
    odd, even = (compute(a[:n, :n], b[:n, :n], [name])[name] for n in (201, 202))
    assert odd == pytest.approx(even, rel=0.03)


@pytest.mark.parametrize("name", NAMES)
def test_the_smallest_size_works_and_smaller_ones_are_refused(name):
    a, b = pair()
    n = METRICS[name].smallest
    assert np.isfinite(compute(a[:n, : n + 1], b[:n, : n + 1], [name])[name])
    if n > 1:
        with pytest.raises(
            UserError, match=rf"{name}: an image is \({n + 1}, {n - 1}\).*from {n} samples"
        ):
            compute(a[: n + 1, : n - 1], b[: n + 1, : n - 1], [name])


@pytest.mark.parametrize("name", NAMES)
def test_a_flat_reference(name):
    """Either a finite value or a refusal that names the metric; never a number that means nothing
    (VMAF would say 97).
    """
    texture = pair(176, 176)[0]
    if METRICS[name].needs_content:
        with pytest.raises(
            UserError,
            match=rf"{name}: the reference is flat, of shape \(176, 176\).*leave {name} out",
        ):
            compute(flat(100), texture, [name])
    else:
        assert np.isfinite(compute(flat(100), texture, [name])[name])
    assert np.isfinite(compute(texture, flat(100), [name])[name])


def test_front_end_is_ten_bit_bt709():
    assert frame(np.array([[0, 255, 128]], np.uint8)).luma.tolist() == [
        [0, 1023, round(128 / 255 * 1023)]
    ]
    colour = np.zeros((1, 3, 3), np.uint8)
    colour[0, range(3), range(3)] = 255
    assert frame(colour).luma[0] == pytest.approx(
        np.round(1023 * np.array([0.2126, 0.7152, 0.0722]))
    )
    assert frame(colour, front_end="8bit").luma[0] == pytest.approx(
        np.round(255 * np.array([0.2126, 0.7152, 0.0722]))
    )


def test_grey_repeated_to_colour_measures_the_same():
    grey = pair()
    colour = [np.stack([x] * 3, -1) for x in grey]
    assert compute(*colour) == pytest.approx(compute(*grey), rel=1e-12)


@pytest.mark.parametrize("front_end", ["10bit", "8bit"])
def test_sixteen_bits_measure_as_eight(front_end):
    a, b = pair()
    deep = compute(
        a.astype(np.uint16) * 257, b.astype(np.uint16) * 257, bit_depth=16, front_end=front_end
    )
    assert deep == compute(a, b, front_end=front_end)


BLANK = np.zeros((200, 300), np.uint8)
HOLES = np.where(np.eye(200) > 0, np.nan, 1.0)


@pytest.mark.parametrize(
    ("a", "b", "options", "message"),
    [
        (BLANK, BLANK[:, 1:], {}, r"psnr: shapes are \(200, 300\) and \(200, 299\). Both images"),
        (BLANK, BLANK.T, {}, "transposed: height comes first"),
        (
            np.zeros((200, 200)),
            np.zeros((200, 200)),
            {},
            r"psnr: an image is float64 \(200, 200\). Give uint8 or uint16",
        ),
        (HOLES, HOLES, {}, "not finite"),
        (BLANK[0], BLANK[0], {}, r"uint8 \(300,\)"),
        (BLANK[:0], BLANK[:0], {}, r"uint8 \(0, 300\)"),
        (np.zeros((20, 20, 4), np.uint8), np.zeros((20, 20, 4), np.uint8), {}, "RGB"),
        (
            np.full((20, 20), 4000, np.uint16),
            np.full((20, 20), 4000, np.uint16),
            {"bit_depth": 10},
            "4000 exceeds bit depth 10",
        ),
        (
            BLANK,
            BLANK,
            {"names": ["psnrr"]},
            "'psnrr' is unknown. Did you mean 'psnr'\\? Choose one of psnr, ssim",
        ),
        (BLANK, BLANK, {"front_end": "12bit"}, "'12bit' is unknown. Choose from 10bit, 8bit"),
    ],
)
def test_bad_input_is_named(a, b, options, message):
    with pytest.raises(UserError, match=message):
        compute(a, b, **{"names": ["psnr"], **options})


def test_an_ffmpeg_without_libvmaf_is_named(monkeypatch):
    from promic_nb.metrics import vmaf

    monkeypatch.setattr(vmaf, "_has_libvmaf", lambda: False)
    with pytest.raises(UserError, match=r"no libvmaf\. Install imageio-ffmpeg"):
        compute(*pair(), ["vmaf"])


@pytest.mark.real_data
def test_electron_micrographs_have_every_metric(lucchi):
    """Where other wavelet VIFs return NaN."""
    image = lucchi.image("test", lucchi.ids("test", 100)[0])
    values = compute(image, gaussian_filter(image, 1))
    assert np.isfinite(list(values.values())).all()
    assert 0 < values["vif_wavelet"] < 1
