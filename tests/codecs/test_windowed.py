"""Images of 16 bits through every codec, and colour."""

import numpy as np
import pytest

from promic_nb import codecs
from promic_nb.codecs import BitstreamError
from promic_nb.codecs.base import check_image
from promic_nb.codecs.windowed import OVERHEAD, Windowed, unwrap
from promic_nb.core.window import Window
from promic_nb.errors import UserError

GENTLE = {
    "jpeg": {"quality": 95},
    "jpeg2000": {"bpp": 4},
    "jpegxl": {"distance": 0.5},
    "avif": {"quality": 95},
    "hevc": {"qp": 10},
    "vvc": {"qp": 10, "preset": "faster"},
    "jpegai_bop_off": {"beta": 0.02},
}
LOW, HIGH = 1000, 9000


def ramp(height: int = 64, width: int = 96) -> np.ndarray:
    """Smooth, uint16, inside the window."""
    y, x = np.mgrid[:height, :width]
    wave = 5000 + 1500 * np.sin(x / 15) + 1500 * np.cos(y / 11)
    return wave.round().astype(np.uint16)


@pytest.mark.parametrize("name", GENTLE)
def test_every_codec_gives_sixteen_bits_back(name):
    try:
        inner = codecs.get(name, **GENTLE[name])
    except UserError as error:
        pytest.skip(str(error))
    codec, image = Windowed(inner, Window(LOW, HIGH)), ramp()
    stream = codec.encode(image)
    decoded = codec.decode(stream)
    assert decoded.dtype == np.uint16 and decoded.shape == image.shape
    eight = inner.decode(inner.encode(Window(LOW, HIGH).to_uint8(image)))
    step = (HIGH - LOW) / 255
    assert np.abs(decoded - (LOW + eight * step)).max() <= 0.5
    if not name.startswith("jpegai"):
        assert np.abs(decoded.astype(float) - image).mean() < 4 * step
    assert len(stream) == OVERHEAD + len(inner.encode(Window(LOW, HIGH).to_uint8(image)))
    assert codec.overhead(stream) == OVERHEAD + inner.overhead(unwrap(stream).stream)


def test_what_lies_outside_the_window_is_clipped():
    codec = Windowed(codecs.get("jpegxl", distance=0.1), Window(LOW, HIGH))
    image = ramp()
    image[:32], image[32:] = 0, 65535
    decoded = codec.decode(codec.encode(image))
    assert abs(int(np.median(decoded[:24])) - LOW) < 100
    assert abs(int(np.median(decoded[40:])) - HIGH) < 100


def test_a_decoder_follows_the_window_of_the_stream():
    jpeg = codecs.get("jpeg", quality=95)
    stream = Windowed(jpeg, Window(LOW, HIGH)).encode(ramp())
    assert (
        Windowed(jpeg, Window(0, 1)).decode(stream)
        == Windowed(jpeg, Window(LOW, HIGH)).decode(stream)
    ).all()
    assert unwrap(stream)[1:] == (Window(LOW, HIGH), np.dtype(np.uint16))


def test_no_bit_of_the_header_flips_unseen():
    stream = Windowed(codecs.get("jpeg"), Window(LOW, HIGH)).encode(ramp())
    for bit in range(8 * OVERHEAD):
        damaged = bytearray(stream)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(BitstreamError):
            unwrap(bytes(damaged))
    for stub in (b"", stream[: OVERHEAD - 1]):
        with pytest.raises(BitstreamError, match="no window"):
            unwrap(stub)


@pytest.mark.parametrize(
    ("image", "remedy"),
    [
        (np.zeros((64, 64), np.uint16), "window"),
        (np.zeros((64, 64, 3), np.uint8), "luma"),
        (np.zeros((15, 64), np.uint8), "16x16"),
        (np.zeros((64, 64), np.float32), "window"),
    ],
)
def test_a_refused_image_names_the_way_in(image, remedy):
    with pytest.raises(UserError, match=remedy):
        check_image(image)


def test_colour_and_floats_are_refused_with_a_window_too():
    codec = Windowed(codecs.get("jpeg"), Window(0, 1))
    for bad in (np.zeros((64, 64, 3), np.uint16), np.zeros((64, 64))):
        with pytest.raises(UserError, match="uint8 or uint16"):
            codec.encode(bad)
