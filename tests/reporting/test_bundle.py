"""Deposits: what they hold, that they are valid RO-Crates, and what is refused."""

import hashlib
import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import pytest
import rocrate
from typer.testing import CliRunner

from promic_nb.claims import load_claims
from promic_nb.cli.main import app
from promic_nb.errors import UserError
from promic_nb.reporting.bundle import bundle
from promic_nb.reporting.crate import citation
from promic_nb.runs.layout import RunFolder
from promic_nb.runs.provenance import Run
from promic_nb.runs.status import note_session

PROJECT = Path(__file__).parents[2]
HELPERS = Path(__file__).parents[1] / "helpers"
# roc-validator needs an environment of its own; .ci/run makes it here.
VALIDATOR = PROJECT / ".venv" / "roc-validator" / "bin" / "python"
LOG = """Job stats:
job      count
-----  -------
all          1
model        1
total        2

[Sat Jan  1 00:00:00 2030]
rule model:
    output: c
    log: data/runs/quick/phantom/logs/07.log
    jobid: 1
Finished jobid: 1 (Rule: model)
1 of 2 steps (50%) done
"""
LAST = """[Sat Jan  1 00:00:00 2030]
localrule all:
    input: c
    jobid: 0
Finished jobid: 0 (Rule: all)
2 of 2 steps (100%) done
"""


def git(root: Path, *args: str) -> str:
    who = {
        f"GIT_{w}_{k}": v
        for w in ("AUTHOR", "COMMITTER")
        for k, v in {
            "NAME": "A",
            "EMAIL": "a@example.org",
            "DATE": "2026-02-03T04:05:06+01:00",
        }.items()
    }
    done = subprocess.run(
        ["git", "-C", root, *args],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, **who},
    )
    return done.stdout.strip()


