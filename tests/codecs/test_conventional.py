import subprocess
from typing import get_args

import imageio_ffmpeg
import numpy as np
import pytest

from promic_nb import codecs, parameters
from promic_nb.codecs import BitstreamError, Codec, bpp
from promic_nb.errors import UserError


@pytest.fixture(scope="module")
def image(tiny):
    return tiny.image("test", 0)


@pytest.mark.parametrize(
    "codec",
    [
        codecs.get("jpeg", quality=40),
        codecs.get("jpeg2000", bpp=2),
        codecs.get("avif", quality=60),
        codecs.get("hevc", qp=30),
        codecs.get("vvc", qp=32),
    ],
    ids=lambda c: c.name,
)
@pytest.mark.parametrize("size", [(256, 256), (131, 77), (16, 16)])
def test_round_trip_at_any_size(codec, image, size):
    crop = np.ascontiguousarray(image[: size[0], : size[1]])
    stream = codec.encode(crop)
    decoded = codec.decode(stream)
    assert isinstance(codec, Codec)
    assert decoded.shape == crop.shape and decoded.dtype == np.uint8
    assert np.abs(decoded.astype(float) - crop).mean() < 12
    assert codec.encode(crop) == stream


@pytest.mark.parametrize(
    ("name", "key", "values"),
    [
        ("jpeg", "quality", (10, 40, 90)),
        ("hevc", "qp", (45, 32, 10)),
        ("vvc", "qp", (50, 37, 20)),
        ("avif", "quality", (20, 50, 80)),
        ("jpeg2000", "bpp", (0.2, 0.6, 2)),
    ],
)
def test_more_rate_less_error(name, key, values, image):
    rates, errors = [], []
    for value in values:
        codec = codecs.get(name, **{key: value})
        stream = codec.encode(image)
        rates.append(bpp(stream, image.shape))
        errors.append(np.mean((codec.decode(stream).astype(float) - image) ** 2))
    assert rates == sorted(rates)
    assert errors == sorted(errors, reverse=True)


@pytest.mark.parametrize("name", ["hevc", "vvc"])
def test_planes_are_not_stretched(name):
    """ffmpeg converts ranges silently; at QP 0 the levels come back nearly exactly, black and white included."""
    ramp = np.tile(np.arange(256, dtype=np.uint8), (64, 1))
    codec = codecs.get(name, qp=0)
    assert np.abs(codec.decode(codec.encode(ramp)).astype(int) - ramp).max() <= 2


def test_hevc_decodes_equally_elsewhere(image):
    """A second path through ffmpeg: raw planes in the stream's own format."""
    codec = codecs.get("hevc", qp=30)
    stream = codec.encode(image)
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-f", "hevc", "-i", "-", "-f", "rawvideo", "-"]
    raw = subprocess.run(command, input=stream, capture_output=True, check=True).stdout
    assert (np.frombuffer(raw, np.uint8).reshape(image.shape) == codec.decode(stream)).all()


def test_a_missing_encoder_says_where_to_get_it(monkeypatch):
    monkeypatch.setattr("promic_nb.codecs.ffmpeg.encoders", lambda: frozenset({"libx265"}))
    with pytest.raises(UserError, match=r"has no libvvenc\. Install imageio-ffmpeg>=0\.8\.1"):
        codecs.get("vvc")


def test_jpeg2000_meets_its_rate(image):
    codec = codecs.get("jpeg2000", bpp=0.5)
    assert 0.45 <= bpp(codec.encode(image), image.shape) <= 0.505


def test_bpp_counts_every_byte():
    assert bpp(b"x" * 96, (16, 48)) == 1.0


@pytest.mark.parametrize(("name", "settings", "message"), [
    ("jpg", {}, "Choose one of jpeg, jpeg2000, avif, hevc, vvc, jpegai_bop_off"),
    ("jpeg", {"quality": 0}, "quality 0 is out of range"),
    ("vvc", {"qp": 64}, "VVC QP 64 is out of range. Choose 0 to 63"),
    ("hevc", {"qp": 60}, "QP 60 is out of range"),
    ("hevc", {"quality": 3}, "do not fit codec 'hevc'"),
    ("jpegai_bop_off", {"gain": 5000}, "gain 5000"),
    ("jpegai_hop_off", {"beta": 0.006}, "operation point 'hop'"),
    ("jpegai_bop_off", {"beta": 123}, "jpegai_beta123.safetensors do not exist"),
])  # fmt: skip
def test_bad_settings_name_the_choices(name, settings, message):
    with pytest.raises(UserError, match=message):
        codecs.get(name, **settings)


@pytest.mark.parametrize("name", ["jpeg", "jpeg2000", "avif", "hevc", "vvc"])
@pytest.mark.parametrize("bad", [np.zeros((8, 64), np.uint8), np.zeros((64, 64), np.float32), np.zeros((64, 64, 3), np.uint8)])
def test_only_grey_bytes_are_encoded(name, bad):
    with pytest.raises(UserError, match="uint8"):
        codecs.get(name).encode(bad)


@pytest.mark.parametrize("name", ["jpeg", "jpeg2000", "avif", "hevc", "vvc"])
def test_rubbish_is_not_decoded(name):
    with pytest.raises(BitstreamError):
        codecs.get(name).decode(b"rubbish" * 10)


def test_parameter_types_know_every_codec():
    assert set(get_args(parameters.CodecName)) == set(codecs.CODECS)
    assert set(get_args(parameters.LatentCodecName)) == {name for name in codecs.CODECS if name.startswith("jpegai_")}
