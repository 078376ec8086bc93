"""Damaged and foreign bytes: refused, or decoded to grey samples of an allowed size; no crash, no
huge allocation. See soak.py.
"""

import importlib.util
import json
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

from promic_nb import codecs
from promic_nb.codecs import BitstreamError
from promic_nb.errors import UserError

SOAK = Path(__file__).with_name("soak.py")
MUTATIONS = {"jpeg": 2500, "jpeg2000": 2500, "jpegxl": 2500, "avif": 2500, "hevc": 40, "vvc": 40}
# No checksum tells a damaged sample from a coded one in these formats: what may still decode, to
# another image.
UNDETECTED = {"jpeg": 0.5, "jpeg2000": 0.15, "jpegxl": 0.05, "avif": 0.2, "hevc": 0.6, "vvc": 0.3}


@pytest.mark.parametrize("name", MUTATIONS)
def test_no_mutation_crashes_a_decoder(name, tmp_path):
    try:
        codecs.get(name)
    except UserError as error:
        pytest.skip(str(error))
    count = MUTATIONS[name]
    command = [sys.executable, SOAK, "--codec", name, "--mutations", str(count), "--seed", "5"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (
        f"{' '.join(map(str, command))} --keep FOLDER ended with {done.returncode}:\n"
        f"{done.stderr[-3000:]}"
    )
    outcome = json.loads(done.stdout.splitlines()[-1])
    assert sum(outcome.values()) == count
    assert outcome["refused"] > 0.3 * count
    assert outcome.get("other", 0) <= UNDETECTED[name] * count


def test_no_mutation_passes_a_checksum():
    """The JPEG-AI-style container has one: what is changed is refused, so no decoder sees it."""
    spec = importlib.util.spec_from_file_location("soak", SOAK)
    soak = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(soak)
    assert soak.soak("jpegai_bop_off", 10_000, seed=5) == {"refused": 10_000}


def claims(name: str) -> dict[str, bytes]:
    """Streams whose headers are well-formed and claim 65500x65500 samples, or 30000x30000."""
    tiny = np.zeros((16, 16), np.uint8)
    if name == "jpeg":
        stream = bytearray(codecs.get("jpeg").encode(tiny))
        at = stream.index(b"\xff\xc0") + 5
        stream[at : at + 4] = struct.pack(">HH", 65500, 65500)
    elif name == "jpeg2000":
        stream = bytearray(codecs.get("jpeg2000").encode(tiny))
        at = stream.index(b"\xff\x51") + 6
        stream[at : at + 8] = struct.pack(">II", 65500, 65500)
    elif name == "avif":
        stream = bytearray(codecs.get("avif").encode(tiny))
        at = stream.index(b"ispe") + 8
        stream[at : at + 8] = struct.pack(">II", 30000, 30000)
    else:  # JPEG XL: not in eights, 18 bits of height 65500, ratio 1:1
        bits = 0 | 2 << 1 | (65500 - 1) << 3 | 1 << 21
        stream = b"\xff\x0a" + bits.to_bytes(10, "little") + bytes(200)
    return bytes(stream)


@pytest.mark.parametrize("name", ["jpeg", "jpeg2000", "avif", "jpegxl"])
def test_a_claimed_size_is_checked_before_it_is_allocated(name):
    codec = codecs.get(name)
    stream = claims(name)
    with pytest.raises(BitstreamError, match=r"claims (65500x65500|30000x30000)|not a whole"):
        codec.decode(stream)


@pytest.mark.parametrize("side", [(16, 16), (6400, 16), (17, 6399), (257, 300)])
def test_jpegxl_sizes_are_read_as_they_were_written(side):
    """Every form of the size header: in eights, by ratio, and in full."""
    from promic_nb.codecs.jpegxl import _size

    assert _size(codecs.get("jpegxl", effort=1).encode(np.zeros(side, np.uint8))) == side


def png(side: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
    )


@pytest.mark.parametrize("name", [*MUTATIONS, "jpegai_bop_off"])
def test_another_format_is_refused(name, tiny):
    try:
        codec = codecs.get(name)
    except UserError as error:
        pytest.skip(str(error))
    image = np.ascontiguousarray(tiny.image("test", 0)[:64, :64])
    others = [
        codecs.get(other).encode(image)
        for other in ("jpeg", "jpeg2000", "avif", "jpegai_bop_off")
        if other != name
    ]
    for stream in [png(64), b"", b"rubbish" * 10, *others]:
        with pytest.raises(BitstreamError):
            codec.decode(stream)


def test_colour_is_refused():
    from io import BytesIO

    from PIL import Image

    buffer = BytesIO()
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(buffer, "JPEG")
    with pytest.raises(BitstreamError, match="RGB samples, not grey"):
        codecs.get("jpeg").decode(buffer.getvalue())


@pytest.mark.parametrize("size", [(16, 16), (64, 64)])
def test_a_stream_of_colour_video_is_refused(size, tmp_path):
    """ffmpeg would convert 4:2:0 to grey and stretch its range."""
    from promic_nb.codecs import ffmpeg

    try:
        codec = codecs.get("hevc")
    except UserError as error:
        pytest.skip(str(error))
    raw = bytes(size[0] * size[1] * 3 // 2)
    out = tmp_path / "out.hevc"
    arguments = [
        "-f",
        "rawvideo",
        "-pix_fmt",
        "yuv420p",
        "-s",
        f"{size[1]}x{size[0]}",
        "-i",
        "-",
        "-c:v",
        "libx265",
        "-f",
        "hevc",
        str(out),
    ]
    assert ffmpeg._run(*arguments, "-x265-params", "log-level=none", stdin=raw).returncode == 0
    with pytest.raises(BitstreamError, match="not a whole hevc stream of grey samples"):
        codec.decode(out.read_bytes())
