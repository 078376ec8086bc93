import json
import shutil
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from pyarrow import parquet
from rich.console import Console

from promic_nb.core import paths
from promic_nb.core.files import read_parquet, sha256
from promic_nb.errors import UserError
from promic_nb.runs import provenance
from promic_nb.runs.explain import explain, read_sidecar, stale
from promic_nb.runs.provenance import Run

# A sidecar that version 0.1 published in figures/.
PUBLISHED = Path(__file__).parent / "published" / "ap50_over_rate.json"


@pytest.fixture
def run():
    return Run("04_rate_distortion", {"profile": "quick", "dataset": "phantom", "seed": 3})


@pytest.fixture
def chain(run, tmp_path, monkeypatch):
    """A figure made from a table."""
    monkeypatch.setenv("PROMIC_ROOT", str(tmp_path))
    run.save_table(pd.DataFrame({"bpp": [0.1, 0.2]}), tmp_path / "rates", "Rates.")
    after = Run("08_detection", {"profile": "quick", "dataset": "phantom"})
    after.read_table(tmp_path / "rates.parquet")
    figure = plt.figure()
    after.save_figure(figure, tmp_path / "curve", "A curve.", alt="A line.")
    plt.close(figure)
    return tmp_path


def text(path) -> str:
    console = Console(width=300, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    console.print(explain(path))
    console.file.close()
    return console.export_text()


def test_a_table_is_saved_in_three_forms_with_its_origin(run, tmp_path):
    table = pd.DataFrame({"codec": ["a_b"], "bpp": [0.25]})
    run.facts["data"] = {"name": "phantom", "sha256": "d" * 64}
    run.save_table(table, tmp_path / "t", "A table.")
    about = json.loads((tmp_path / "t.json").read_text())
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "t.parquet"), table)
    assert "a\\_b" in (tmp_path / "t.tex").read_text()
    assert about["files"] == {
        f"t{s}": sha256(tmp_path / f"t{s}") for s in (".parquet", ".csv", ".tex")
    }
    assert {k: about[k] for k in ("profile", "dataset", "notebook", "seed", "smoke", "kind")} == {
        "profile": "quick",
        "dataset": "phantom",
        "notebook": "04_rate_distortion",
        "seed": 3,
        "smoke": True,
        "kind": "table",
    }
    assert set(about["code"]) == {"commit", "uncommitted", "files"}
    assert "promic_nb/runs/provenance.py" in about["code"]["files"]
    assert len(about["environment"]["lock"]) == 64
    assert about["data"]["name"] == "phantom"


def test_only_a_run_whose_settings_earn_verdicts_is_no_smoke_run(run, tmp_path, monkeypatch):
    assert Run("x", {"profile": "cpu"}).smoke  # by hand: nobody knows the settings
    earns = {"run": {"smoke": False}, "detection": {"rates": 5}}
    monkeypatch.setenv("PROMIC_CONDITIONS", json.dumps(earns))
    assert not run.smoke
    run.save_table(pd.DataFrame({"x": [1]}), tmp_path / "t", "A table.")
    about = json.loads((tmp_path / "t.json").read_text())
    assert about["conditions"] == earns and about["smoke"] is False
    monkeypatch.setenv("PROMIC_CONDITIONS", json.dumps({"run": {"smoke": True}}))
    assert Run("x", {"profile": "paper"}).smoke


def test_a_path_may_hold_dots(run, tmp_path):
    run.save_table(pd.DataFrame({"x": [1]}), tmp_path / "beta0.006", "Dots.")
    assert (tmp_path / "beta0.006.parquet").is_file() and (tmp_path / "beta0.006.json").is_file()


def test_equal_figures_are_equal_files(run, tmp_path):
    for name in "ab":
        figure, axis = plt.subplots()
        axis.plot([1, 2, 3])
        run.save_figure(figure, tmp_path / name, "A curve.", alt="A line.")
        plt.close(figure)
    for suffix in (".png", ".pdf"):
        assert sha256((tmp_path / "a").with_suffix(suffix)) == sha256(
            (tmp_path / "b").with_suffix(suffix)
        )


def test_an_interrupted_write_leaves_the_old_file(run, tmp_path, monkeypatch):
    run.save_table(pd.DataFrame({"x": [1]}), tmp_path / "t", "First.")

    def fail(self, path, **_):
        path.write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", fail)
    with pytest.raises(UserError, match=r"t\.parquet cannot be written \(No space left"):
        run.save_table(pd.DataFrame({"x": [2]}), tmp_path / "t", "Second.")
    assert pd.read_parquet(tmp_path / "t.parquet").x.tolist() == [1]
    assert not list(tmp_path.glob("*.part"))
    assert json.loads((tmp_path / "t.json").read_text())["caption"] == "First."


