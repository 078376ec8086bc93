"""Each metric against the programs of others: the table of notebook 09, and its images."""

import hashlib

import pytest

from promic_nb.metrics import METRICS
from promic_nb.metrics.conformance import PAIRS, conformance_table, pair, references

DIGESTS = {
    "cell-posterize": ["dc464a59c683", "589cc3761c33"],
    "camera-blur": ["5cb24482a534", "fd0d3aedec94"],
    "coins-noise": ["e080cc03805f", "f56c0e5e2e7a"],
    "astronaut-blocks": ["a8c429c18afa", "c0308095ee2c"],
}


@pytest.fixture(scope="module")
def table():
    return conformance_table()


@pytest.mark.parametrize("metric", METRICS)
def test_every_value_is_within_tolerance(table, metric):
    rows = table[table.metric == metric]
    assert len(rows) >= 3
    assert rows.ok.all(), rows[~rows.ok].to_string()


def test_detection_and_bjontegaard_are_within_tolerance(table):
    rows = table[~table.metric.isin(list(METRICS))]
    assert set(rows.metric) == {"AP50 (coco101)", "AP50 (voc11)", "BD-rate"}
    assert rows.ok.all(), rows[~rows.ok].to_string()


def test_a_wrong_metric_would_be_detected(monkeypatch):
    """The table computes what it says: another value in the data is an error in the table."""
    data = references()
    data["values"] = [
        {**entry, "value": entry["value"] * 1.01}
        for entry in data["values"]
        if entry["image"] == "coins-noise"
    ]
    monkeypatch.setattr("promic_nb.metrics.conformance.references", lambda: data)
    table = conformance_table()
    quality = table[table.image == "coins-noise"]
    assert len(quality) == 10
    assert not quality.ok.any()


def test_references_are_independent():
    """No library is its own reference, every source is explained, and the tolerances are those that
    the project promised.
    """
    own = {"ssim": "skimage", "ms_ssim": "pytorch_msssim", "fsim": "piq"}
    data = references()
    for entry in data["values"]:
        assert entry["source"] in data["sources"]
        assert own.get(entry["metric"]) != entry["source"]
    assert {unit: most for unit, most in data["tolerances"].values() if unit != "relative"} == {
        "dB": 0.001,
        "points": 0.01,
    }
    assert data["tolerances"]["ms_ssim"] == ["relative", 2e-5]
    assert max(most for unit, most in data["tolerances"].values() if unit == "relative") == 1e-4


@pytest.mark.parametrize("name", PAIRS)
def test_the_images_are_the_same_everywhere(name):
    assert [hashlib.sha256(x.tobytes()).hexdigest()[:12] for x in pair(name)] == DIGESTS[name]
