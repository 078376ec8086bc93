"""Speed and memory of every codec on one image, CompressAI's mbt2018-mean beside ours: a table in
Markdown.

    python tests/benchmarks/codec_speed.py
    python tests/benchmarks/codec_speed.py --size 6400 6400 --threads 1 --rounds 1 jpegai_bop_off

Each codec runs in a process of its own. With two threads a learned codec has two for one image; a
codec of one thread codes two images side by side. Mpixel/s is that of the fastest round; CPU
seconds, of this process and its children, say what the same costs whatever else the machine does.
Memory is the peak of process and children. mbt2018-mean has random weights, which cost the time of
trained ones, and codes the grey image as RGB, as its networks do. Use a quiet machine.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import psutil
import torch
from scipy.ndimage import gaussian_filter

from promic_nb import codecs
from promic_nb.codecs.measure import measure
from promic_nb.errors import UserError

MBT = "CompressAI mbt2018-mean"
# Near 0.25 bpp on micrographs; the encoder's own default effort.
SETTINGS: dict[str, dict] = {
    "jpeg": {"quality": 10},
    "jpeg2000": {"bpp": 0.25},
    "jpegxl": {"distance": 5},
    "avif": {"quality": 30},
    "hevc": {"qp": 33},
    "vvc": {"qp": 37},
    "vvc faster": {"qp": 37, "preset": "faster"},
    "jpegai_bop_off": {"gain": -420},
    "jpegai_bop_off refine": {"gain": -420, "refine": 2},
    "jpegai_bop_on": {"gain": -420},
    "jpegai_hop_off": {"gain": -420},
    "jpegai_vm33": {},
    MBT: {},
}


def texture(height: int, width: int) -> np.ndarray:
    """A texture with fine noise, uint8 (H, W), made of tiles of a slice's size."""
    rng = np.random.default_rng(7)
    tile = gaussian_filter(rng.normal(size=(768, 1024)), 3)
    tile = np.clip(128 + 40 * tile / tile.std() + rng.normal(0, 6, tile.shape), 0, 255)
    repeats = -(-height // 768), -(-width // 1024)
    return np.tile(tile.astype(np.uint8), repeats)[:height, :width].copy()


class MeanScale:
    """CompressAI's model at its quality 3 of 8, as a codec that keeps its last stream."""

    name, setting = MBT, "quality 3, random weights"

    def __init__(self) -> None:
        from compressai.zoo import mbt2018_mean

        torch.manual_seed(0)
        self._model = mbt2018_mean(quality=3, pretrained=False).eval()
        self._model.update()

    @torch.inference_mode()
    def encode(self, image: np.ndarray) -> bytes:
        x = torch.from_numpy(image)[None, None].float().div(255).repeat(1, 3, 1, 1)
        self._coded = self._model.compress(x)
        return b"".join(part for parts in self._coded["strings"] for part in parts)

    @torch.inference_mode()
    def decode(self, _: bytes) -> np.ndarray:
        x = self._model.decompress(self._coded["strings"], self._coded["shape"])["x_hat"]
        return x[0, 0].mul(255).round().clamp(0, 255).to(torch.uint8).numpy()


def cpu_seconds() -> float:
    """Of this process and its ended children."""
    usages = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def timed(work: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Least wall seconds and least CPU seconds of some rounds."""
    found = []
    for _ in range(rounds):
        began, cpu = time.perf_counter(), cpu_seconds()
        work()
        found.append((time.perf_counter() - began, cpu_seconds() - cpu))
    wall, cpu = zip(*found, strict=True)
    return min(wall), min(cpu)


def child(label: str, threads: int, rounds: int, size: tuple[int, int]) -> dict[str, float]:
    """Figures of one codec in this process."""
    torch.set_num_threads(threads)
    name = label.split()[0]
    codec = MeanScale() if label == MBT else codecs.get(name, **SETTINGS[label])
    image = texture(*size)
    part = np.ascontiguousarray(image[:64, :64])
    codec.decode(codec.encode(part))  # what is loaded at the first call is not measured
    base = psutil.Process().memory_info().rss / 1e6
    coded = measure(codec, image)  # type: ignore[arg-type]
    if not name.startswith("jpegai") and label != MBT and threads > 1:
        images, pool = threads, ThreadPoolExecutor(threads)
    else:
        images, pool = 1, None

    def on_threads(call: Callable, argument: object) -> Callable[[], object]:
        if pool is None:
            return lambda: call(argument)
        return lambda: list(pool.map(call, [argument] * images))

    encode = timed(on_threads(codec.encode, image), rounds)
    decode = timed(on_threads(codec.decode, coded.stream), rounds)
    mpixel = images * image.size / 1e6
    return {
        "encode": mpixel / encode[0],
        "decode": mpixel / decode[0],
        "encode_cpu": encode[1] / mpixel,
        "decode_cpu": decode[1] / mpixel,
        "encode_mb": base + coded.encode_mb,
        "decode_mb": base + coded.decode_mb,
    }


def row(label: str, arguments: argparse.Namespace) -> str:
    """A line of the table, of one codec in processes of its own."""
    found = []
    for threads in arguments.threads:
        size = map(str, arguments.size)
        command = [sys.executable, __file__, "--child", label, "--threads", str(threads)]
        command += ["--rounds", str(arguments.rounds), "--size", *size]
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        if done.returncode:
            return f"| {label} | {done.stderr.strip().splitlines()[-1]} |"
        found.append(json.loads(done.stdout.splitlines()[-1]))
    first = found[0]
    cells = [f"{f[key]:.3g}" for key in ("encode", "decode") for f in found]
    cells += [f"{first[key]:.3g}" for key in ("encode_cpu", "decode_cpu")]
    cells += [f"{first[key]:.0f}" for key in ("encode_mb", "decode_mb")]
    return " | ".join(["|", label, *cells, "|"]).replace("| |", "|").strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("codecs", nargs="*", help=f"of {', '.join(SETTINGS)}; by default all")
    parser.add_argument("--size", type=int, nargs=2, default=(768, 1024), metavar=("H", "W"))
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        try:
            print(json.dumps(child(asked.child, asked.threads[0], asked.rounds, asked.size)))
        except UserError as error:
            sys.exit(str(error))
        return
    if unknown := set(asked.codecs) - set(SETTINGS):
        parser.error(f"unknown codecs {sorted(unknown)}; choose from {', '.join(SETTINGS)}")
    columns = [f"{way}, {n} thr." for way in ("encode", "decode") for n in asked.threads]
    columns += ["encode, CPU s/Mpixel", "decode, CPU s/Mpixel", "encode, MB", "decode, MB"]
    print("| codec |", " | ".join(columns), "|")
    print("|---" * (len(columns) + 1) + "|")
    for label in asked.codecs or SETTINGS:
        print(row(label, asked), flush=True)


if __name__ == "__main__":
    main()
