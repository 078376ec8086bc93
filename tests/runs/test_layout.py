"""Where a run keeps what, with all paths written out."""

import ast
import os
import re
from pathlib import Path

import pytest

from promic_nb.errors import UserError
from promic_nb.runs import layout
from promic_nb.runs.layout import RunFolder, all_runs, find_run

RUN = RunFolder("quick", "phantom")
PATHS = {
    "": RUN.path,
    "data.json": RUN.data,
    "report.html": RUN.report,
    "session.json": RUN.session,
    "reproduce.log": RUN.full_log,
    "up_to_date": RUN.up_to_date,
    "verdicts.parquet": RUN.verdicts,
    "tables/ap.parquet": RUN.table("ap"),
    "tables/benchmark_{codec}.parquet": RUN.table("benchmark_{codec}"),
    "notebooks/01_dataset.ipynb": RUN.notebook("01_dataset"),
    "logs/01_dataset.log": RUN.log("01_dataset"),
    "benchmarks/01_dataset.tsv": RUN.benchmark("01_dataset"),
    "latents/low": RUN.latents("low"),
    "latents/{rate}/train/signature.json": RUN.signature("{rate}", "train"),
    "models/original/pixels/seed0": RUN.model("original", "pixels", 0),
    "models/{recipe}/{rate}/seed{seed}": RUN.model("{recipe}", "{rate}", "{seed}"),
    "models/translator-lrb/low/seed0": RUN.translator("lrb", "low", 0),
    "models/translator-{lrb}/{rate}/seed{seed}": RUN.translator("{lrb}", "{rate}", "{seed}"),
    "extensions/masks/ProMIC/all/seed1": RUN.model("ProMIC", "all", 1, variant="masks"),
    "extensions/channels16/translator-lrb/low/seed0": RUN.translator(
        "lrb", "low", 0, variant="channels16"
    ),
    "search/ProMIC/low": RUN.search("ProMIC", "low"),
    "features/low/seed0": RUN.features("low", 0),
    "features/low/seed0/translator_alone": RUN.translator_alone("low", 0),
    "cross_rate/ProMIC/seed0": RUN.cross_rate("ProMIC", 0),
    "deblocking/cells/unet/mae/25/seed0": RUN.deblocking("unet", "mae", "25", 0, synthetic=False),
    "deblocking/phantom-cells/{network}/{loss}/{trained_on}/seed{seed}": RUN.deblocking(
        "{network}", "{loss}", "{trained_on}", "{seed}", synthetic=True
    ),
    "latent_learning/0.30": RUN.latent_learning("0.30"),
    "multitask": RUN.multitask,
    "models/A/low/seed0/model.safetensors": RUN.weights(RUN.model("A", "low", 0)),
    "models/A/low/seed0/ap.parquet": RUN.results(RUN.model("A", "low", 0)),
}


@pytest.mark.parametrize("expected", PATHS)
def test_every_path_is_the_expected_one(expected):
    assert PATHS[expected] == Path("data/runs/quick/phantom", expected)


def test_figures_are_beside_the_published_ones():
    assert RUN.figure("ap_all") == Path("figures/quick/phantom/ap_all.png")
    assert RUN.figures == Path("figures/quick/phantom")


def test_a_folder_names_its_run(tmp_path, monkeypatch):
    run = RunFolder("cpu", "lucchi", tmp_path)
    assert RunFolder.at(run.path) == run and run.name == "cpu/lucchi"
    assert run.path == tmp_path / "data" / "runs" / "cpu" / "lucchi"
    monkeypatch.chdir(tmp_path)
    assert RunFolder.at(Path("data/runs/cpu/lucchi")) == run
    with pytest.raises(UserError, match="cpu is not the folder of a run"):
        RunFolder.at(tmp_path / "data" / "runs" / "cpu")


def test_the_runs_folder_may_be_a_link_to_another_disk(tmp_path):
    (tmp_path / "disk" / "quick" / "phantom" / "tables").mkdir(parents=True)
    project = tmp_path / "project"
    (project / "data").mkdir(parents=True)
    (project / "data" / "runs").symlink_to(tmp_path / "disk")
    assert find_run(project) == find_run(project, "quick/phantom")
    assert find_run(project, "data/runs/quick/phantom") == RunFolder("quick", "phantom", project)


