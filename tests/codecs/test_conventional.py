import re
import struct
import subprocess
import sys

import imageio_ffmpeg
import numpy as np
import pytest

from promic_nb import codecs
from promic_nb.codecs import Codec, bpp, ffmpeg
from promic_nb.errors import UserError


@pytest.fixture(scope="module")
def image(tiny):
    return tiny.image("test", 0)


SETTINGS = {
    "jpeg": {"quality": 40},
    "jpeg2000": {"bpp": 2},
    "jpegxl": {"distance": 2},
    "avif": {"quality": 60},
    "hevc": {"qp": 30},
    "vvc": {"qp": 32, "preset": "faster"},
}


def available(name: str, **settings):
    """A codec, or a skip that says what is missing."""
    try:
        return codecs.get(name, **settings)
    except UserError as error:
        if codecs.check(name, **settings):
            pytest.skip(str(error))
        raise


@pytest.fixture(params=SETTINGS)
def codec(request):
    return available(request.param, **SETTINGS[request.param])


@pytest.mark.parametrize("size", [(256, 256), (131, 77), (16, 16), (17, 64)])
def test_round_trip_at_any_size(codec, image, size):
    crop = np.ascontiguousarray(image[: size[0], : size[1]])
    stream = codec.encode(crop)
    decoded = codec.decode(stream)
    assert isinstance(codec, Codec)
    assert decoded.shape == crop.shape and decoded.dtype == np.uint8 and decoded.flags.writeable
    assert np.abs(decoded.astype(float) - crop).mean() < 12
    assert codec.encode(crop) == stream
    assert 0 < codec.overhead(stream) < len(stream)


def test_overhead_does_not_grow_with_the_coded_samples(codec, image):
    """Four times the samples at one setting: the coded samples grow, what is around does not."""
    small, large = codec.encode(np.ascontiguousarray(image[:128, :128])), codec.encode(image)
    assert len(large) > 1.5 * len(small)
    assert (
        abs(codec.overhead(large) - codec.overhead(small)) < 60
    )  # JPEG's Huffman tables follow the image


@pytest.mark.parametrize(("name", "slices"), [("hevc", "0-31"), ("vvc", "0-11|17-19")])
def test_overhead_is_what_ffmpeg_filters_out(name, slices, image, tmp_path):
    codec = available(name, **SETTINGS[name])
    stream = codec.encode(image)
    (tmp_path / "in").write_bytes(stream[4:] if name == "vvc" else stream)
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-loglevel",
        "error",
        "-f",
        name,
        "-i",
        tmp_path / "in",
        "-map",
        "0",
        "-c",
        "copy",
    ]
    subprocess.run(
        [*command, "-bsf:v", f"filter_units=pass_types={slices}", "-f", "data", tmp_path / "out"],
        check=True,
    )
    kept = (tmp_path / "out").read_bytes()
    codes = [(m.start(), m.end()) for m in re.finditer(b"\x00?\x00\x00\x01", kept)]
    assert codec.overhead(stream) == len(stream) - len(kept) + sum(
        end - start for start, end in codes
    )


def test_overhead_of_jpeg_is_all_but_the_scan(image):
    codec = codecs.get("jpeg")
    stream = codec.encode(image)
    scan = stream.index(b"\xff\xda")
    (length,) = struct.unpack_from(">H", stream, scan + 2)
    assert codec.overhead(stream) == scan + 2 + length + 2


@pytest.mark.parametrize(
    ("name", "key", "values"),
    [
        ("jpeg", "quality", (10, 40, 90)),
        ("hevc", "qp", (45, 32, 10)),
        ("vvc", "qp", (50, 37, 20)),
        ("avif", "quality", (20, 50, 80)),
        ("jpeg2000", "bpp", (0.2, 0.6, 2)),
        ("jpegxl", "distance", (8, 3, 0.8)),
    ],
)
def test_a_higher_rate_gives_a_smaller_error(name, key, values, image):
    rates, errors = [], []
    for value in values:
        codec = available(name, **{key: value})
        stream = codec.encode(image)
        rates.append(bpp(stream, image.shape))
        errors.append(np.mean((codec.decode(stream).astype(float) - image) ** 2))
    assert rates == sorted(rates)
    assert errors == sorted(errors, reverse=True)


