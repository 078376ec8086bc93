"""Video codecs in intra mode through the ffmpeg binary that imageio-ffmpeg ships (or
IMAGEIO_FFMPEG_EXE names).

The streams have no checksum: what is cut, foreign or damaged in its headers is refused, and so is
whatever ffmpeg complains about; a flipped bit within the coded samples may decode to a damaged
image.
"""

from __future__ import annotations

import re
import struct
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

import imageio_ffmpeg
import numpy as np

from promic_nb.codecs import container
from promic_nb.codecs.base import MAX_SAMPLES, BitstreamError, RateControl, check_image, check_size
from promic_nb.core.fields import whole
from promic_nb.errors import UserError

_SIZE = struct.Struct("<HH")  # height and width
_Y4M = re.compile(rb"YUV4MPEG2 W(\d+) H(\d+) .*?C(\w+).*?\nFRAME\n")
_DECODING_S = 600  # a damaged stream must not hold a decoder for ever
X265Preset = Literal[
    "ultrafast",
    "superfast",
    "veryfast",
    "faster",
    "fast",
    "medium",
    "slow",
    "slower",
    "veryslow",
    "placebo",
]
VvencPreset = Literal["faster", "fast", "medium", "slow", "slower"]


@lru_cache(maxsize=1)
def version() -> str:
    """First line of `ffmpeg -version`, for provenance: encoder versions change rates."""
    return _run("-version").stdout.decode().splitlines()[0].partition(" Copyright")[0]


@lru_cache(maxsize=1)
def encoders() -> frozenset[str]:
    """Names of the encoders that this ffmpeg has."""
    lines = _run("-encoders").stdout.decode().splitlines()
    return frozenset(line.split()[1] for line in lines if line.startswith(" V"))


def _run(
    *args: str, stdin: bytes | None = None, timeout: float | None = None
) -> subprocess.CompletedProcess:
    try:
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-loglevel", "error", *args]
        return subprocess.run(
            command, input=stdin, capture_output=True, check=False, timeout=timeout
        )
    except (RuntimeError, OSError) as error:
        raise UserError(
            f"no ffmpeg can be run ({error})",
            "Install imageio-ffmpeg>=0.8.1, or name a binary in IMAGEIO_FFMPEG_EXE",
        ) from error


class _VideoCodec:
    """One intra frame through ffmpeg and temporary files."""

    name: str
    format: str
    encoder: str
    pixels: str  # ffmpeg's name of the samples' format
    y4m: str  # and YUV4MPEG2's

    def __init__(self, qp: int, preset: str) -> None:
        if self.encoder not in encoders():
            raise UserError(
                f"{version()} has no {self.encoder}",
                "Install imageio-ffmpeg>=0.8.1, or name another ffmpeg in IMAGEIO_FFMPEG_EXE",
            )
        self.qp, self.preset, self.setting = qp, preset, f"qp={qp} {preset}"

    version = staticmethod(version)

    def _options(self) -> list[str]:
        """The encoder's own options."""
        raise NotImplementedError

    def _arguments(self, size: str, source: str, out: str) -> list[str]:
        raw = [
            "-f",
            "rawvideo",
            "-pix_fmt",
            self.pixels,
            "-s",
            size,
            "-r",
            "1",
            "-i",
            source,
            "-frames:v",
            "1",
        ]
        return [*raw, "-c:v", self.encoder, *self._options(), "-f", self.format, "-y", out]

    @property
    def command(self) -> str:
        """The encoder's exact command line; samples come from standard input."""
        return " ".join(["ffmpeg", *self._arguments("WxH", "-", f"OUT.{self.format}")])

    def _encode(self, planes: bytes, height: int, width: int) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "out"  # a file, as encoders print warnings to standard output
            done = _run(*self._arguments(f"{width}x{height}", "-", str(out)), stdin=planes)
            if done.returncode or not out.is_file():
                remedy = "Check the ffmpeg binary with promic codecs"
                raise UserError(
                    f"{self.encoder} failed on {height}x{width} samples "
                    f"({done.stderr.decode().strip()[:200]})",
                    remedy,
                )
            return out.read_bytes()

    def _decode(self, stream: bytes) -> tuple[bytes, int, int]:
        """Samples of the decoded frame in the stream's own format, its height and its width.

        No conversion is asked for: from 4:0:0 or 4:2:0 to grey, ffmpeg would stretch the range.
        """
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "in"
            source.write_bytes(stream)
            limits = (
                "-max_pixels",
                str(MAX_SAMPLES),
                "-threads",
                "1",
                "-err_detect",
                "explode",
                "-f",
                self.format,
            )
            try:
                done = _run(
                    *limits,
                    "-i",
                    str(source),
                    "-frames:v",
                    "1",
                    "-strict",
                    "-1",
                    "-f",
                    "yuv4mpegpipe",
                    "-",
                    timeout=_DECODING_S,
                )
            except subprocess.TimeoutExpired as error:
                raise BitstreamError(
                    f"the {self.name} stream does not decode in {_DECODING_S} s",
                    "Encode the image again",
                ) from error
        head = _Y4M.match(done.stdout)
        if done.returncode or done.stderr or not head or head[3].decode() != self.y4m:
            why = (
                done.stderr.decode(errors="replace").strip()[:200] or "no frame of the right format"
            )
            raise BitstreamError(
                f"not a whole {self.name} stream of grey samples ({why})", "Encode the image again"
            )
        width, height = int(head[1]), int(head[2])
        check_size(height, width, self.name)
        return done.stdout[head.end() :], height, width