def test_arrow_opens_the_file_itself(tmp_path, monkeypatch):
    """A file opened by Python in Arrow's threads may abort the process when it ends (apache/arrow
    issue 34314).
    """
    table, given = pd.DataFrame({"bpp": [0.25]}), []
    table.to_parquet(tmp_path / "t.parquet")
    read_table = parquet.read_table
    monkeypatch.setattr(
        parquet,
        "read_table",
        lambda source, **more: given.append(source) or read_table(source, **more),
    )
    pd.testing.assert_frame_equal(read_parquet(tmp_path / "t.parquet"), table)
    assert [str(g) for g in given] == [str(tmp_path / "t.parquet")]


def test_reading_a_missing_file(run, tmp_path):
    with pytest.raises(UserError, match=r"none\.parquet does not exist"):
        run.read_table(tmp_path / "none.parquet")


def test_explain_walks_back_to_the_table(chain):
    shown = text(chain / "curve.png")
    assert "curve.png  A curve." in shown
    assert "rates.parquet  Rates." in shown
    assert "notebook 04_rate_distortion" in shown
    assert "stale" not in shown


def test_a_changed_origin_is_stale(chain):
    pd.DataFrame({"bpp": [0.3]}).to_parquet(chain / "rates.parquet")
    changes = stale(read_sidecar(chain / "curve.png"), chain)
    assert changes == ["rates.parquet was remade since and differs"]
    assert "rates.parquet has changed" in text(chain / "curve.png")


def test_changed_code_and_lock_are_stale(chain):
    (chain / "requirements.lock").write_text("new")
    about = read_sidecar(chain / "curve.png")
    about["code"]["files"]["promic_nb/errors.py"] = "0" * 64
    assert stale(about, chain) == [
        "code promic_nb/errors.py changed since",
        "requirements.lock changed since",
    ]


def test_missing_files_are_counted(chain):
    """A sidecar of an older version names code that was moved, and a run that was deleted."""
    about = read_sidecar(chain / "curve.png")
    about["code"]["files"] |= {"promic_nb/old.py": "0" * 64, "promic_nb/older.py": "0" * 64}
    (chain / "rates.parquet").unlink()
    assert stale(about, chain) == [
        "2 code files of the version that made it no longer exist (moved or removed)",
        "1 file that it was made from is not here (deleted, or in another copy of the project)",
    ]
    del about["code"]["files"]["promic_nb/old.py"]
    assert "1 code file of the version that made it no longer exists (" in stale(about, chain)[0]


def test_a_figure_that_version_0_1_published_is_explained(tmp_path, monkeypatch):
    """Its code files moved since, and the run that it was made from is not here."""
    monkeypatch.setenv("PROMIC_ROOT", str(tmp_path))
    shutil.copy(PUBLISHED, tmp_path)
    (tmp_path / "ap50_over_rate.png").touch()
    about = json.loads(PUBLISHED.read_text())
    shown = text(tmp_path / "ap50_over_rate.png")
    assert "figure of profile cpu, made 2026-11-22T05:49:05+00:00" in shown
    assert "notebook 08_detection: dataset='lucchi'" in shown
    assert "code: commit 1480eef951d6, 28 files" in shown
    here = [name for name in about["code"]["files"] if paths.code_file(name).is_file()]
    gone = f"{28 - len(here)} code files of the version that made it no longer exist"
    assert shown.count(gone) == 1 and "promic_nb/plots.py" not in shown
    assert shown.count("changed since") <= len(here) + 1  # and the lock
    assert f"{len(about['upstream'])} files that it was made from are not here" in shown


def test_explain_refuses_foreign_files(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        explain(tmp_path / "none.png")
    (tmp_path / "other.png").write_bytes(b"")
    with pytest.raises(UserError, match="no readable sidecar"):
        explain(tmp_path / "other.png")
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(UserError, match="is not a sidecar"):
        explain(tmp_path / "other.png")


def test_without_git_the_commit_is_unknown(monkeypatch):
    def missing(*_, **__):
        raise FileNotFoundError

    monkeypatch.setattr(provenance.subprocess, "run", missing)
    assert provenance.code_state("01_dataset")["commit"] == "unknown"
