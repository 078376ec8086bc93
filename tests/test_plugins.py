"""A package of somebody else, installed beside this one: its codec and metric are here by name."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULE = """
import zlib
from typing import Annotated

import numpy as np

from promic_nb.codecs.base import BitstreamError, RateControl, check_image
from promic_nb.core.fields import whole
from promic_nb.metrics.metric import Metric, with_peak


class Deflate:
    name, rate_control = "deflate", RateControl("bits", 1, 8)

    def __init__(self, bits: Annotated[int, whole(1, 8)] = 5):
        self.shift, self.setting = 8 - bits, f"bits={bits}"

    @property
    def command(self):
        return f"zlib.compress(samples >> {self.shift})"

    def version(self):
        return f"zlib {zlib.ZLIB_VERSION}"

    def encode(self, image):
        height, width = check_image(image).shape
        size = np.array([height, width], "<u4").tobytes()
        return size + zlib.compress((image >> self.shift).tobytes())

    def decode(self, stream):
        try:
            height, width = np.frombuffer(stream[:8], "<u4")
            samples = np.frombuffer(zlib.decompress(stream[8:]), np.uint8)
            return (samples << self.shift).reshape(height, width)
        except (ValueError, zlib.error) as error:
            raise BitstreamError(f"no deflate stream ({error})", "Encode again") from error

    def overhead(self, stream):
        return 8


class Liar(Deflate):
    name = "liar"

    def decode(self, stream):
        return super().decode(stream).astype(float)


def mae(reference, distorted, peak):
    return float(np.abs(reference - distorted).mean() / peak)


MAE = Metric(with_peak(mae), "MAE", higher_is_better=False, identical=0.0)
"""
ENTRY_POINTS = """[promic_nb.codecs]
deflate = foreign:Deflate
liar = foreign:Liar
gone = foreign:Gone

[promic_nb.metrics]
mae = foreign:MAE
"""
BENCHMARK = """
import json, sys
import numpy as np
from promic_nb import codecs
from promic_nb.codecs.measure import benchmark
image = np.add.outer(np.arange(64), np.arange(96)).astype(np.uint8)
rows = benchmark(sys.argv[1], [{"bits": 3}, {"target_bpp": [1.0]}], [0], lambda i: image,
                 ["psnr", "mae"], progress=False)
print(rows.to_json(orient="records"))
"""


@pytest.fixture(scope="module")
def foreign(tmp_path_factory):
    """Run Python where the package is installed."""
    place = tmp_path_factory.mktemp("site")
    (place / "foreign.py").write_text(MODULE)
    about = place / "foreign-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: foreign\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(ENTRY_POINTS)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(place)])}

    def run(*arguments: str) -> subprocess.CompletedProcess:
        command = [sys.executable, *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=env, check=False)

    return run


def test_its_codec_is_benchmarked_with_its_metric(foreign):
    done = foreign("-c", BENCHMARK, "deflate")
    assert not done.returncode, done.stderr
    rows = json.loads(done.stdout)
    assert [(r["setting"], r["metric"]) for r in rows] == [
        ("bits=3", "psnr"),
        ("bits=3", "mae"),
        ("target 1 bpp", "psnr"),
        ("target 1 bpp", "mae"),
    ]
    assert all(r["codec"] == "deflate" and r["bytes"] > 8 for r in rows)
    assert all(r["value"] is not None and not r["reason"] for r in rows)
    assert 20 < rows[0]["value"] < 40 and 0 < rows[1]["value"] < 0.1  # 5 bits of 8 are lost
    assert rows[2]["found"].startswith("bits=")


def test_it_passes_the_contract_tests(foreign):
    code = "import foreign; from promic_nb.testing import check_codec, check_metric; "
    done = foreign("-c", f"{code} check_codec(foreign.Deflate); check_metric(foreign.MAE)")
    assert not done.returncode, done.stderr


def test_a_broken_one_is_named_in_one_line(foreign):
    last = foreign("-c", BENCHMARK, "liar").stderr.strip().splitlines()[-1]
    assert "codec 'liar' breaks its contract: decode returns float64 (64, 64) for an image" in last
    assert last.endswith("Its author can find the cause with promic_nb.testing.check_codec")


def test_the_command_line_lists_it_and_what_is_wrong_with_others(foreign):
    done = foreign("-c", "from promic_nb.cli.main import main; main()", "codecs", "--json")
    assert not done.returncode, done.stderr
    entries = {e["codec"]: e for e in json.loads(done.stdout)}
    assert entries["deflate"]["available"] and entries["deflate"]["version"].startswith("zlib 1")
    assert entries["deflate"]["encoder"] == "zlib.compress(samples >> 3)"
    assert entries["deflate"]["settings"]["bits"]["choices"] == "a whole number from 1 to 8"
    assert not entries["gone"]["available"] and "foreign:Gone" in entries["gone"]["missing"]
    assert "jpeg" in entries


def test_it_can_be_named_in_a_profile_and_a_notebook(foreign):
    code = (
        "from pathlib import Path; from promic_nb.notebook.parameters import validate; "
        f"page = Path({str(ROOT)!r}) / 'notebooks' / '03_codec_benchmark.ipynb'; "
        "print(validate(page, {'codec': 'deflate', 'metrics': ['mae']})['codec'])"
    )
    done = foreign("-c", code)
    assert done.stdout.strip() == "deflate", done.stderr
