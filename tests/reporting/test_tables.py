"""Tables in their readable form."""

import json

import pandas as pd

from promic_nb.reporting.drawing import Form, save_form
from promic_nb.runs.provenance import Run


def test_a_table_is_saved_as_data_latex_and_html(tmp_path, monkeypatch):
    monkeypatch.setenv("PROMIC_ROOT", str(tmp_path))
    table = pd.DataFrame({"codec": ["jpeg"], "bpp": [0.256]})
    form = Form("Rates (bpp).", table.style.format(precision=1).hide())
    run = Run("04_rate_distortion", {"profile": "quick"})
    assert save_form(run, table, f"{tmp_path}/cost", form) is form.style
    assert pd.read_parquet(tmp_path / "cost.parquet").bpp.tolist() == [0.256]
    latex, html = (tmp_path / "cost.tex").read_text(), (tmp_path / "cost.html").read_text()
    assert "jpeg & 0.3" in latex and r"\caption{Rates (bpp).}" in latex and r"\toprule" in latex
    assert ">0.3</td>" in html and 'id="T_cost"' in html
    assert json.loads((tmp_path / "cost.json").read_text())["caption"] == "Rates (bpp)."


def test_given_latex_replaces_that_of_the_styled_table(tmp_path, monkeypatch):
    monkeypatch.setenv("PROMIC_ROOT", str(tmp_path))
    table = pd.DataFrame({"x": [1]})
    run = Run("08_detection", {"profile": "quick"})
    save_form(run, table, f"{tmp_path}/t", Form("One.", table.style, latex=r"\checkmark"))
    assert (tmp_path / "t.tex").read_text() == r"\checkmark"
