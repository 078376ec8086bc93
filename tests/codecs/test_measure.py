"""The benchmark's table: what a row says, and that a run which was killed goes on with what still
holds.
"""

import json
import os
import time

import numpy as np
import pytest

from promic_nb import codecs
from promic_nb.codecs import bpp, measure
from promic_nb.codecs.measure import benchmark
from promic_nb.errors import UserError

RNG = np.random.default_rng(3)
IMAGES = [np.clip(RNG.normal(128, 30, (96, 80)), 0, 255).astype(np.uint8) for _ in range(3)]
SETTINGS = [{"quality": 20}, {"target_bpp": [2.0]}]


def table(settings=SETTINGS, name="jpeg", images=IMAGES, metrics=("psnr",), **options):
    return benchmark(
        name,
        settings,
        list(range(len(images))),
        lambda i: images[i],
        list(metrics),
        progress=False,
        **options,
    )


def test_rows_say_what_was_measured():
    rows = table(metrics=("psnr", "nlpd", "ms_ssim"))
    assert len(rows) == 2 * 3 * 3
    assert set(rows.setting) == {"q=20", "target 2 bpp"}
    for row in rows.query("setting == 'q=20'").itertuples():
        codec = codecs.get("jpeg", quality=20)
        stream = codec.encode(IMAGES[row.slice])
        assert (row.bytes, row.overhead_bytes, row.bpp) == (
            len(stream),
            codec.overhead(stream),
            bpp(stream, (96, 80)),
        )
        assert row.met and np.isnan(row.target_bpp) and row.found == "q=20"
    aimed = rows.query("setting == 'target 2 bpp'")
    assert (
        aimed.met.all()
        and aimed.bpp.between(1.8, 2.1).all()
        and aimed.found.str.startswith("q=").all()
    )
    assert (rows.query("metric == 'ms_ssim'").reason != "").all()  # images are too small for it
    assert rows.query("metric != 'ms_ssim'").value.notna().all()


@pytest.fixture
def coded(monkeypatch):
    """Which images were coded, in order."""
    seen = []
    original = measure.measure
    monkeypatch.setattr(
        measure, "measure", lambda codec, image: (seen.append(len(seen)), original(codec, image))[1]
    )
    return seen


def test_a_killed_run_resumes(tmp_path, coded, monkeypatch):
    cache = tmp_path / "run" / "benchmark.cache"
    calls = iter(range(4))

    def image(i):
        if next(calls, None) is None:
            raise KeyboardInterrupt
        return IMAGES[i]

    with pytest.raises(KeyboardInterrupt):
        benchmark("jpeg", SETTINGS, [0, 1, 2], image, ["psnr"], cache, progress=False)
    assert len(coded) == 4
    cache.write_text(cache.read_text()[:-9])  # the fourth line was cut short
    whole = table(cache=cache)
    assert len(coded) == 4 + 3
    assert table(cache=cache).equals(whole) and len(coded) == 7
    timeless = ["encode_s", "decode_s", "encode_mb", "decode_mb"]
    assert whole.drop(columns=timeless).equals(table().drop(columns=timeless))


@pytest.mark.parametrize("change", ["image", "setting", "metrics", "source", "version", "threads"])
def test_results_with_other_inputs_are_not_reused(tmp_path, coded, monkeypatch, change):
    cache, images = tmp_path / "benchmark.cache", IMAGES[:1]
    table([{"quality": 20}], images=images, cache=cache, threads=1)
    options = {"settings": [{"quality": 20}], "images": images, "metrics": ("psnr",), "threads": 1}
    if change == "image":
        options["images"] = [images[0] ^ (np.arange(80) == 0)]
    elif change == "setting":
        options["settings"] = [{"quality": 21}]
    elif change == "metrics":
        options["metrics"] = ("psnr", "nlpd")
    elif change == "threads":
        options["threads"] = 2
    else:
        monkeypatch.setattr(
            measure, f"_{change}s" if change == "version" else f"_{change}", lambda *_: "other"
        )
    table(cache=cache, **options)
    assert len(coded) == 2


def test_memory_and_time_are_those_of_the_block():
    with measure._clock() as cost:
        held = np.ones(40_000_000, np.uint8)
        time.sleep(0.05)
    assert 38 < cost["mb"] < 60
    assert 0.05 <= cost["s"] < 5
    del held


def test_the_memory_of_child_processes_counts():
    import subprocess
    import sys

    with measure._clock() as cost:
        subprocess.run(
            [sys.executable, "-c", "import time; x = b'1' * 80_000_000; time.sleep(0.3)"],
            check=True,
        )
    assert 80 < cost["mb"] < 160


def test_a_child_that_has_not_started_its_program_holds_nothing():
    """A fork shares its parent's pages until it starts a program, which can take a while."""
    held = np.ones(200_000_000, np.uint8)
    with measure._clock() as cost:
        child = os.fork()
        if child == 0:
            time.sleep(0.3)
            os._exit(0)
        os.waitpid(child, 0)
    assert cost["mb"] < 60 and held[0] == 1


def test_a_mistake_stops_before_anything_is_coded(coded):
    with pytest.raises(UserError, match="'quality' is 0"):
        table([{"quality": 20}, {"quality": 0}])
    assert not coded


def test_the_cache_is_lines_of_json(tmp_path):
    table(SETTINGS[:1], cache=tmp_path / "cache")
    lines = [json.loads(line) for line in (tmp_path / "cache").read_text().splitlines() if line]
    assert len(lines) == 3 and all(set(line) == {"key", "value"} for line in lines)
