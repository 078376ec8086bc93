"""The package's own metrics beside the libraries that have them, on one pair of 768x1024, one
thread.

    OMP_NUM_THREADS=1 pytest tests/benchmarks/test_metrics_speed.py --benchmark-columns=min,median
    --benchmark-sort=name

IQA_pytorch takes part where it can be imported. `test_all_eleven` prints seconds and peak memory of
`compute` in a fresh process (Linux).
"""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from promic_nb.metrics import METRICS, compute
from promic_nb.metrics.front_end import frame

CODE = """
import json, sys, time
import numpy as np, torch
torch.set_num_threads(1)
from promic_nb.metrics import compute
a, b = np.load(sys.argv[1])
compute(a[:200, :200], b[:200, :200])  # imports
def timed():
    start = time.perf_counter()
    compute(a, b)
    return time.perf_counter() - start
seconds = min(timed() for _ in range(3))
# The peak from the kernel's own count: getrusage's includes the process that started this one.
peak = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps([seconds, peak * 1024 / 1e9]))
"""


def pair() -> tuple[np.ndarray, np.ndarray]:
    """A texture of the size of a Lucchi slice, and a noisy, blurred copy: uint8."""
    rng = np.random.default_rng(7)
    image = gaussian_filter(rng.normal(size=(768, 1024)), 2)
    image = 128 + 40 * image / image.std()
    other = gaussian_filter(image, 1) + rng.normal(0, 4, image.shape)
    return tuple(np.clip(np.round(x), 0, 255).astype(np.uint8) for x in (image, other))


def tensors(peak: float, dtype: torch.dtype) -> list[torch.Tensor]:
    """Distorted, then reference luma, (1, 1, H, W) in 0..peak."""
    return [torch.from_numpy(frame(x).scaled(peak))[None, None].to(dtype) for x in reversed(pair())]


def piq_function(name: str, dtype: torch.dtype):
    import piq

    x = tensors(1, dtype)
    return lambda: getattr(piq, name)(*x, data_range=1.0)


def torchmetrics_vif():
    from torchmetrics.functional.image import visual_information_fidelity

    x = tensors(255, torch.float32)
    return lambda: visual_information_fidelity(*x)


def iqa_pytorch(name: str):
    iqa = pytest.importorskip("IQA_pytorch")
    x = tensors(1, torch.float32)
    model = getattr(iqa, name)(channels=1)
    return lambda: model(*x, as_loss=False)


OTHERS = {
    "iw_ssim": {
        "piq float64": lambda: piq_function("information_weighted_ssim", torch.float64),
        "piq float32": lambda: piq_function("information_weighted_ssim", torch.float32),
    },
    "vif": {
        "piq float32": lambda: piq_function("vif_p", torch.float32),
        "torchmetrics float32": torchmetrics_vif,
        "IQA_pytorch float32": lambda: iqa_pytorch("VIFs"),
    },
    "nlpd": {"IQA_pytorch float32": lambda: iqa_pytorch("NLPD")},
    "vif_wavelet": {},  # IQA_pytorch's calls a function that PyTorch no longer has
    "psnr_hvs": {},
    "psnr_hvs_m": {},
}


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.mark.parametrize(
    ("metric", "library"),
    [(m, lib) for m, others in OTHERS.items() for lib in ("promic_nb", *others)],
)
def test_speed(benchmark, metric, library):
    if library == "promic_nb":
        a, b = (frame(x) for x in pair())
        function = lambda: METRICS[metric].function(a, b)  # noqa: E731
    else:
        function = OTHERS[metric][library]()
    benchmark.group = metric
    assert np.isfinite(float(benchmark.pedantic(function, rounds=5, warmup_rounds=1)))


@pytest.mark.parametrize("metric", METRICS)
def test_compute(benchmark, metric):
    """Each metric as a user calls it: front end included."""
    a, b = pair()
    benchmark.group = "compute"
    assert np.isfinite(
        benchmark.pedantic(compute, (a, b, [metric]), rounds=3, warmup_rounds=1)[metric]
    )


def test_all_eleven(tmp_path, capsys):
    np.save(tmp_path / "pair.npy", np.stack(pair()))
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(tmp_path / "pair.npy")],
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, gigabytes = json.loads(done.stdout)
    with capsys.disabled():
        print(f"\nall eleven on one 768x1024 pair: {seconds:.2f} s, peak memory {gigabytes:.2f} GB")
    assert gigabytes < 1.5