def commit(root: Path) -> str:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "x")
    return git(root, "rev-parse", "HEAD")


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A project at a commit, with a finished run whose BD-AP is published."""
    root = tmp_path / "project"
    root.mkdir()
    for name in ("CITATION.cff", "LICENSE", "README.md", "requirements.lock", ".gitignore"):
        shutil.copy(PROJECT / name, root)
    (root / "data" / "weights").mkdir(parents=True)
    (root / "data" / "weights" / "codec.safetensors").write_bytes(b"weights")
    git(root, "init", "--quiet")
    monkeypatch.setenv("PROMIC_ROOT", str(root))
    first = commit(root)

    folder = RunFolder("quick", "phantom", root)
    log = root / ".snakemake" / "log" / "now.snakemake.log"
    log.parent.mkdir(parents=True)
    log.write_text(LOG + LAST)
    note_session(folder, str(log))
    run = Run("08_detection", {"profile": "quick", "dataset": "phantom"})
    run.upstream["data/runs/quick/phantom/models/A/low/seed0/model.safetensors"] = "0" * 64
    rows = [("ProMIC", "AP50", "linear", -0.51)]
    table = pd.DataFrame(rows, columns=["recipe", "metric", "domain", "bd_pp"])
    run.save_table(table, folder.table("bd_ap"), "BD-AP against A.")
    figure = plt.figure()
    run.save_figure(figure, folder.figure("ap"), "AP over the rate.", alt="Lines.")
    plt.close(figure)
    folder.notebooks.mkdir()
    folder.notebook("08_detection").write_text('{"cells": []}')
    (root / "figures").mkdir(exist_ok=True)
    for file in folder.tables.iterdir():
        shutil.copy(file, root / "figures")
    assert commit(root) != first
    return root


def described(out: Path) -> dict[str, dict]:
    """The entities of a crate by their id."""
    about = json.loads((out / "ro-crate-metadata.json").read_text())
    return {entity["@id"]: entity for entity in about["@graph"]}


def test_a_deposit_of_the_published_results(root, tmp_path):
    out = bundle(root, tmp_path / "deposit")
    files = {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()}
    page = "data/runs/quick/phantom/notebooks/08_detection.ipynb"
    assert files == {
        "ro-crate-metadata.json",
        "ro-crate-preview.html",
        *(f"figures/bd_ap.{suffix}" for suffix in ("parquet", "csv", "tex", "json")),
        page,
        *("verdicts.json", "verdicts.csv", "weights.csv"),
        *("README.md", "CITATION.cff", "LICENSE", "requirements.lock"),
    }
    assert len(json.loads((out / "verdicts.json").read_text())) == len(load_claims())
    verdicts = pd.read_csv(out / "verdicts.csv").set_index("id")
    assert verdicts.ours["000-table6-promic-ap50"] == -0.51
    weights = pd.read_csv(out / "weights.csv").set_index("file").sha256
    assert weights["data/weights/codec.safetensors"] == hashlib.sha256(b"weights").hexdigest()
    assert weights["data/runs/quick/phantom/models/A/low/seed0/model.safetensors"] == "0" * 64


def test_the_metadata_describe_each_file_and_the_commits(root, tmp_path):
    out = bundle(root, tmp_path / "deposit")
    about = described(out)
    for name in (p["@id"] for p in about["./"]["hasPart"]):
        content = (out / name).read_bytes()
        assert about[name]["sha256"] == hashlib.sha256(content).hexdigest()
        assert about[name]["contentSize"] == str(len(content))
    now, before = git(root, "rev-parse", "HEAD"), git(root, "rev-parse", "HEAD~")
    assert about["./"]["isBasedOn"] == {"@id": f"swh:1:rev:{now}"}
    assert about["./"]["datePublished"] == "2026-02-03T03:05:06+00:00"
    assert about["./"]["license"] == {"@id": "https://spdx.org/licenses/BSD-3-Clause"}
    action = about["#run-1"]
    assert action["name"] == "Notebook 08_detection of the run quick/phantom, a smoke run"
    assert action["instrument"] == {"@id": f"swh:1:rev:{before}"}
    assert {"@id": "figures/bd_ap.csv"} in action["result"]
    assert about["figures/bd_ap.csv"]["description"] == "BD-AP against A."
    assert "not run" in about["./"]["description"]


@pytest.mark.parametrize("change", ["gone", "other results"])
def test_pages_of_another_run_are_left_out_and_that_is_said(root, tmp_path, change):
    folder = RunFolder("quick", "phantom", root)
    if change == "gone":
        shutil.rmtree(folder.path)
    else:
        pd.DataFrame({"bd_pp": [9.0]}).to_parquet(folder.table("bd_ap"))
    out = bundle(root, tmp_path / "deposit")
    assert not list(out.rglob("*.ipynb"))
    line = "The executed pages of the run quick/phantom are not included"
    assert line in described(out)["./"]["description"]


def test_a_deposit_of_a_run(root, tmp_path):
    out = bundle(root, tmp_path / "deposit", RunFolder("quick", "phantom", root))
    assert (out / "figures/quick/phantom/ap.png").is_file()
    assert (out / "data/runs/quick/phantom/tables/bd_ap.parquet").is_file()
    assert (out / "data/runs/quick/phantom/notebooks/08_detection.ipynb").is_file()
    description = described(out)["./"]["description"]
    assert "of the run quick/phantom" in description and "smoke run" in description


def test_equal_results_give_equal_bytes(root, tmp_path):
    a, b = (bundle(root, tmp_path / f"{name}.zip") for name in "ab")
    assert a.read_bytes() == b.read_bytes()
    folder = bundle(root, tmp_path / "folder")
    with zipfile.ZipFile(a) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            assert archive.read(name) == (folder / name).read_bytes()


def validate(crate: Path) -> subprocess.CompletedProcess:
    if not VALIDATOR.is_file():
        pytest.skip(f"no roc-validator in {VALIDATOR.parents[1]}: .ci/run installs it there")
    context = Path(rocrate.__file__).parent / "data" / "ro-crate.jsonld"
    return subprocess.run(
        [VALIDATOR, HELPERS / "validate_crate.py", crate, context],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": ""},
    )


def test_the_validator_accepts_a_deposit(root, tmp_path):
    """All that RO-Crate requires, and all that it recommends except identifiers of persons and
    organizations, which the project does not have, and a name for the preview's file, which the
    standard prescribes.
    """
    out = bundle(root, tmp_path / "deposit", RunFolder("quick", "phantom", root))
    done = validate(out)
    lines = done.stdout.splitlines()
    assert lines and lines[-1].endswith(" issues"), done.stderr
    assert not [line for line in lines if line.startswith("REQUIRED")]
    known = ("ORCID", "ROR", "affiliation", "contactPoint", "organization SHOULD have a URL")
    other = [line for line in lines[:-1] if not any(word in line for word in known)]
    assert all("ro-crate-preview.html" in line for line in other), other


def test_the_validator_refuses_a_crate_that_lacks_a_file(root, tmp_path):
    out = bundle(root, tmp_path / "deposit")
    (out / "weights.csv").unlink()
    done = validate(out)
    assert done.returncode == 1 and "weights.csv" in done.stdout


def unfinished(root):
    (root / ".snakemake/log/now.snakemake.log").write_text(LOG)


def uncommitted(root):
    (root / "README.md").write_text("changed")


def untracked(root):
    (root / "figures" / "new.csv").write_text("1")


def damaged(root):
    (root / "figures" / "bd_ap.csv").write_text("1")
    commit(root)


def gone(root):
    (root / "figures" / "bd_ap.tex").unlink()
    commit(root)


def stale(root):
    run = Run("08_detection", {"profile": "quick", "dataset": "phantom"})
    run.upstream["figures/bd_ap.parquet"] = "0" * 64  # an earlier version of the table
    figure = plt.figure()
    run.save_figure(figure, root / "figures" / "ap", "AP over the rate.", alt="Lines.")
    plt.close(figure)
    commit(root)


def no_licence(root):
    (root / "LICENSE").unlink()
    commit(root)


def no_clone(root):
    shutil.rmtree(root / ".git")


def existing(root):
    (root.parent / "deposit.zip").write_bytes(b"earlier work")


def no_folder(root):
    (root.parent / "deposit.zip").mkdir()


REFUSED = {
    "an unfinished run": (unfinished, "quick/phantom", "quick/phantom is not finished: "),
    "an unknown run": (lambda root: None, "quick/none", "there is no run 'quick/none'"),
    "a changed file of the project": (uncommitted, "", "README.md has uncommitted changes"),
    "a file that no commit has": (untracked, "", "figures/new.csv has uncommitted changes"),
    "a table changed by hand": (damaged, "", "bd_ap.csv has changed since it was made"),
    "a table that is gone": (gone, "", "bd_ap.tex is missing"),
    "a figure of an earlier table": (
        stale,
        "",
        "ap was drawn before figures/bd_ap.parquet changed",
    ),
    "no licence": (no_licence, "", "has no LICENSE"),
    "no clone": (no_clone, "", "is not a git checkout"),
    "existing output": (existing, "", "deposit.zip exists"),
    "a folder of that name": (no_folder, "", "deposit.zip exists"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_in_one_line_with_nothing_written(root, case):
    change, run, line = REFUSED[case]
    change(root)
    before = sorted(root.parent.rglob("*"))
    args = ["bundle", "--out", str(root.parent / "deposit.zip"), *(["--run", run] if run else [])]
    done = CliRunner().invoke(app, args)
    assert isinstance(done.exception, UserError), done.output
    assert line in str(done.exception) and "\n" not in str(done.exception)
    assert sorted(root.parent.rglob("*")) == before


def test_a_place_that_cannot_be_written_to(root, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(UserError, match="cannot be written"):
        bundle(root, tmp_path / "file" / "deposit.zip")


def test_a_full_disk_leaves_nothing(root, tmp_path):
    from bad_input import full_disk

    before = sorted(tmp_path.rglob("*"))
    with full_disk(5000), pytest.raises(UserError, match=r"deposit\.zip cannot be written"):
        bundle(root, tmp_path / "deposit.zip")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_citation_without_a_licence(tmp_path):
    file = tmp_path / "CITATION.cff"
    file.write_text("title: x\nversion: 1\nauthors: []\n")
    with pytest.raises(UserError, match="lacks license"):
        citation(file)
    file.write_text("[")
    with pytest.raises(UserError, match="cannot be read"):
        citation(file)
