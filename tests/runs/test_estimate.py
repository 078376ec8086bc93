"""What a run is expected to cost."""

import io
import json
import math
from pathlib import Path

import own_stacks
import pytest
import yaml
from rich.console import Console

from promic_nb.cli.screens.plan import screen
from promic_nb.datasets.own.discover import init_stack
from promic_nb.errors import UserError
from promic_nb.runs.dry_run import PlannedJob, all_parameters, dry_run, parse
from promic_nb.runs.estimate import estimate, setting_of
from promic_nb.runs.layout import RunFolder
from promic_nb.runs.measure import measure
from promic_nb.runs.throughput import Throughput, read_throughput
from promic_nb.runs.work import AMOUNTS, Setting
from promic_nb.runs.workflow import Workflow

ROOT = Path(__file__).parents[2]
STACK = Setting({"train": 10, "val": 5, "test": 7}, (500, 1000))  # half a megapixel each
BY_HAND = {"00_quickstart", "02_train_codec", "22_search"}  # no rule runs these


@pytest.fixture(autouse=True)
def in_the_project(monkeypatch, project):
    monkeypatch.setenv("PROMIC_ROOT", str(project))


def test_jobs_are_parsed_from_snakemakes_output():
    text = """
rule benchmark:
    input: notebooks/03_codec_benchmark.ipynb
    jobid: 4
    resources: tmpdir=/tmp, runtime=60, mem_mb=3000, mem=3 GB
Shell command: papermill notebooks/03_codec_benchmark.ipynb out.ipynb \
-y '{codec: hevc, data: '"'"'a b'"'"'}' > log 2>&1

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
        # (5 + 4 + 5) slices, those to train in four views: 29 of half a megapixel
        (
            "05_latents",
            {"train_every": 2, "test_every": 2, "val_every": 1, "augmentation": "encoded"},
            "jpegai_bop_off",
            14.5,
        ),
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
        # D trains nothing, and is measured on 5 validation slices and every second of 7 others
        (
            "07_train_detector",
            {
                "recipe": "D",
                "steps": 10,
                "crop": 0.5,
                "tested": ["val", "test"],
                "test_every": 2,
                "val_every": 1,
                "solver": {},
            },
            "small/latent",
            (5 + 4) * 0.5 / 3,
        ),
        ("01_dataset", {"every": 4}, "", (3 + 2 + 2) * 0.5),
        # 2 steps of 3 pictures of 64^2 for 2 networks of 16 channels; 5 codec steps of 300 pixels
        (
            "14_latent_learning_train",
            {
                "steps": 2,
                "batch": 3,
                "sides": [64, 64],
                "networks": ["resnet41", "mobilenetv2_45"],
                "width": 0.25,
                "codec_steps": 5,
                "codec_width": 300,
            },
            "",
            5 * 9 + 2 * 3 * 2 * 2 * 64**2 / 1e6 * 4,
        ),
        # two rates crossed: 4 pairs of 3 slices
        (
            "20_cross_rate",
            {"models": {"a": "", "b": ""}, "latents": {"a": "", "b": ""}, "every": 3},
            "",
            4 * 3 * 0.5,
        ),
        ("10_complexity", {"timed_height": 512, "timed_width": 768}, "512x768", 1),
        ("04_rate_distortion", {}, "", 1),
    ],
)
def test_work_grows_with_pixels(notebook, values, key, units):
    work = AMOUNTS[notebook](all_parameters(notebook, values), STACK)
    assert work.key == key and work.units == pytest.approx(units)


def test_every_notebook_of_the_workflow_has_an_amount_of_work():
    """A new notebook without an entry in runs/work.py would be reported as not estimated."""
    assert AMOUNTS.keys() | BY_HAND == {p.stem for p in (ROOT / "notebooks").glob("*.ipynb")}


def shown(renderable) -> str:
    console = Console(width=200, file=io.StringIO())
    console.print(renderable)
    return console.file.getvalue()


def test_an_estimate_adds_up_and_names_what_was_not_measured():
    known = {"06_guided_translator": {"seconds": {"small": 2.0}, "disk_mb": {"small": 500.0}}}
    throughput = Throughput("m", "o", 10.0, known)
    values = all_parameters(
        "06_guided_translator", {"steps": 1000, "batch": 1, "crop": 64}
    )  # 4.096 megapixels
    jobs = [
        *[PlannedJob("guided_translator", 3000, "06_guided_translator", values)] * 3,
        PlannedJob("conformance", 100, "09_conformance", all_parameters("09_conformance", {})),
        PlannedJob("new", 100, "99_new_page", {}),
        PlannedJob("report", 100),
    ]
    guided, other, new, report = estimate(jobs, throughput, STACK).itertuples()
    assert (guided.jobs, guided.memory_mb, guided.disk_gb, guided.guessed) == (3, 3000, 1.5, "")
    assert math.isnan(new.hours) and (new.guessed, new.not_estimated) == ("", "99_new_page")
    assert (report.hours, report.disk_gb, report.not_estimated) == (0, 0, "")
    assert guided.hours == pytest.approx(
        3 * (10 + 2 * 4.096) / 3600
    ) and guided.longest_h == pytest.approx(guided.hours / 3)
    assert math.isnan(other.hours) and other.guessed == "09_conformance"  # nothing is made up
    text = shown(screen(estimate(jobs, throughput, STACK), "quick/phantom", throughput))
    assert "Not measured (?, or the mean of similar jobs): 09_conformance." in text
    assert "Not estimated: 99_new_page" in text and "at least" in text


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


def test_the_throughput_of_a_run_predicts_that_run(tmp_path, monkeypatch):
    """What was measured comes out again: 8 seconds of start, and 3 seconds a megapixel."""
    monkeypatch.setattr("promic_nb.runs.measure.disk_needs", lambda _: {})  # three dry runs
    run = RunFolder("quick", "phantom", tmp_path)
    (notebooks := run.notebooks).mkdir(parents=True)
    executed(notebooks, "09_conformance", "09_conformance", 8.0, {})
    for i, steps in enumerate((100, 200)):
        values = {"steps": steps, "batch": 1, "crop": 64, "folder": ""}
        executed(notebooks, f"06-{i}", "06_guided_translator", 8.0 + 3 * steps * 0.004096, values)
    (tmp_path / "throughput.yaml").write_text(measure([run]).as_yaml())
    throughput = read_throughput(tmp_path / "throughput.yaml")
    known = throughput.throughput["06_guided_translator"]["seconds"]
    assert throughput.start == 8.0 and known["small"] == pytest.approx(3, rel=0.01)
    job = PlannedJob(
        "g",
        1,
        "06_guided_translator",
        all_parameters("06_guided_translator", {"steps": 1000, "batch": 1, "crop": 64}),
    )
    assert estimate([job], throughput, STACK).hours.sum() == pytest.approx(
        (8 + 3 * 4.096) / 3600, rel=0.01
    )


def test_the_shipped_throughput_says_where_it_is_from():
    found = read_throughput()
    assert found.machine and found.origin and found.start > 0
    assert set(found.disk_gb) <= {p.stem for p in (ROOT / "config").glob("*.yaml")}
    assert found.throughput.keys() <= AMOUNTS.keys()


@pytest.mark.parametrize("text", ["- a list", "machine: m\nrates: {}", "machine: [", ""])
def test_a_file_that_is_not_a_throughput_table_is_refused(tmp_path, text):
    (file := tmp_path / "other.yaml").write_text(text)
    with pytest.raises(
        UserError, match=r"other.yaml is not a table of throughput .*promic measure"
    ):
        read_throughput(file)


def test_slice_counts_come_from_the_run_or_else_from_the_publication(tmp_path):
    run = RunFolder("quick", "lucchi", tmp_path)
    jobs = [("07_train_detector", {"config": "resnet50"})]
    published = Setting({"train": 125, "val": 40, "test": 165}, (768, 1024), "resnet50")
    assert setting_of(run, jobs) == published
    run.path.mkdir(parents=True)
    run.data.write_text(json.dumps({"slices": {"train": 9, "test": 8}, "size": [64, 128]}))
    assert setting_of(run, []) == Setting({"train": 9, "test": 8}, (64, 128), "small")
    with pytest.raises(UserError, match=r"size of data set 'mine' is not known.*promic data mine"):
        setting_of(RunFolder("quick", "mine", tmp_path), [])


def test_the_paper_profile_is_planned_by_snakemake():
    """46 models: the original, and nine at each of five rates; a translator with and without LRB at
    each.
    """
    jobs = dry_run(Workflow([ROOT / "config" / "paper.yaml"]), again=True)
    rules = [j.rule for j in jobs]
    assert rules.count("model") == 46 and rules.count("guided_translator") == 10
    assert rules.count("benchmark") == len(
        yaml.safe_load((ROOT / "config" / "paper.yaml").read_text())["benchmark"]["codecs"]
    )
    assert all(j.memory_mb > 0 for j in jobs if j.notebook)


def test_an_own_stack_is_counted_before_its_first_run(tmp_path):
    folder = own_stacks.folder_of_pngs(tmp_path / "mine")
    init_stack(folder)
    jobs = [("10_complexity", {}), ("01_dataset", {"data": str(folder)})]
    found = setting_of(RunFolder("quick", "mine", tmp_path), jobs)
    assert found == Setting({"train": 6, "val": 2, "test": 2}, own_stacks.SIZE, "small")
