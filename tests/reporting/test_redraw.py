"""Published tables are enough to redraw everything that is published."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from promic_nb.core.files import sha256
from promic_nb.errors import UserError
from promic_nb.reporting.drawing import save_form
from promic_nb.reporting.pages import complexity
from promic_nb.reporting.published import Published, all_figures
from promic_nb.reporting.redraw import redraw
from promic_nb.reporting.registry import PAGES
from promic_nb.runs.provenance import Run

FIGURES = Path(__file__).parents[2] / "figures"
# Made by a run of version 0.1, which did not save the tables that they are drawn from. A new run
# publishes these tables; then this set has to shrink.
WITHOUT_TABLES = {
    "deblocking_change",
    "deblocking_violins",
    "feature_means",
    "multitask_course",
    "rate_term_plot",
}


def channels(ap50: float = 0.7) -> pd.DataFrame:
    rows = [(20, "variance", 0.5, 0.3, 1.0), (160, "all", ap50, 0.6, 2.0)]
    columns = ["channels", "channel_choice", "AP50", "gmac_translator", "gmac"]
    return pd.DataFrame(rows, columns=columns)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A project's figures/ with three tables: one that a figure is drawn from, one with a readable
    form, and one without.
    """
    monkeypatch.setenv("PROMIC_ROOT", str(tmp_path))
    figures = tmp_path / "figures"
    about = {"profile": "cpu", "dataset": "phantom", "rate": "middle", "seed": 0}
    Run("18_extensions", about).save_table(channels(), figures / "channels", "AP and GMAC.")
    counted = Run("10_complexity", {"profile": "cpu", "height": 768, "width": 1024})
    table8 = pd.DataFrame({"translator": ["base"], "gmac": [33.52]})
    save_form(counted, table8, f"{figures}/table8", complexity.table8(table8, counted.parameters))
    counted.save_table(pd.DataFrame({"part": ["neck"]}), figures / "operations", "Parts.")
    return figures


def state(folder: Path) -> dict[str, str]:
    return {p.name: sha256(p) for p in sorted(folder.iterdir())}


def test_a_figure_is_drawn_and_its_sidecar_names_table_and_code(folder):
    done = redraw(folder)
    assert done.figures == ["channels_plot"] and not done.kept and not done.changed
    about = json.loads((folder / "channels_plot.json").read_text())
    assert about["upstream"] == {"figures/channels.parquet": sha256(folder / "channels.parquet")}
    assert about["files"]["channels_plot.png"] == sha256(folder / "channels_plot.png")
    assert about["notebook"] == "18_extensions" and about["parameters"]["rate"] == "middle"
    assert "promic_nb/reporting/pages/extensions.py" in about["code"]["files"]
    assert "AP50 of ProMIC at rate 'middle' on test slices of phantom" in about["caption"]


def test_redrawing_again_changes_nothing(folder):
    redraw(folder)
    before = state(folder)
    redraw(folder)
    assert state(folder) == before


def test_lost_forms_of_a_table_are_written_again(folder):
    redraw(folder)
    before = state(folder)
    for path in [*folder.glob("*.csv"), *folder.glob("*.tex"), *folder.glob("*.html")]:
        path.unlink()
    redraw(folder)
    assert state(folder) == before
    assert "33.520" in (folder / "table8.html").read_text()
    assert not (folder / "operations.html").exists()


def test_a_changed_cell_changes_the_figure_and_is_reported(folder):
    redraw(folder)
    before = state(folder)
    channels(ap50=0.9).to_parquet(folder / "channels.parquet", index=False)
    done = redraw(folder)
    after = state(folder)
    assert done.changed == ["channels"]
    for name in ("channels_plot.png", "channels_plot.pdf", "channels_plot.json", "channels.csv"):
        assert after[name] != before[name], name
    recorded = json.loads((folder / "channels.json").read_text())["files"]
    assert recorded["channels.parquet"] == before["channels.parquet"]  # as the run saved it


