"""Throughput of every codec on one 768x1024 texture with one and with two cores, CompressAI's
mbt2018-mean beside ours, and large slices.

    pytest tests/benchmarks/test_codec_speed.py --benchmark-columns=min,median --benchmark-sort=name

`extra_info` (in --benchmark-json) and the printed lines have Mpixel/s. With two cores, a learned
codec has two threads for one image; a codec of one thread codes two images side by side.
mbt2018-mean has random weights, which cost the time of trained ones; its images are RGB, as its
networks are. `test_large_slice` prints seconds and peak memory (process and children) in a fresh
process.
"""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from promic_nb import codecs
from promic_nb.errors import UserError

# Settings near 0.25 bpp on micrographs; the encoder's own default effort.
SETTINGS = {
    "jpeg": {"quality": 10},
    "jpeg2000": {"bpp": 0.25},
    "jpegxl": {"distance": 5},
    "avif": {"quality": 30},
    "hevc": {"qp": 33},
    "vvc": {"qp": 37},
    "vvc faster": {"qp": 37, "preset": "faster"},
    **{
        name: {"gain": -420}
        for name in codecs.CODECS
        if name.startswith(("jpegai_bop", "jpegai_hop"))
    },
    "jpegai_vm33": {},
}
LARGE = """
import json, sys, time
import numpy as np, psutil, torch
torch.set_num_threads(int(sys.argv[3]))
from promic_nb import codecs
from promic_nb.codecs.measure import measure
tile = np.load(sys.argv[4])
image = np.tile(tile, (9, 7))[:6400, :6400].copy()
codec = codecs.get(sys.argv[1], **json.loads(sys.argv[2]))
codec.decode(codec.encode(image[:64, :64]))
base = psutil.Process().memory_info().rss / 1e6
coded = measure(codec, image)
assert coded.image.shape == (6400, 6400)
print(json.dumps([coded.encode_s, coded.decode_s, base + coded.encode_mb, base + coded.decode_mb]))
"""


def texture() -> np.ndarray:
    """A texture of the size of a Lucchi slice with fine noise, uint8 (768, 1024)."""
    rng = np.random.default_rng(7)
    image = gaussian_filter(rng.normal(size=(768, 1024)), 3)
    return np.clip(128 + 40 * image / image.std() + rng.normal(0, 6, image.shape), 0, 255).astype(
        np.uint8
    )


def codec_of(label: str):
    name = label.split()[0]
    try:
        return codecs.get(name, **SETTINGS[label])
    except UserError as error:
        pytest.skip(str(error))


def run(benchmark, group: str, work, images: int) -> None:
    """Time `work`, which codes so many images."""
    benchmark.group = group
    benchmark.pedantic(work, rounds=3, warmup_rounds=1)
    if benchmark.stats:  # absent with --benchmark-disable
        benchmark.extra_info["mpixel_s"] = images * 768 * 1024 / 1e6 / benchmark.stats.stats.min
        print(f"\n{group}, {benchmark.name}: {benchmark.extra_info['mpixel_s']:.2f} Mpixel/s")


def on_cores(label: str, cores: int, call, argument):
    """The call, as often as the cores allow, and how many images that is."""
    if label.startswith("jpegai"):
        torch.set_num_threads(cores)
        return lambda: call(argument), 1
    if cores == 1:
        return lambda: call(argument), 1
    pool = ThreadPoolExecutor(cores)
    return lambda: list(pool.map(call, [argument] * cores)), cores


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(1)


@pytest.mark.parametrize("cores", [1, 2])
@pytest.mark.parametrize("label", SETTINGS)
def test_encode(benchmark, label, cores):
    codec, image = codec_of(label), texture()
    run(benchmark, f"encode, {cores} cores", *on_cores(label, cores, codec.encode, image))


@pytest.mark.parametrize("cores", [1, 2])
@pytest.mark.parametrize("label", SETTINGS)
def test_decode(benchmark, label, cores):
    codec = codec_of(label)
    run(
        benchmark,
        f"decode, {cores} cores",
        *on_cores(label, cores, codec.decode, codec.encode(texture())),
    )


@pytest.fixture(scope="module")
def mbt2018_mean():
    """CompressAI's model at its quality 3 (of 8), and an image as it takes it: float (1, 3, H, W)
    in 0..1.
    """
    from compressai.zoo import mbt2018_mean

    torch.manual_seed(0)
    model = mbt2018_mean(quality=3, pretrained=False).eval()
    model.update()
    return model, torch.from_numpy(texture())[None, None].float().div(255).repeat(1, 3, 1, 1)


@pytest.mark.parametrize("cores", [1, 2])
def test_encode_compressai(benchmark, mbt2018_mean, cores):
    model, x = mbt2018_mean
    torch.set_num_threads(cores)
    with torch.inference_mode():
        run(benchmark, f"encode, {cores} cores", lambda: model.compress(x), 1)


@pytest.mark.parametrize("cores", [1, 2])
def test_decode_compressai(benchmark, mbt2018_mean, cores):
    model, x = mbt2018_mean
    torch.set_num_threads(cores)
    with torch.inference_mode():
        coded = model.compress(x)
        run(
            benchmark,
            f"decode, {cores} cores",
            lambda: model.decompress(coded["strings"], coded["shape"]),
            1,
        )


@pytest.mark.parametrize("label", [label for label in SETTINGS if label != "vvc"])
def test_large_slice(label, tmp_path, capsys):
    """6400x6400, with one thread, in less than 4 GB."""
    codec_of(label)
    np.save(tmp_path / "tile.npy", texture())
    arguments = [label.split()[0], json.dumps(SETTINGS[label]), "1", str(tmp_path / "tile.npy")]
    done = subprocess.run(
        [sys.executable, "-c", LARGE, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    encode_s, decode_s, encode_mb, decode_mb = json.loads(done.stdout.splitlines()[-1])
    with capsys.disabled():
        print(
            f"\n{label}, 6400x6400: encode {encode_s:.1f} s, {encode_mb:.0f} MB; "
            f"decode {decode_s:.1f} s, {decode_mb:.0f} MB"
        )
    assert max(encode_mb, decode_mb) < 4000