class Hevc(_VideoCodec):
    """HEVC intra, 4:0:0, one frame, one thread (x265).

    Args:
        qp: quantization parameter, 0..51; one step can move the rate by a factor of two on noisy
            slices.
        preset: x265's speed preset; `slow` has the best quality that is still quick on one frame.
    """

    name, format, encoder, pixels, y4m = "hevc", "hevc", "libx265", "gray", "mono"
    rate_control = RateControl("qp", 51, 0)

    def __init__(self, qp: Annotated[int, whole(0, 51)] = 32, preset: X265Preset = "slow") -> None:
        super().__init__(qp, preset)

    def _options(self) -> list[str]:
        # ipratio=1: without it an intra frame is coded at QP-3; info=0: no 2 kB of settings in the
        # stream.
        params = (
            f"qp={self.qp}:ipratio=1:keyint=1:info=0:repeat-headers=1:log-level=none"
            ":pools=none:frame-threads=1:wpp=0"
        )
        return ["-preset", self.preset, "-tune", "psnr", "-x265-params", params]

    def encode(self, image: np.ndarray) -> bytes:
        return self._encode(check_image(image).tobytes(), *image.shape)

    def decode(self, stream: bytes) -> np.ndarray:
        samples, height, width = self._decode(stream)
        return np.frombuffer(samples, np.uint8, height * width).reshape(height, width).copy()

    def overhead(self, stream: bytes) -> int:
        """Start codes, parameter sets and messages."""
        return container.nal_units(stream, container.is_hevc_slice)


class Vvc(_VideoCodec):
    """VVC intra (VVenC), one thread; luma in 10 bits with constant chroma, as ffmpeg's wrapper
    takes 4:2:0 10-bit only.

    Args:
        qp: quantization parameter, 0..63.
        preset: VVenC's speed preset. After `fast` the gain is small; `faster` takes a tenth of its
            time, for tests and large images.
    """

    name, format, encoder, pixels, y4m = "vvc", "vvc", "libvvenc", "yuv420p10le", "420p10"
    rate_control = RateControl("qp", 63, 0)

    def __init__(self, qp: Annotated[int, whole(0, 63)] = 37, preset: VvencPreset = "fast") -> None:
        super().__init__(qp, preset)

    def _options(self) -> list[str]:
        # qpa 0: the perceptual default halves the rate at the same QP.
        return ["-preset", self.preset, "-qp", str(self.qp), "-qpa", "0", "-threads", "1"]

    def encode(self, image: np.ndarray) -> bytes:
        height, width = check_image(image).shape
        even = np.pad(image, ((0, height % 2), (0, width % 2)), mode="edge").astype("<u2") << 2
        chroma = np.full(even.size // 2, 512, "<u2")
        # The stream does not know the odd size: four bytes before it say it.
        return _SIZE.pack(height, width) + self._encode(
            even.tobytes() + chroma.tobytes(), *even.shape
        )

    def decode(self, stream: bytes) -> np.ndarray:
        if len(stream) <= _SIZE.size:
            raise BitstreamError(
                f"the vvc stream has {len(stream)} bytes", "Encode the image again"
            )
        height, width = _SIZE.unpack_from(stream)
        samples, rows, columns = self._decode(stream[_SIZE.size :])
        if (rows, columns) != (height + height % 2, width + width % 2):
            raise BitstreamError(
                f"the vvc stream holds {rows}x{columns} samples, and claims {height}x{width}",
                "Encode the image again",
            )
        plane = np.frombuffer(samples, "<u2", rows * columns).reshape(rows, columns)
        return np.minimum((plane + 2) >> 2, 255).astype(np.uint8)[:height, :width]

    def overhead(self, stream: bytes) -> int:
        """The size before the stream, start codes, parameter sets and messages."""
        return _SIZE.size + container.nal_units(stream[_SIZE.size :], container.is_vvc_coded)