def test_a_figure_without_its_table_is_kept_and_named(folder):
    redraw(folder)
    for path in folder.glob("channels.*"):
        path.unlink()
    done = redraw(folder)
    assert done.kept == {"channels_plot": "needs channels"}
    assert "channels_plot" not in done.undrawn and done.undrawn["one_model"] == ["extensions"]
    assert (folder / "channels_plot.png").is_file()


def test_a_table_of_another_version_ends_in_one_line(folder):
    about = {"profile": "cpu", "dataset": "phantom", "rate": "middle"}
    run = Run("18_extensions", about)
    run.save_table(channels().drop(columns="gmac"), folder / "channels", "AP.")
    with pytest.raises(UserError, match=r"channels_plot cannot be drawn from channels .*gmac"):
        redraw(folder)


def test_a_table_without_a_sidecar_is_refused(folder):
    (folder / "operations.json").unlink()
    with pytest.raises(UserError, match=r"operations\.parquet has no readable sidecar"):
        redraw(folder)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(UserError, match="there is no table in"):
        redraw(tmp_path)


def test_verdicts_are_published_as_table_and_page(folder):
    redraw(folder)
    table = pd.read_parquet(folder / "verdicts.parquet")
    measured = table[table.verdict != "not run"]
    assert len(measured) and set(measured.verdict) == {"smoke"}  # the run was made by hand
    assert all(isinstance(json.loads(c), list) for c in table.conditions)
    page = (folder / "verdicts.html").read_text()
    assert page.count("<tr data-verdict") == len(table)
    assert "http" not in page.replace("http-equiv", "")


def test_no_figure_has_the_name_of_a_table():
    """Both lie in one folder, and each has NAME.json beside it."""
    tables = {name for page in PAGES.values() for name in page.forms}
    tables |= {name for figures in all_figures() for name in figures.tables}
    assert not tables & {figures.names for figures in all_figures()}


def test_no_path_of_a_machine_is_published():
    for path in FIGURES.glob("*.json"):
        assert not re.findall(r'"/[^"]*"', path.read_text()), path.name


def test_published_tables_are_small():
    assert sum(p.stat().st_size for p in FIGURES.glob("*.parquet")) <= 15e6


def test_published_tables_are_as_their_runs_saved_them():
    published = Published(FIGURES)
    assert published.tables
    for name, path in published.tables.items():
        assert published.sidecar(name)["files"][path.name] == sha256(path), name


def test_published_figures_were_drawn_from_the_tables_beside_them():
    published = Published(FIGURES)
    now = {f"figures/{path.name}": sha256(path) for path in published.tables.values()}
    drawn = {name: about for name, about in published.figures.items() if name not in WITHOUT_TABLES}
    assert drawn
    for name, about in drawn.items():
        assert about["upstream"], name
        assert about["upstream"].items() <= now.items(), f"{name}: run make figures"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The set_bad:PendingDeprecationWarning")  # of seaborn's heatmap
@pytest.mark.filterwarnings("ignore:The figure layout has changed")  # of seaborn's relplot
def test_everything_published_is_redrawn_as_it_is(tmp_path, monkeypatch):
    monkeypatch.setenv("PROMIC_ROOT", str(tmp_path))
    copy = Path(shutil.copytree(FIGURES, tmp_path / "figures"))
    done = redraw(copy)
    assert set(done.kept) == WITHOUT_TABLES and not done.changed
    assert set(done.figures) | set(done.kept) == {p.stem for p in FIGURES.glob("*.png")}
    for name in done.figures:
        here, there = (np.asarray(Image.open(f / f"{name}.png")) for f in (FIGURES, copy))
        assert here.shape == there.shape, name
        assert (here != there).mean() < 1e-3, name  # fonts may differ
    assert {p.name for p in copy.iterdir()} == {p.name for p in FIGURES.iterdir()}
    shipped, now = (pd.read_parquet(f / "verdicts.parquet") for f in (FIGURES, copy))
    pd.testing.assert_frame_equal(shipped, now)
