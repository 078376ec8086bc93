"""JPEG from its parts against Pillow's bytes and scipy's DCT; thresholding against Parseval."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.fft import dctn

from promic_nb.codecs import BitstreamError
from promic_nb.errors import UserError
from promic_nb.studies.transform_coding import decode, encode, entropy, keep_largest, quality
from promic_nb.studies.transform_coding.compare import against_libjpeg, thresholds
from promic_nb.studies.transform_coding.jpeg import dct, from_blocks, scan_of, to_blocks
from promic_nb.studies.transform_coding.tables import AC, DC, ZIGZAG, huffman_codes


def pillow(image, quality):
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def picture(tiny, size=(100, 141)):
    return tiny.image("test", tiny.ids("test")[0])[: size[0], : size[1]]


@pytest.mark.parametrize("q", [1, 10, 49, 50, 75, 95, 100])
def test_the_file_is_pillows_to_the_last_byte(tiny, q):
    image = picture(tiny)
    assert encode(image, q).stream == pillow(image, q)


@pytest.mark.parametrize("q", [10, 50, 95])
def test_decoded_samples_are_pillows(tiny, q):
    image = picture(tiny)
    stream = pillow(image, q)
    assert np.array_equal(
        decode(scan_of(stream), image.shape, q), np.array(Image.open(io.BytesIO(stream)))
    )


@pytest.mark.parametrize("q", [20, 75])
def test_the_dct_by_definition_comes_within_two_percent(tiny, q):
    image = picture(tiny)
    ours = encode(image, q, "float")
    assert len(ours.scan) == pytest.approx(len(scan_of(pillow(image, q))), rel=0.02)
    assert (
        np.abs(
            np.array(Image.open(io.BytesIO(ours.stream))).astype(int)
            - decode(ours.scan, image.shape, q, "float")
        ).max()
        <= 1
    )


def test_the_integer_dct_is_near_scipys():
    blocks = np.random.default_rng(0).integers(0, 256, (200, 8, 8))
    assert np.abs(dct(blocks) - dctn(blocks - 128.0, axes=(1, 2), norm="ortho")).max() < 0.25
    assert (dct(np.full((1, 8, 8), 130))[0].ravel() == [16] + [0] * 63).all()


def test_zigzag_begins_as_figure_5_of_the_standard_and_visits_all():
    assert ZIGZAG[:10].tolist() == [0, 1, 8, 16, 9, 2, 3, 10, 17, 24] and ZIGZAG[-3:].tolist() == [
        55,
        62,
        63,
    ]
    assert sorted(ZIGZAG) == list(range(64))


def test_some_codes_of_annex_k():
    dc, ac = huffman_codes(DC), huffman_codes(AC)
    assert (dc[0], dc[5], dc[11]) == ("00", "110", "111111110")
    assert (ac[0x00], ac[0x01], ac[0xF0], ac[0xFA]) == (
        "1010",
        "00",
        "11111111001",
        "1111111111111110",
    )


def test_run_lengths_of_a_block():
    ac = np.zeros(63, int)
    ac[[0, 2, 20]] = [-3, 1, 5]
    assert list(entropy.run_lengths(ac)) == [(0x02, -3), (0x11, 1), (0xF0, 0), (0x13, 5), (0x00, 0)]
    ac[62] = 1
    assert list(entropy.run_lengths(ac))[-1] == (
        0x91,
        1,
    )  # no end of block after the last coefficient


@pytest.mark.parametrize(
    ("value", "bits"),
    [(0, ""), (1, "1"), (-1, "0"), (5, "101"), (-5, "010"), (-1024, "01111111111")],
)
def test_amplitudes(value, bits):
    assert entropy.amplitude(value) == bits


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.dictionaries(st.integers(0, 63), st.integers(-1023, 1023), max_size=12),
        min_size=1,
        max_size=5,
    )
)
def test_entropy_coding_is_lossless(blocks):
    zigzagged = np.array([[block.get(i, 0) for i in range(64)] for block in blocks])
    bits, _ = entropy.to_bits(zigzagged)
    assert np.array_equal(
        entropy.from_bits(entropy.unpack(entropy.pack(bits)), len(blocks)), zigzagged
    )


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 40), st.integers(1, 40))
def test_blocks_go_back(height, width):
    image = np.arange(height * width).reshape(height, width)
    assert np.array_equal(from_blocks(to_blocks(image), image.shape), image)


def test_a_cut_scan_is_refused(tiny):
    image = picture(tiny)
    scan = encode(image).scan
    with pytest.raises(BitstreamError, match="scan"):
        decode(scan[: len(scan) // 2], image.shape)
    with pytest.raises(BitstreamError, match="truncated or corrupt"):
        scan_of(b"\xff\xd8 no scan")


@pytest.mark.parametrize("transform", ["DFT", "DCT"])
@pytest.mark.parametrize("block", [0, 8])
def test_the_error_is_the_energy_left_out(tiny, transform, block):
    image = picture(tiny, (96, 120)).astype(float)
    whole, count = keep_largest(image, transform, 1.0, block)
    assert count == image.size and np.allclose(whole, image)
    decoded, count = keep_largest(image, transform, 0.05, block)
    assert 0.05 * image.size - 2 <= count <= 0.05 * image.size
    # What stays is orthogonal to what goes: energies add.
    assert np.sum((decoded - 128) ** 2) + np.sum((image - decoded) ** 2) == pytest.approx(
        np.sum((image - 128) ** 2)
    )


def test_a_wave_is_one_pair_of_dft_coefficients():
    wave = 128 + np.cos(2 * np.pi * (3 * np.arange(32)[:, None] + 5 * np.arange(32)) / 32 + 0.4)
    decoded, count = keep_largest(wave, "DFT", 2 / 1024)
    assert count == 2 and np.allclose(decoded, wave)
    assert keep_largest(wave, "DFT", 1 / 1024)[1] == 0  # half a pair is no real wave


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(("DST", 0.1), "DST"), (("DCT", 1.5), "share"), (("DCT", 0.1, 64), "blocks of 64")],
)
def test_bad_settings_are_named(arguments, message):
    with pytest.raises(UserError, match=message):
        keep_largest(np.zeros((32, 32)), *arguments)


def test_quality_in_closed_form():
    original = np.random.default_rng(0).integers(10, 240, (64, 64), dtype=np.uint8)
    measured = quality(original, original + 5)
    assert measured["mse"] == 25
    assert measured["psnr_db"] == pytest.approx(20 * np.log10(255 / 5))
    assert measured["ssim"] < 1 and set(measured) == {"mse", "psnr_db", "ssim", "fsim"}


def test_our_jpeg_beside_libjpegs(tiny):
    image = picture(tiny, (64, 64))
    table = against_libjpeg(image, [50]).set_index("transform")
    assert list(table.index) == ["integer", "float"]
    own = table.loc["integer"]
    assert own.equal_scan and own.equal_image
    assert own.bytes == own.jpeg_bytes == len(pillow(image, 50))
    assert own.dc_bpp + own.ac_bpp == pytest.approx(
        8 * len(encode(image, 50).scan) / 64**2, rel=0.05
    )


def test_all_coefficients_give_the_image_back(tiny):
    table = thresholds(picture(tiny, (64, 64)), [8, 0], [0.1, 1.0])
    assert len(table) == 2 * 2 * 2
    assert (table.query("share == 1").mse == 0).all()
    assert (table.query("share == 0.1").coefficients <= round(0.1 * 64**2)).all()
