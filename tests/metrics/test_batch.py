"""The table of many pairs: order, reasons, both ways of running, and going on after a kill."""

import json

import numpy as np
import pytest

from promic_nb.errors import UserError
from promic_nb.metrics import batch, compute, compute_table

RNG = np.random.default_rng(5)
IMAGES = RNG.integers(0, 256, (4, 70, 80), dtype=np.uint8)
PAIRS = [
    ({"slice": i, "codec": "none"}, image, np.roll(image, 1, 0)) for i, image in enumerate(IMAGES)
]
NAMES = ["psnr", "psnr_hvs", "ssim"]


def table(pairs=PAIRS, names=NAMES, **options):
    return compute_table(pairs, names, **{"workers": 1, "progress": False, **options})


def test_rows_are_those_of_compute_in_order():
    result = table(front_end="8bit")
    assert list(result.columns) == ["slice", "codec", "metric", "value", "reason"]
    assert list(zip(result.slice, result.metric, strict=True)) == [
        (i, m) for i in range(4) for m in NAMES
    ]
    expected = [v for _, a, b in PAIRS for v in compute(a, b, NAMES, front_end="8bit").values()]
    assert result.value.tolist() == expected
    assert (result.reason == "").all()


def test_processes_give_the_same():
    assert table(workers=2).equals(table())


def test_a_generator_is_read_as_needed():
    """No more than one pair waits where one process runs."""
    alive = []

    def pairs():
        for label, a, b in PAIRS:
            alive.append(label["slice"])
            yield label, a, b

    seen = []
    original = batch._measure
    try:
        batch._measure = lambda *args: (seen.append(len(alive)), original(*args))[1]
        table(pairs())
    finally:
        batch._measure = original
    assert seen == [1, 2, 3, 4]


def test_a_missing_value_has_a_reason():
    label, a, b = PAIRS[0]
    pairs = [
        (label, a, b),
        ({"slice": 9, "codec": "none"}, a, b[:-1]),
        ({"slice": 10, "codec": "none"}, np.zeros_like(a), b),
    ]
    result = table(pairs, ["psnr", "ms_ssim", "vif"])
    assert (result.value.isna() == (result.reason != "")).all()
    reasons = result.set_index(["slice", "metric"]).reason
    assert "ms_ssim: an image is (70, 80)" in reasons[0, "ms_ssim"]
    assert "(69, 80)" in reasons[9, "psnr"]
    assert "flat" in reasons[10, "vif"]
    assert reasons[10, "psnr"] == ""


def test_a_killed_run_resumes(tmp_path, monkeypatch):
    cache = tmp_path / "runs" / "quality.jsonl"
    calls = []
    measure = batch._measure
    monkeypatch.setattr(batch, "_measure", lambda *args: (calls.append(1), measure(*args))[1])

    def stops():
        yield from PAIRS[:2]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        table(stops(), cache=cache)
    assert len(calls) == 2
    cache.write_text(cache.read_text()[:-7])  # the second line was cut short
    result = table(cache=cache)
    assert len(calls) == 2 + 3
    assert result.equals(table())
    calls.clear()
    assert table(cache=cache).equals(result)
    assert not calls


@pytest.mark.parametrize("change", ["names", "front_end", "image", "label", "source"])
def test_the_cache_of_another_computation_is_not_used(tmp_path, monkeypatch, change):
    cache = tmp_path / "quality.jsonl"
    table(PAIRS[:1], cache=cache)
    label, a, b = PAIRS[0]
    pairs, names, options = PAIRS[:1], NAMES, {}
    if change == "names":
        names = ["psnr"]
    elif change == "front_end":
        options = {"front_end": "8bit"}
    elif change == "image":
        pairs = [(label, a, np.roll(b, 1, 1))]
    elif change == "label":
        pairs = [({**label, "codec": "other"}, a, b)]
    else:
        monkeypatch.setattr(batch, "_source", lambda: "changed")
    table(pairs, names, cache=cache, **options)
    assert len([json.loads(line) for line in cache.read_text().split("\n") if line]) == 2


@pytest.mark.parametrize(
    ("pairs", "names", "message"),
    [
        (PAIRS, ["psnrr"], "psnrr"),
        ([({"metric": 1}, IMAGES[0], IMAGES[1])], ["psnr"], "labels"),
    ],
)
def test_invalid_input_is_refused_before_computing(pairs, names, message):
    with pytest.raises(UserError, match=message):
        table(pairs, names)


def test_no_pairs_give_an_empty_table():
    assert list(table([]).columns) == ["metric", "value", "reason"]
