"""Video codecs in intra mode through the ffmpeg binary that imageio-ffmpeg ships (or IMAGEIO_FFMPEG_EXE names)."""

from __future__ import annotations

import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from PIL import Image

from promic_nb.codecs.base import BitstreamError, check_image
from promic_nb.errors import UserError


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


class Hevc:
    """HEVC intra, 4:0:0, one frame (x265).

    Args:
        qp: quantization parameter, 0..51; one step can move the rate by a factor of two on noisy slices.
        preset: x265's speed preset.
    """

    name = "hevc"

    def __init__(self, qp: int = 32, preset: str = "medium") -> None:
        if not 0 <= qp <= 51:
            raise UserError(f"HEVC QP {qp} is out of range", "Choose 0 to 51")
        if "libx265" not in encoders():
            raise UserError(f"{version()} has no libx265", "Install imageio-ffmpeg>=0.8.1, or name another ffmpeg in IMAGEIO_FFMPEG_EXE")
        self.qp, self.preset, self.setting = qp, preset, f"qp={qp}"

    def encode(self, image: np.ndarray) -> bytes:
        height, width = check_image(image).shape
        # ipratio=1: without it an intra frame is coded at QP-3; info=0: no 2 kB of settings in the stream.
        params = f"qp={self.qp}:ipratio=1:keyint=1:info=0:repeat-headers=1:log-level=none:pools=none:frame-threads=1:wpp=0"
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "out.hevc"
            source = ("-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{width}x{height}", "-i", "-")
            encoder = ("-frames:v", "1", "-c:v", "libx265", "-preset", self.preset, "-tune", "psnr", "-x265-params", params)
            done = _run(*source, *encoder, "-f", "hevc", "-y", str(out), stdin=image.tobytes())
            if done.returncode or not out.is_file():
                raise UserError(f"x265 failed on {width}x{height} samples ({done.stderr.decode().strip()[:200]})", "Check the ffmpeg binary")
            return out.read_bytes()

    def decode(self, stream: bytes) -> np.ndarray:
        with tempfile.TemporaryDirectory() as folder:
            source, out = Path(folder) / "in.hevc", Path(folder) / "out.pgm"
            source.write_bytes(stream)
            # No -pix_fmt: 4:0:0 decodes to gray as it is; asking for a conversion would stretch its range.
            done = _run("-f", "hevc", "-i", str(source), "-frames:v", "1", "-f", "image2", "-c:v", "pgm", "-y", str(out))
            if done.returncode or not out.is_file():
                raise BitstreamError(f"ffmpeg cannot decode the HEVC stream ({done.stderr.decode().strip()[:200]})", "Encode the image again")
            with Image.open(out) as image:
                return np.array(image)

    version = staticmethod(version)
