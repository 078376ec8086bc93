"""What a run is expected to cost."""

import json
import math
from pathlib import Path

import pytest
import yaml

from promic_nb.runs.estimate import (
    Job,
    amount,
    dry_run,
    estimate,
    everything,
    measure,
    parse,
    read_rates,
)

ROOT = Path(__file__).parents[2]
STACK = {"slices": {"train": 10, "val": 5, "test": 7}, "size": [500, 1000]}  # half a megapixel each


@pytest.fixture(autouse=True)
def in_the_project(monkeypatch):
    monkeypatch.setenv("PROMIC_ROOT", str(ROOT))


def test_jobs_are_read_from_snakemakes_words():
    text = """
rule benchmark:
    input: notebooks/03_codec_benchmark.ipynb
    jobid: 4
    resources: tmpdir=/tmp, runtime=60, mem_mb=3000, mem=3 GB
Shell command: papermill notebooks/03_codec_benchmark.ipynb out.ipynb -y '{codec: hevc, data: '"'"'a b'"'"'}' > log 2>&1

localrule report:
    input: x
Shell command: promic report run > log 2>&1

localrule all:
    input: report.html
"""
    first, second = parse(text)
    assert (first.rule, first.memory_mb, first.notebook) == (
        "benchmark",
        3000,
        "03_codec_benchmark",
    )
    assert (
        first.parameters["data"] == "a b"
        and first.parameters["codec"] == "hevc"
        and "metrics" in first.parameters
    )
    assert (second.rule, second.notebook) == ("report", "")


@pytest.mark.parametrize(
    ("notebook", "values", "key", "units"),
    [
        # 7 slices by 3 is 3 slices of 0.5 megapixels; one setting, and a search of 8 encodings for
        # each of 2 rates; 2 metrics
        (
            "03_codec_benchmark",
            {
                "codec": "hevc",
                "every": 3,
                "metrics": ["psnr", "vif"],
                "settings": [{"qp": 9}, {"target_bpp": [1, 2]}],
            },
            "hevc",
            51,
        ),
        # (5 + 4 + 5) slices
        ("05_latents", {"train_every": 2, "test_every": 2, "val_every": 1}, "jpegai_bop_off", 7),
        ("06_guided_translator", {"steps": 100, "batch": 4, "crop": 256}, "small", 26.2144),
        # crops: 10 x 2 x 0.5 x (1 + 0.5 + 0.25) / 3 megapixels; 7 test slices, and 5 for validation
        # twice, at a third
        (
            "07_train_detector",
            {
                "recipe": "ProMIC",
                "steps": 10,
                "crop": 0.5,
                "test_every": 1,
                "val_every": 1,
                "solver": {"eval_every": 5},
            },
            "small/latent",
            10 * 2 * 0.5 * 1.75 / 3 + (7 + 10) * 0.5 / 3,
        ),
        ("04_rate_distortion", {}, "", 1),
    ],
)
def test_work_grows_with_pixels(notebook, values, key, units):
    found = amount(notebook, everything(notebook, values), STACK, "small")
    assert found[0] == key and found[1] == pytest.approx(units)


def test_an_estimate_adds_up_and_names_what_was_not_measured():
    rates = {
        "start": 10.0,
        "rates": {"06_guided_translator": {"seconds": {"small": 2.0}, "disk_mb": {"small": 500.0}}},
    }
    values = everything(
        "06_guided_translator", {"steps": 1000, "batch": 1, "crop": 64}
    )  # 4.096 megapixels
    jobs = [Job("guided_translator", 3000, "06_guided_translator", values)] * 3 + [
        Job("conformance", 100, "09_conformance", everything("09_conformance", {}))
    ]
    guided, other = estimate(jobs, rates, STACK).itertuples()
    assert (guided.jobs, guided.memory_mb, guided.disk_gb, guided.guessed) == (3, 3000, 1.5, "")
    assert guided.hours == pytest.approx(
        3 * (10 + 2 * 4.096) / 3600
    ) and guided.longest_h == pytest.approx(guided.hours / 3)
    assert math.isnan(other.hours) and other.guessed == "09_conformance"  # nothing is made up


def executed(notebooks: Path, name: str, notebook: str, seconds: float, values: dict) -> None:
    about = {
        "input_path": f"notebooks/{notebook}.ipynb",
        "duration": seconds,
        "end_time": "2030-01-01T00:00:00",
        "parameters": values,
        "exception": None,
    }
    page = {"metadata": {"papermill": {**about, "parameters": values}}, "cells": []}
    (notebooks / f"{name}.ipynb").write_text(json.dumps(page))


def test_rates_of_a_run_predict_that_run(tmp_path, monkeypatch):
    """What was measured comes out again: 8 seconds of start, and 3 seconds a megapixel."""
    monkeypatch.setattr("promic_nb.runs.estimate._disk_needs", lambda _: {})  # three dry runs
    notebooks = tmp_path / "quick" / "phantom" / "notebooks"
    notebooks.mkdir(parents=True)
    executed(notebooks, "09_conformance", "09_conformance", 8.0, {})
    for i, steps in enumerate((100, 200)):
        values = {"steps": steps, "batch": 1, "crop": 64, "folder": ""}
        executed(notebooks, f"06-{i}", "06_guided_translator", 8.0 + 3 * steps * 0.004096, values)
    rates = measure([notebooks.parent])
    assert rates["start"] == 8.0 and rates["rates"]["06_guided_translator"]["seconds"][
        "small"
    ] == pytest.approx(3, rel=0.01)
    job = Job(
        "g",
        1,
        "06_guided_translator",
        everything("06_guided_translator", {"steps": 1000, "batch": 1, "crop": 64}),
    )
    assert estimate([job], rates, STACK).hours.sum() == pytest.approx(
        (8 + 3 * 4.096) / 3600, rel=0.01
    )


def test_the_shipped_rates_say_where_they_are_from():
    rates = read_rates()
    assert {"machine", "origin", "start", "rates", "disk_gb"} <= set(rates)
    assert set(rates["disk_gb"]) <= {p.stem for p in (ROOT / "config").glob("*.yaml")}
    assert bool(rates["rates"]) == (rates["machine"] != "none")


def test_the_paper_profile_is_planned_by_snakemake():
    """46 models: the original, and nine at each of five rates; a translator with and without LRB at
    each.
    """
    jobs, dataset = dry_run("paper", "", True, data="", dataset="", cells="")
    rules = [j.rule for j in jobs]
    assert (
        dataset == "lucchi"
        and rules.count("model") == 46
        and rules.count("guided_translator") == 10
    )
    assert rules.count("benchmark") == len(
        yaml.safe_load((ROOT / "config" / "paper.yaml").read_text())["benchmark"]["codecs"]
    )
    assert all(j.memory_mb > 0 for j in jobs if j.notebook)
