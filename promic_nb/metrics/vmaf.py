"""VMAF v0.6.1 of one frame by libvmaf, in the ffmpeg binary that imageio-ffmpeg ships (or
IMAGEIO_FFMPEG_EXE names).

Both images go in as raw planar 4:4:4 with constant chroma, which VMAF ignores. ffmpeg would convert
grey formats to limited range without a word, and VMAF would move by points (74.2 for 69.2 on one
pair of the conformance table).
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

import imageio_ffmpeg
import numpy as np

from promic_nb.errors import UserError
from promic_nb.metrics.metric import Metric, with_peak

SMALLEST = 17  # libvmaf reads outside smaller frames, or fails


@lru_cache(maxsize=1)
def version() -> str:
    """First line of `ffmpeg -version`."""
    return _ffmpeg("-version").stdout.splitlines()[0]


@lru_cache(maxsize=1)
def _has_libvmaf() -> bool:
    return "libvmaf" in _ffmpeg("-filters").stdout


def vmaf(reference: np.ndarray, distorted: np.ndarray, peak: float) -> float:
    """VMAF in 0..100; equal images give 97.43, as one frame has no motion.

    Args:
        reference, distorted: luma, whole numbers in 0..peak, float64 (H, W), at least 17x17. The
            order matters.
        peak: 1023 or 255.

    Raises:
        UserError: an ffmpeg without libvmaf, or one that fails.
    """
    if not _has_libvmaf():
        raise UserError(
            f"{version()} has no libvmaf",
            "Install imageio-ffmpeg>=0.8.1, or name another ffmpeg in IMAGEIO_FFMPEG_EXE",
        )
    height, width = reference.shape
    dtype, pixels = ("<u2", "yuv444p10le") if peak > 255 else ("u1", "yuv444p")
    chroma = np.full(2 * height * width, (peak + 1) / 2).astype(dtype).tobytes()
    with tempfile.TemporaryDirectory(prefix="vmaf") as folder:
        inputs = []
        for name, luma in (("distorted", distorted), ("reference", reference)):  # libvmaf's order
            (Path(folder) / f"{name}.yuv").write_bytes(luma.astype(dtype).tobytes() + chroma)
            inputs += [
                "-f",
                "rawvideo",
                "-pix_fmt",
                pixels,
                "-s",
                f"{width}x{height}",
                "-i",
                f"{name}.yuv",
            ]
        # The log's name is relative: the filter's syntax would need a path's colons and backslashes
        # escaped.
        done = _ffmpeg(
            "-threads",
            "1",
            *inputs,
            "-lavfi",
            "libvmaf=log_fmt=json:log_path=log.json:n_threads=1",
            "-f",
            "null",
            "-",
            cwd=folder,
        )
        log = Path(folder) / "log.json"
        if done.returncode or not log.is_file():
            raise UserError(
                f"libvmaf failed on {width}x{height} samples ({done.stderr.strip()[:200]})",
                "Check the ffmpeg binary",
            )
        return float(json.loads(log.read_text())["frames"][0]["metrics"]["vmaf"])


def _ffmpeg(*args: str, cwd: str | None = None) -> subprocess.CompletedProcess:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-loglevel", "error", *args]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)


VMAF = Metric(with_peak(vmaf), "VMAF", smallest=SMALLEST, needs_content=True, identical=97.43)
