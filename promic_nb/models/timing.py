"""Wall time and peak memory of the two ways from a bitstream to boxes, part by part, on the machine
at hand.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import torch

from promic_nb.codecs.jpegai import networks as nets
from promic_nb.codecs.jpegai.codec import JpegAiStyleCodec
from promic_nb.codecs.learned import JPEGAI_BOP_OFF
from promic_nb.datasets.phantom import slice_and_mask
from promic_nb.models.build import make_detector
from promic_nb.models.config import CONFIGS
from promic_nb.models.inputs import Batch
from promic_nb.models.translator import DomainTranslator

Row = tuple[str, str, int, float, float]  # way, part, repeat, seconds, peak
Way = Literal["A, HOP", "A, BOP", "ProMIC"]
WAYS: tuple[Way, ...] = get_args(Way)  # luma only: a micrograph has no colour
STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class Stopwatch:
    """Seconds and peak memory of named parts; a part may run several times."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.peak: dict[str, float] = defaultdict(float)

    def watch(self, part: str, owner: Any, *methods: str) -> None:
        """Count the calls of an object's methods as `part` from now on."""
        for method in methods:
            setattr(owner, method, self._timed(getattr(owner, method), part))

    def _timed(self, function: Callable[..., Any], part: str) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            _reset_peak()
            start = time.perf_counter()
            result = function(*args, **kwargs)
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            self.seconds[part] += time.perf_counter() - start
            self.peak[part] = max(self.peak[part], _peak_bytes())
            return result

        return timed

    def take(self) -> list[tuple[str, float, float]]:
        """(part, seconds, peak in bytes) since the last time, in the order in which the parts first
        ran.
        """
        rows = [(part, seconds, self.peak[part]) for part, seconds in self.seconds.items()]
        self.seconds.clear()
        self.peak.clear()
        return rows


def _reset_peak() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
    elif RESET.exists():
        try:
            RESET.write_text("5")  # Linux: forget the largest resident set so far
        except OSError:
            return


def _peak_bytes() -> float:
    """Peak of the GPU's memory, or of this process's; NaN where neither can be asked."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    if not STATUS.exists():
        return float("nan")
    return 1024 * next(
        int(line.split()[1]) for line in STATUS.read_text().splitlines() if line.startswith("VmHWM")
    )


@torch.inference_mode()
def _run(
    way: Way, height: int, width: int, proposals: int, beta: float, repeats: int, threads: int
) -> list[Row]:
    torch.set_num_threads(threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    rng = np.random.default_rng(0)
    codec = JPEGAI_BOP_OFF(beta=beta)
    assert isinstance(codec, JpegAiStyleCodec)
    stream = codec.encode(slice_and_mask(rng, (height, width))[0])
    if way == "A, HOP":
        codec.model.synthesis = nets.hop_synthesis().eval()
    codec.model.synthesis.to(device)
    translator = DomainTranslator() if way == "ProMIC" else None
    model = make_detector(CONFIGS["resnet50"], translator=translator).eval().to(device)
    corners = torch.from_numpy(rng.uniform(0, (width - 65, height - 65), (proposals, 2))).float()
    boxes = torch.cat([corners, corners + 64], 1).to(device)

    watch = Stopwatch()
    watch.watch("entropy decoding", codec.coder, "decode_z", "decode_r")
    watch.watch("hyperprior", codec, "side_information")
    watch.watch("context", codec, "dequantize")
    watch.watch("synthesis", codec, "synthesis_transform")
    watch.watch("translator" if translator else "stem and stage 2", model.front, "forward")
    for number, stage in enumerate(model.stages, 3):
        watch.watch(f"stage {number}", stage, "forward")
    watch.watch("neck", model.neck, "forward")
    watch.watch("proposals", model, "propose")
    watch.watch("box head", model, "refine")
    rows: list[Row] = []
    for repeat in range(repeats + 1):
        inputs = torch.from_numpy(codec.latent(stream))[None].to(device)
        if not translator:
            inputs = codec.synthesis_transform(inputs).clamp(0, 255)[..., :height, :width]
        batch = Batch(inputs, [(height, width)], [])
        features = model.features(batch.inputs)
        model.propose(batch, features)
        model.refine(batch, features, [boxes])  # a random RPN proposes too few
        timed = watch.take()
        rows += [
            (way, part, repeat, seconds, peak / 1e6) for part, seconds, peak in timed if repeat
        ]  # the first one warms up
    return rows


def measure(
    way: Way,
    height: int,
    width: int,
    *,
    proposals: int = 1000,
    beta: float = 0.02,
    repeats: int = 3,
    threads: int = 1,
) -> list[Row]:
    """Time one way in a process of its own, so that neither sees the other's memory.

    The bitstream is that of a synthetic slice; the detector and the HOP synthesis have random
    weights, on which time does not depend, and the box head gets `proposals` random boxes. After a
    first run to warm up, `repeats` are timed.

    Returns:
        Rows (way, part, repeat, seconds, peak in MB: of the GPU's memory, or of the process's
        resident set).
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_run, way, height, width, proposals, beta, repeats, threads).result()
