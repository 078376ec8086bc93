"""The inventory of what the documents print, and the page made from it."""

import re
from pathlib import Path

import pytest

from promic_nb.claims import coverage, load_claims, verdicts
from promic_nb.claims.coverage import Place
from promic_nb.errors import UserError

ROOT = Path(__file__).parents[2]  # the page and the published tables are committed


@pytest.fixture(scope="module")
def table():
    return coverage.coverage(verdicts(ROOT / "figures"))


def test_the_page_is_up_to_date(table):
    written = (ROOT / coverage.PAGE).read_text(encoding="utf-8")
    assert written == coverage.page(table), f"write it anew: {coverage.COMMAND}"


def test_nearly_all_of_the_dissertation_is_registered(table):
    part = table[table.document == "000"]
    assert part.registered.sum() >= 0.95 * part.printed.sum()


def test_the_readme_says_how_much_is_registered(table):
    part = table[table.document == "000"]
    printed, registered = int(part.printed.sum()), int(part.registered.sum())
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    found = re.search(r"Of the (\d+) results that the dissertation prints, (\d+) are", text)
    assert found and found.groups() == (str(printed), str(registered))


def test_only_what_no_training_can_miss_is_structural():
    places = {(c.document, c.location) for c in load_claims() if c.structural}
    assert places == {
        ("000", "Section 2.6"),  # counts of boxes
        ("000", "Table 2"),
        ("000", "Table 7"),  # operations
        ("000", "Table 8"),
        ("000", "Section 4.4"),
        ("000", "Section 4.2"),  # the rates that the codecs were run at
        ("001", "Table 4.3"),  # parameters
        ("001", "Table 4.5"),
        ("003", "Section 1"),  # JPEG itself
        ("003", "Table 1"),
        ("003", "Table 3"),
        ("003", "Table 4"),
        ("004", "Section 3.2"),  # layers
    }
    rates = [c.source.column for c in load_claims() if c.structural and c.location == "Section 4.2"]
    assert rates == ["bpp", "bpp"]


def test_a_count_that_does_not_add_up_is_refused(monkeypatch):
    real = coverage.inventory()
    changed = {
        document: {
            name: place.model_copy(update={"printed": 49}) if name == "Table 6" else place
            for name, place in places.items()
        }
        for document, places in real.items()
    }
    text = coverage.yaml.safe_dump(
        {d: {n: p.model_dump() for n, p in places.items()} for d, places in changed.items()}
    )
    load = coverage.yaml.safe_load
    monkeypatch.setattr(coverage.yaml, "safe_load", lambda _: load(text))
    with pytest.raises(UserError, match="Table 6 of document 000 prints 49 results, and 48"):
        coverage.inventory()


def test_a_line_of_the_page():
    assert Place(printed=2, missing=["x"]).curves == []
    row = {
        "place": "Table 9",
        "printed": 3,
        "registered": 2,
        "run": 1,
        "verdicts": coverage.Counter(["smoke", "not run"]),
        "missing": ["the third"],
        "curves": ["rd_vif"],
    }
    assert coverage._line(row) == "| Table 9 | 3 | 2 | 1 | 1 smoke | the third; `rd_vif` |"
