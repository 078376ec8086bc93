"""The short cut for a run in which nothing has changed."""

import os

import pytest

from promic_nb.runs.layout import RunFolder
from promic_nb.runs.unchanged import fingerprint, is_unchanged, note_unchanged
from promic_nb.runs.workflow import Workflow

OPTIONS = ["--cores", "2"]


@pytest.fixture
def run(tmp_path):
    """A project with a file in each place that counts, and a run on two data sets."""
    for name in (
        "Snakefile",
        "config/quick.yaml",
        "notebooks/01.ipynb",
        "data/weights/a.safetensors",
        "data/runs/quick/phantom/tables/ap.parquet",
        "data/runs/quick/lucchi/tables/benchmark_jpeg.parquet",
        "data/runs/quick/phantom/reproduce.log",
        "data/runs/quick/phantom/session.json",
        "data/runs/cpu/phantom/tables/ap.parquet",
        "figures/quick/phantom/a.png",
        "mine.yaml",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    return RunFolder("quick", "phantom", tmp_path)


def now(run: RunFolder, options: list[str] = OPTIONS, **values: str) -> str:
    return fingerprint(run, Workflow([run.root / "mine.yaml"], values), options)


def test_a_run_is_unchanged_until_it_is_noted_and_while_nothing_changes(run):
    before = now(run)
    assert not is_unchanged(run, before)
    note_unchanged(run, before)
    assert is_unchanged(run, now(run))


@pytest.mark.parametrize(
    "name",
    [
        "Snakefile",
        "config/quick.yaml",
        "notebooks/01.ipynb",
        "data/weights/a.safetensors",
        "data/runs/quick/phantom/tables/ap.parquet",
        "data/runs/quick/lucchi/tables/benchmark_jpeg.parquet",
        "figures/quick/phantom/a.png",
        "mine.yaml",
    ],
)
@pytest.mark.parametrize("how", ["touched", "longer", "removed"])
def test_any_change_of_a_file_counts(run, name, how):
    note_unchanged(run, now(run))
    file = run.root / name
    if how == "touched":
        os.utime(file, (1, 1))
    elif how == "longer":
        times = file.stat()
        file.write_text("xx")
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    else:
        file.unlink()
    assert not is_unchanged(run, now(run))


def test_a_new_file_other_options_and_other_values_count(run):
    note_unchanged(run, now(run))
    assert not is_unchanged(run, now(run, ["--cores", "2", "--forceall"]))
    assert not is_unchanged(run, now(run, only="report.html"))
    (run.root / "data/runs/quick/phantom/tables/new.parquet").touch()
    assert not is_unchanged(run, now(run))


@pytest.mark.parametrize("name", ["quick/phantom/reproduce.log", "cpu/phantom/tables/ap.parquet"])
def test_logs_and_runs_of_other_profiles_do_not_count(run, name):
    note_unchanged(run, now(run))
    (run.root / "data" / "runs" / name).write_text("longer")
    assert is_unchanged(run, now(run))


def test_the_code_of_the_package_counts(run, monkeypatch, tmp_path_factory):
    package = tmp_path_factory.mktemp("package")
    (package / "codecs").mkdir()
    (package / "codecs" / "jpeg.py").write_text("a = 1\n")
    monkeypatch.setattr("promic_nb.runs.unchanged.PACKAGE", package)
    note_unchanged(run, now(run))
    (package / "codecs" / "__pycache__").mkdir()
    (package / "codecs" / "__pycache__" / "jpeg.pyc").touch()
    assert is_unchanged(run, now(run))
    (package / "codecs" / "jpeg.py").write_text("a = 12\n")
    assert not is_unchanged(run, now(run))
