"""Tables of a run are copied to figures/; figures are drawn there from the tables."""

import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from promic_nb.cli.main import app
from promic_nb.errors import UserError
from promic_nb.reporting.publish import publish
from promic_nb.runs.layout import find_run
from promic_nb.runs.provenance import Run


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A project with one run that has two tables; a figure is drawn from one of them."""
    monkeypatch.setenv("PROMIC_ROOT", str(tmp_path))
    about = {"profile": "quick", "dataset": "phantom", "rate": "low"}
    tables = tmp_path / "data/runs/quick/phantom/tables"
    rows = [(20, "variance", 0.5, 0.3, 1.0), (160, "all", 0.7, 0.6, 2.0)]
    columns = ["channels", "channel_choice", "AP50", "gmac_translator", "gmac"]
    run = Run("18_extensions", about)
    run.save_table(pd.DataFrame(rows, columns=columns), tables / "channels", "AP and GMAC.")
    rows = [("ProMIC", "AP50", "linear", -0.51)]
    bd = pd.DataFrame(rows, columns=["recipe", "metric", "domain", "bd_pp"])
    Run("08_detection", about).save_table(bd, tables / "bd_ap", "BD-AP.")
    return tmp_path


def names(folder):
    return {p.name for p in folder.iterdir()}


def test_a_whole_run_is_published(root):
    assert publish(find_run(root), [], root / "figures") == ["bd_ap", "channels"]
    expected = {"bd_ap.json", "bd_ap.parquet", "channels.json", "channels.parquet"}
    assert names(root / "figures") == expected
    for name in expected:
        assert (root / "figures" / name).read_text("latin-1") == (
            find_run(root).tables / name
        ).read_text("latin-1")


def test_paths_of_the_machine_are_not_published(root):
    run = Run("03_codec_benchmark", {"profile": "quick", "data": "/home/me/lucchi", "every": 4})
    run.save_table(pd.DataFrame({"bpp": [1.0]}), find_run(root).table("objects"), "Objects.")
    publish(find_run(root), ["objects"], root / "figures")
    about = json.loads((root / "figures" / "objects.json").read_text())
    assert about["parameters"] == {"profile": "quick", "data": "lucchi", "every": 4}


def test_a_figure_stands_for_its_tables(root):
    assert publish(find_run(root), ["channels_plot"], root / "figures") == ["channels"]


def test_what_the_run_lacks_is_named_and_nothing_is_copied(root):
    with pytest.raises(UserError, match="has no table 'ap'"):
        publish(find_run(root), ["bd_ap", "ap"], root / "figures")
    with pytest.raises(UserError, match="no table 'extensions', which 'one_model' is drawn from"):
        publish(find_run(root), ["bd_ap", "one_model"], root / "figures")
    assert not (root / "figures").exists()


def test_a_table_that_was_changed_by_hand_is_refused(root):
    run = find_run(root)
    pd.DataFrame({"bd_pp": [9.0]}).to_parquet(run.table("bd_ap"))
    with pytest.raises(
        UserError, match=r"bd_ap\.parquet is not the file that its sidecar describes"
    ):
        publish(run, [], root / "figures")
    assert not (root / "figures").exists()


def test_a_figure_of_two_runs_is_refused_and_nothing_is_copied(root):
    run, shipped = find_run(root), root / "figures"
    benchmark = pd.DataFrame({"codec": ["hevc"], "bpp": [0.5]})
    other = Run("03_codec_benchmark", {"profile": "cpu", "dataset": "phantom"})
    other.save_table(benchmark, shipped / "benchmark_hevc", "HEVC.")
    own = Run("03_codec_benchmark", {"profile": "quick", "dataset": "phantom"})
    own.save_table(benchmark, run.table("benchmark_vvc"), "VVC.")
    before = names(shipped)
    with pytest.raises(
        UserError, match=r"benchmark_hevc of the .*run cpu/phantom and benchmark_vv"
    ):
        publish(run, [], shipped)
    assert names(shipped) == before
    own.save_table(benchmark, run.table("benchmark_hevc"), "HEVC.")  # replaces the other run's
    assert "benchmark_hevc" in publish(run, [], shipped)


def test_the_command_publishes_redraws_and_says_so(root):
    done = CliRunner().invoke(app, ["publish", "quick/phantom"])
    assert done.exit_code == 0, done.output
    assert "2 tables of quick/phantom: bd_ap, channels" in done.stdout
    assert "1 figures redrawn from 2 published tables" in done.stdout
    assert {"channels_plot.png", "channels_plot.pdf", "channels_plot.json", "verdicts.html"} <= (
        names(root / "figures")
    )