def test_signatures_are_found_by_rate(tmp_path):
    run = RunFolder("quick", "phantom", tmp_path)
    for rate, split in (("low", "train"), ("high", "train"), ("low", "test")):
        run.signature(rate, split).parent.mkdir(parents=True)
        run.signature(rate, split).touch()
    assert run.signatures("train") == {
        "high": run.path / "latents/high/train/signature.json",
        "low": run.path / "latents/low/train/signature.json",
    }
    assert run.signatures("val") == {}


def test_other_data_sets_of_a_profile_are_its_other_runs(tmp_path):
    for name in ("quick/phantom", "quick/lucchi", "quick/kasthuri", "cpu/lucchi"):
        (tmp_path / "data" / "runs" / name).mkdir(parents=True)
    others = RunFolder("quick", "phantom", tmp_path).others()
    assert [run.name for run in others] == ["quick/kasthuri", "quick/lucchi"]


def test_the_run_that_changed_last_is_the_default_and_each_marker_counts_by_itself(tmp_path):
    old, new = RunFolder("quick", "phantom", tmp_path), RunFolder("cpu", "lucchi", tmp_path)
    for run, time in ((old, 1000), (new, 2000)):
        run.tables.mkdir(parents=True)
        os.utime(run.tables, (time, time))
    old.session.touch()
    assert [run.name for run in all_runs(tmp_path)] == ["quick/phantom", "cpu/lucchi"]
    assert find_run(tmp_path) == new
    assert find_run(tmp_path, marker="session") == old
    with pytest.raises(UserError, match=r"no run 'cpu/lucchi'\. Runs: quick/phantom"):
        find_run(tmp_path, "cpu/lucchi", marker="session")


@pytest.fixture
def several(tmp_path):
    """A project with five runs."""
    names = ("quick", "quick+mine-3f9a", "quick+mine-0b12", "quick+my-own-77e1")
    for name in (*(f"{profile}/lucchi" for profile in names), "quick/phantom"):
        (tmp_path / "data" / "runs" / name / "tables").mkdir(parents=True)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "run"),
    [
        ("quick+my-own", "quick+my-own-77e1/lucchi"),
        ("quick+my-own/lucchi", "quick+my-own-77e1/lucchi"),
        ("quick+mine-3f9a", "quick+mine-3f9a/lucchi"),
        ("quick/lucchi", "quick/lucchi"),
        ("data/runs/quick+mine-0b12/lucchi", "quick+mine-0b12/lucchi"),
    ],
)
def test_hash_and_data_set_may_be_left_out_if_one_run_fits(several, name, run):
    assert find_run(several, name).name == run


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "quick+mine",
            "'quick.mine' stands for several runs. Choose one of: "
            "quick.mine-(3f9a|0b12)/lucchi, quick.mine-(3f9a|0b12)/lucchi",
        ),
        ("quick", "several runs.*quick/(lucchi|phantom), quick/(lucchi|phantom)$"),
        ("quick+my", "no run 'quick.my'. Runs: .*quick.my-own-77e1/lucchi"),
    ],
)
def test_a_name_that_fits_several_runs_or_none_is_refused(several, name, message):
    with pytest.raises(UserError, match=message):
        find_run(several, name)


def test_no_other_module_builds_paths_of_a_run():
    """Docstrings and comments aside, and the sentences of help texts and remedies."""
    package = Path(layout.__file__).parents[1]
    found = {
        f"{file.relative_to(package)}: {text}"
        for file in package.rglob("*.py")
        if file != Path(layout.__file__)
        for text in literals(file.read_text())
        if text == "runs" or re.search(r"(^|/)data/runs(/|$)", text)
    }
    assert not found


def literals(source: str) -> list[str]:
    """The strings of a module that may be parts of paths: no docstrings, nothing with a space."""
    tree = ast.parse(source)
    docstrings = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docstrings
        and " " not in node.value
    ]


def test_the_search_for_paths_finds_them():
    seen = literals('"""data/runs"""\nx = root / "data" / "runs"\ny = f"data/runs/{x}"  # runs')
    assert sorted(seen) == ["data", "data/runs/", "runs"]