@pytest.mark.parametrize("name", ["hevc", "vvc"])
def test_planes_are_not_stretched(name):
    """ffmpeg converts ranges silently; at QP 0 the levels come back nearly exactly, black and white
    included.
    """
    ramp = np.tile(np.arange(256, dtype=np.uint8), (64, 1))
    codec = available(name, qp=0)
    assert np.abs(codec.decode(codec.encode(ramp)).astype(int) - ramp).max() <= 2


def test_hevc_decodes_the_same_by_a_second_path(image):
    """A second path through ffmpeg: raw planes in the stream's own format."""
    codec = codecs.get("hevc", qp=30)
    stream = codec.encode(image)
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-loglevel",
        "error",
        "-f",
        "hevc",
        "-i",
        "-",
        "-f",
        "rawvideo",
        "-",
    ]
    raw = subprocess.run(command, input=stream, capture_output=True, check=True).stdout
    assert (np.frombuffer(raw, np.uint8).reshape(image.shape) == codec.decode(stream)).all()


def test_a_missing_encoder_says_where_to_get_it(monkeypatch):
    monkeypatch.setattr("promic_nb.codecs.ffmpeg.encoders", lambda: frozenset({"libx265"}))
    with pytest.raises(UserError, match=r"has no libvvenc\. Install imageio-ffmpeg>=0\.8\.1"):
        codecs.get("vvc")


def test_a_missing_library_says_where_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    with pytest.raises(UserError, match=r"JPEG XL needs imagecodecs .*pip install imagecodecs"):
        codecs.get("jpegxl")
    monkeypatch.setattr("PIL.features.check", lambda feature: feature != "avif")
    with pytest.raises(UserError, match="built without avif"):
        codecs.get("avif")


def test_no_ffmpeg_says_where_to_get_it(monkeypatch):
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", "/nowhere/ffmpeg")
    ffmpeg.encoders.cache_clear()
    try:
        with pytest.raises(UserError, match=r"no ffmpeg can be run .*imageio-ffmpeg>=0\.8\.1"):
            codecs.get("hevc")
    finally:
        ffmpeg.encoders.cache_clear()


def test_jpeg2000_meets_its_rate(image):
    codec = codecs.get("jpeg2000", bpp=0.5)
    assert 0.45 <= bpp(codec.encode(image), image.shape) <= 0.505


def test_bpp_counts_every_byte():
    assert bpp(b"x" * 96, (16, 48)) == 1.0


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("jpg", {}, "Choose one of jpeg, jpeg2000, jpegxl, avif, hevc, vvc, jpegai_bop_off"),
        ("jpeg", {"quality": 0}, "parameter 'quality' is 0. Choices: a whole number from 1 to 100"),
        (
            "vvc",
            {"qp": 64},
            "codec 'vvc': parameter 'qp' is 64. Choices: a whole number from 0 to 63",
        ),
        ("hevc", {"qp": 30.5}, "'qp' is 30.5. Choices: a whole number"),
        ("hevc", {"quality": 3}, "codec 'hevc': unknown parameter 'quality'"),
        ("hevc", {"preset": "slwo"}, "'preset' is 'slwo'. Choices: 'ultrafast', .*'slow'"),
        ("jpegxl", {"distance": float("nan")}, "'distance' is nan"),
        (
            "jpegai_bop_off",
            {"gain": 5000},
            "'gain' is 5000. Choices: a whole number from -1620 to 1620",
        ),
        (
            "jpegai_bop_off",
            {"beta": 123, "weights": "lucchi"},
            "jpegai_beta123.safetensors do not exist",
        ),
        ("jpegai_hop_off", {"beta": 0.005, "weights": "lucchi"}, "operation point 'hop'"),
    ],
)
def test_bad_settings_name_the_choices(name, settings, message):
    with pytest.raises(UserError, match=message):
        codecs.get(name, **settings)


def test_checking_settings_loads_no_network():
    code = "import sys; from promic_nb import codecs; "
    code += "codecs.expand('jpegai_bop_off', [{'beta': 0.02}, {'target_bpp': [0.12]}]); "
    done = subprocess.run(
        [sys.executable, "-c", code + "print('torch' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    "bad",
    [np.zeros((8, 64), np.uint8), np.zeros((64, 64), np.float32), np.zeros((64, 64, 3), np.uint8)],
)
def test_only_grey_bytes_are_encoded(codec, bad):
    with pytest.raises(UserError, match="uint8"):
        codec.encode(bad)
