"""Video codecs in intra mode through the ffmpeg binary that imageio-ffmpeg ships (or IMAGEIO_FFMPEG_EXE names)."""

from __future__ import annotations

import io
import struct
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from PIL import Image

from promic_nb.codecs.base import BitstreamError, check_image, check_range
from promic_nb.errors import UserError

_SIZE = struct.Struct("<HH")  # height and width


@lru_cache(maxsize=1)
def version() -> str:
    """First line of `ffmpeg -version`; encoder versions change rates, so it goes into provenance."""
    return _run("-version").stdout.decode().splitlines()[0]


@lru_cache(maxsize=1)
def encoders() -> frozenset[str]:
    """Names of the encoders that this ffmpeg has."""
    lines = _run("-encoders").stdout.decode().splitlines()
    return frozenset(line.split()[1] for line in lines if line.startswith(" V"))


def _run(*args: str, stdin: bytes | None = None) -> subprocess.CompletedProcess:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-loglevel", "error", *args]
    return subprocess.run(command, input=stdin, capture_output=True, check=False)


class _VideoCodec:
    """One intra frame through ffmpeg and temporary files."""

    name: str
    format: str
    encoder: str

    def __init__(self, qp: int, top: int) -> None:
        if self.encoder not in encoders():
            raise UserError(f"{version()} has no {self.encoder}", "Install imageio-ffmpeg>=0.8.1, or name another ffmpeg in IMAGEIO_FFMPEG_EXE")
        self.qp, self.setting = int(check_range(f"{self.name.upper()} QP", qp, 0, top)), f"qp={qp}"

    version = staticmethod(version)

    def _encode(self, planes: bytes, pixel_format: str, size: tuple[int, int], *options: str) -> bytes:
        """Bitstream of one raw frame; `size` is (H, W)."""
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "out"
            source = ("-f", "rawvideo", "-pix_fmt", pixel_format, "-s", f"{size[1]}x{size[0]}", "-r", "1", "-i", "-", "-frames:v", "1")
            done = _run(*source, "-c:v", self.encoder, *options, "-f", self.format, "-y", str(out), stdin=planes)
            if done.returncode or not out.is_file():
                raise UserError(f"{self.encoder} failed on {size} samples ({done.stderr.decode().strip()[:200]})", "Check the ffmpeg binary")
            return out.read_bytes()

    def _decode(self, stream: bytes, *options: str) -> bytes:
        """Decoded frame in the format that `options` ask for."""
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "in"
            source.write_bytes(stream)
            done = _run("-f", self.format, "-i", str(source), "-frames:v", "1", *options, "-")
            if done.returncode or not done.stdout:
                raise BitstreamError(
                    f"ffmpeg cannot decode the {self.format} stream ({done.stderr.decode().strip()[:200]})", "Encode the image again"
                )
            return done.stdout


class Hevc(_VideoCodec):
    """HEVC intra, 4:0:0, one frame (x265).

    Args:
        qp: quantization parameter, 0..51; one step can move the rate by a factor of two on noisy slices.
        preset: x265's speed preset.
    """

    name, format, encoder = "hevc", "hevc", "libx265"

    def __init__(self, qp: int = 32, preset: str = "medium") -> None:
        super().__init__(qp, 51)
        self.preset = preset

    def encode(self, image: np.ndarray) -> bytes:
        # ipratio=1: without it an intra frame is coded at QP-3; info=0: no 2 kB of settings in the stream.
        params = f"qp={self.qp}:ipratio=1:keyint=1:info=0:repeat-headers=1:log-level=none:pools=none:frame-threads=1:wpp=0"
        options = ("-preset", self.preset, "-tune", "psnr", "-x265-params", params)
        return self._encode(check_image(image).tobytes(), "gray", image.shape, *options)

    def decode(self, stream: bytes) -> np.ndarray:
        # No -pix_fmt: 4:0:0 decodes to gray as it is; asking for a conversion would stretch its range.
        return _pgm(self._decode(stream, "-f", "image2pipe", "-c:v", "pgm"))


class Vvc(_VideoCodec):
    """VVC intra (VVenC), luma in 10 bits with constant chroma, as ffmpeg's wrapper takes 4:2:0 10-bit only.

    Args:
        qp: quantization parameter, 0..63.
        preset: faster, fast, medium, slow or slower; the rate-distortion gain after `fast` is small.
    """

    name, format, encoder = "vvc", "vvc", "libvvenc"

    def __init__(self, qp: int = 37, preset: str = "faster") -> None:
        super().__init__(qp, 63)
        self.preset = preset

    def encode(self, image: np.ndarray) -> bytes:
        height, width = check_image(image).shape
        even = np.pad(image, ((0, height % 2), (0, width % 2)), mode="edge").astype("<u2") << 2
        chroma = np.full(even.size // 2, 512, "<u2")
        # qpa 0: the perceptual default halves the rate at the same QP. The stream does not know the odd size: four bytes say it.
        stream = self._encode(
            even.tobytes() + chroma.tobytes(), "yuv420p10le", even.shape, "-preset", self.preset, "-qp", str(self.qp), "-qpa", "0", "-threads", "1"
        )
        return _SIZE.pack(height, width) + stream

    def decode(self, stream: bytes) -> np.ndarray:
        if len(stream) <= _SIZE.size:
            raise BitstreamError(f"the VVC stream has {len(stream)} bytes", "Encode the image again")
        height, width = _SIZE.unpack_from(stream)
        rows, columns = height + height % 2, width + width % 2
        raw = np.frombuffer(self._decode(stream[_SIZE.size :], "-f", "rawvideo", "-pix_fmt", "yuv420p10le"), "<u2")
        if raw.size != rows * columns * 3 // 2:
            raise BitstreamError(f"the VVC stream does not hold {height}x{width} samples", "Encode the image again")
        plane = raw[: rows * columns].reshape(rows, columns)
        return np.minimum((plane + 2) >> 2, 255).astype(np.uint8)[:height, :width]


def _pgm(file: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(file)) as image:
        return np.array(image)
