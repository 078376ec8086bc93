"""What coding one image costs: bytes, seconds, memory; and the benchmark's tidy table, which goes
on after a kill.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
from tqdm.auto import tqdm

import promic_nb
from promic_nb import codecs
from promic_nb.codecs import contract
from promic_nb.codecs.base import Codec
from promic_nb.core.cache import ResultCache
from promic_nb.metrics.batch import compute_table

if TYPE_CHECKING:
    import pandas as pd

_SAMPLE_S = 0.005


@dataclass(frozen=True)
class Coded:
    """One image through a codec.

    Attributes:
        stream: the bitstream.
        image: uint8 (H, W), decoded.
        encode_s, decode_s: wall time in seconds of the calls, starting a process included.
        encode_mb, decode_mb: peak of the resident memory of this process and its children during
            the call, above what this process held before it, in 10^6 bytes; children are sampled
            each 5 ms.
    """

    stream: bytes
    image: np.ndarray
    encode_s: float
    decode_s: float
    encode_mb: float
    decode_mb: float


def measure(codec: Codec, image: np.ndarray) -> Coded:
    """Encode and decode an image, uint8 (H, W), once each.

    Raises:
        ContractError: the codec returns something else than it must, or fails.
    """
    with _clock() as encoding:
        stream = contract.encode(codec, image)
    with _clock() as decoding:
        decoded = contract.decode(codec, stream, image.shape)
    return Coded(stream, decoded, encoding["s"], decoding["s"], encoding["mb"], decoding["mb"])


@contextmanager
def _clock() -> Iterator[dict[str, float]]:
    """Wall time `s` and peak memory `mb` of the block."""
    process, over = psutil.Process(), threading.Event()
    found: dict[str, float] = {}
    own = process.cmdline()
    _settle()
    before = peak = process.memory_info().rss

    def watch() -> None:
        nonlocal peak
        while not over.wait(_SAMPLE_S):
            children = sum(_resident(child, own) for child in process.children())
            peak = max(peak, process.memory_info().rss + children)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    start = time.perf_counter()
    try:
        yield found
    finally:
        found["s"] = time.perf_counter() - start
        over.set()
        watcher.join()
        found["mb"] = max(0, peak - before, _peak() - before) / 1e6


def _resident(child: psutil.Process, parent: list[str]) -> int:
    """Resident bytes of a child; 0 for one that has ended, or that still runs its parent's program:
    from its fork until it starts its own, however long that takes on a busy machine, its pages are
    the parent's.
    """
    try:
        return child.memory_info().rss if child.cmdline() != parent else 0
    except psutil.Error:
        return 0


def _settle() -> None:
    """Return freed memory to the system, so that using it again counts (glibc), and count the peak
    anew (Linux).
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak() -> int:
    """Linux's own count in bytes, which sees what happens while a codec holds Python's lock;
    elsewhere 0, and the samples count.
    """
    with suppress(OSError):
        return next(
            1024 * int(line.split()[1])
            for line in Path("/proc/self/status").read_text().splitlines()
            if line.startswith("VmHWM")
        )
    return 0


def benchmark(
    name: str,
    settings: list[dict[str, Any]],
    slices: list[int],
    image: Callable[[int], np.ndarray],
    metrics: list[str],
    cache: str | Path | None = None,
    progress: bool = True,
    **depends_on: Any,
) -> pd.DataFrame:
    """Rate, quality and cost of a codec, a row for each setting, slice and metric.

    Args:
        name: of the codec.
        settings: as `codecs.expand`: its settings, or `target_bpp`.
        slices: which images.
        image: uint8 (H, W) of a slice.
        metrics: names, as in `metrics.METRICS`.
        cache: a file of finished slices. What is found there is not coded again, if image,
            settings, encoder's version, weights and the source of codecs and metrics are the same.
        progress: whether to show a progress bar.
        depends_on: what else the rows depend on (JSON values), such as the number of threads.

    Returns:
        Columns slice, codec, setting, found (the setting that met the target, else `setting`),
        target_bpp (NaN without one), met (whether it was), pixels, bytes, overhead_bytes, bpp,
        encode_s, decode_s, encode_mb, decode_mb (see `Coded`), metric, value, and reason (why there
        is no value).

    Raises:
        UserError: as `codecs.get`.
    """
    import pandas as pd

    points, done, rows = codecs.expand(name, settings), ResultCache(cache), []
    work = [(point, i) for point in points for i in slices]
    for point, i in tqdm(work, desc=name, unit="slice", disable=not progress):
        samples = image(i)
        key = _key(
            samples,
            [name, point, _versions(name, json.dumps(point)), i, metrics, depends_on, _source()],
        )
        if key not in done:
            done[key] = _rows(name, point, samples, metrics)
        rows += [{"slice": i, **row} for row in done[key]]
    return pd.DataFrame(rows).astype({"target_bpp": float, "value": float})


def _rows(
    name: str, point: dict[str, Any], image: np.ndarray, metrics: list[str]
) -> list[dict[str, Any]]:
    """Rows of one image at one point: one for each metric."""
    fixed, rate = {k: v for k, v in point.items() if k != "target_bpp"}, point.get("target_bpp")
    found = codecs.target(name, image, rate, **fixed) if rate else None
    codec = found.codec if found else codecs.get(name, **fixed)
    # What is loaded at the first call is not part of the time.
    part = np.ascontiguousarray(image[:64, :64])
    contract.decode(codec, contract.encode(codec, part), part.shape)
    coded = measure(codec, image)
    about = {
        "codec": name,
        "setting": f"target {rate:g} bpp" if rate else codec.setting,
        "found": codec.setting,
        "target_bpp": rate,
        "met": found.met if found else True,
        "pixels": image.size,
        "bytes": len(coded.stream),
        "overhead_bytes": contract.overhead(codec, coded.stream),
        "bpp": codecs.bpp(coded.stream, image.shape),
        "encode_s": coded.encode_s,
        "decode_s": coded.decode_s,
        "encode_mb": coded.encode_mb,
        "decode_mb": coded.decode_mb,
    }
    quality = compute_table([(about, image, coded.image)], metrics, workers=1, progress=False)
    return quality.astype(object).where(quality.notna(), None).to_dict("records")


@cache
def _versions(name: str, point: str) -> list[str]:
    """Versions, with the hashes of weights, of all that a search may use."""
    settings = json.loads(point)
    searched = settings.pop("target_bpp", None)
    models = codecs.rate_control(name).models(settings) if searched else [{}]
    return [codecs.get(name, **{**model, **settings}).version() for model in models]


def _key(image: np.ndarray, about: list) -> str:
    """Hash of all that an image's rows depend on."""
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    digest.update(f"{image.dtype}{image.shape}".encode() + np.ascontiguousarray(image).tobytes())
    return digest.hexdigest()


@cache
def _source() -> str:
    """Hash of the source of codecs and metrics."""
    files = [
        p
        for part in ("codecs", "metrics")
        for p in sorted((Path(promic_nb.__file__).parent / part).rglob("*.py"))
        if p.name != "registry.py"  # it computes nothing
    ]
    return hashlib.sha256(b"".join(p.read_bytes() for p in files)).hexdigest()
