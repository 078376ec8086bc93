import json
import os
from html.parser import HTMLParser

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from typer.testing import CliRunner

from promic_nb.claims import load_claims
from promic_nb.cli.main import app
from promic_nb.errors import UserError
from promic_nb.reporting.report import write_report
from promic_nb.runs.layout import find_run
from promic_nb.runs.provenance import Run


class Page(HTMLParser):
    """Tags and text of a page, with a check that tags nest."""

    VOID = ("meta", "img", "br", "input", "link", "hr")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open, self.tags, self.words = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A project with one run: a figure and the BD-AP table."""
    monkeypatch.setenv("PROMIC_ROOT", str(tmp_path))
    run = Run("08_detection", {"profile": "quick", "dataset": "phantom"})
    figure = plt.figure()
    run.save_figure(
        figure,
        tmp_path / "figures/quick/phantom/ap50_over_rate",
        "AP50 <over> rate.",
        alt="Lines & dots.",
    )
    plt.close(figure)
    table = pd.DataFrame(
        [("ProMIC", "AP50", "linear", -0.51)], columns=["recipe", "metric", "domain", "bd_pp"]
    )
    run.save_table(table, tmp_path / "data/runs/quick/phantom/tables/bd_ap", "BD-AP.")
    return tmp_path


def test_the_page_is_complete_and_self_contained(root):
    text = write_report(find_run(root)).read_text()
    page = Page(text)
    assert not page.open
    for tag, attributes in page.tags:
        assert not str(attributes.get("src", "")).startswith(("http", "//")) and tag != "link"
        if tag == "img":
            assert attributes["src"].startswith("data:image/png;base64,")
            assert attributes["alt"] == "Lines & dots."
    assert "AP50 &lt;over&gt; rate." in text
    assert "A smoke run." in text


def test_every_claim_is_listed_with_its_verdict(root):
    rows = [
        a["data-verdict"]
        for t, a in Page(write_report(find_run(root)).read_text()).tags
        if t == "tr" and "data-verdict" in a
    ]
    assert len(rows) == len(load_claims())
    assert rows.count("smoke") == 1  # ProMIC's BD-AP50, which Tables 5 and 6 print
    assert rows.count("not run") == len(rows) - 1


def test_verdicts_as_json(root):
    result = CliRunner().invoke(app, ["verdicts", "--json"])
    rows = json.loads(result.stdout)
    assert {
        "id",
        "document",
        "location",
        "published",
        "ours",
        "unit",
        "verdict",
        "conditions_met",
        "conditions",
        "profile",
    } <= set(rows[0])
    ours = {r["id"]: r["ours"] for r in rows if r["ours"] is not None}
    assert ours == {"000-table6-promic-ap50": -0.51}
    assert {r["profile"] for r in rows} == {"quick"}
    row = next(r for r in rows if r["ours"] is not None)
    unmet = {c["name"] for c in row["conditions"] if not c["met"]}
    assert row["conditions_met"] is False and {"dataset", "detector", "rates"} <= unmet


def test_verdicts_on_the_terminal(root):
    out = CliRunner().invoke(app, ["verdicts", "--run", "quick/phantom", "--all"]).stdout
    count = len(load_claims())
    assert f"{count} claims: {count - 1} not run, 1 smoke" in out


def test_the_summary_fits_a_screen(root):
    lines = CliRunner().invoke(app, ["verdicts"], env={"COLUMNS": "200"}).stdout.splitlines()
    assert len(lines) <= 40
    promic = next(line for line in lines if line.startswith("ProMIC"))
    count = sum(c.document == "000" for c in load_claims())
    assert promic.split()[1:] == f"{count} claims: 1 smoke, {count - 1} not run".split()
    assert any("--document 000" in line for line in lines)


def test_verdicts_are_filtered_by_document_and_verdict(root):
    ask = ["verdicts", "--json", "--document", "000", "--verdict", "smoke"]
    rows = json.loads(CliRunner().invoke(app, ask).stdout)
    assert [r["id"] for r in rows] == ["000-table6-promic-ap50"]
    done = CliRunner().invoke(app, ["verdicts", "--verdict", "fine"])
    assert isinstance(done.exception, UserError) and "Choose one of: reproduced" in str(
        done.exception
    )


def test_the_latest_run_is_the_default(root):
    other = root / "data/runs/cpu/lucchi/tables"
    other.mkdir(parents=True)
    os.utime(other, (1, 1))
    assert find_run(root).profile == "quick"
    assert find_run(root, "cpu/lucchi").profile == "cpu"


def test_an_unknown_run_lists_the_existing_ones(root):
    with pytest.raises(UserError, match="no run 'quik/phantom'\\. Runs: quick/phantom"):
        find_run(root, "quik/phantom")
    with pytest.raises(UserError, match="no run yet"):
        find_run(root / "figures")
