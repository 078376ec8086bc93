"""Results in the documentation come from the published tables."""

import re
from pathlib import Path

import nbformat
import pandas as pd
import pytest

from promic_nb.errors import UserError
from promic_nb.reporting.prose import fill, pages, write_pages
from promic_nb.reporting.published import Published
from promic_nb.reporting.texts import TEXTS
from promic_nb.runs.provenance import Run

ROOT = Path(__file__).parents[2]
PAGES = list(pages(ROOT))


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A project with one published table."""
    monkeypatch.setenv("PROMIC_ROOT", str(tmp_path))
    rows = [("ProMIC", "low", -3.216, 0.768), ("B", "low", -30.74, 0.55), ("B", "high", 1.0, None)]
    table = pd.DataFrame(rows, columns=["recipe", "rate", "bd_pp", "ap"])
    Run("08_detection", {}).save_table(table, tmp_path / "figures" / "short", "BD-AP.")
    return tmp_path


def filled(root: Path, marker: str) -> str:
    text = f"a <!-- value: {marker} -->old<!-- /value --> b"
    return re.sub(r"<!--.*?-->", "", fill(text, Published(root / "figures")))


@pytest.mark.parametrize(
    ("marker", "text"),
    [
        ("short[recipe=ProMIC].bd_pp .2f", "a -3.22 b"),
        ("short[recipe=ProMIC].ap*100 .1f", "a 76.8 b"),
        ("short[recipe=B, rate=high].bd_pp +.0f", "a +1 b"),
        ("short[recipe=B, rate=high].ap .1f", "a - b"),  # no value
        ("mean short[recipe=B].bd_pp .2f", "a -14.87 b"),
        ("max short[].bd_pp .0f", "a 1 b"),
        ("count short[rate=low].recipe d", "a 2 b"),
    ],
)
def test_a_value_is_a_cell_in_a_format(root, marker, text):
    assert filled(root, marker) == text


@pytest.mark.parametrize(
    ("marker", "says"),
    [
        ("short[recipe=B].bd_pp .2f", "2 rows fit"),
        ("short[recipe=Z].bd_pp .2f", "0 rows fit"),
        ("other[recipe=B].bd_pp .2f", "no table 'other' is published"),
        ("short[model=B].bd_pp .2f", "no column 'model'"),
        ("short.bd_pp", "is no value"),
    ],
)
def test_a_marker_that_cannot_be_filled_in_is_named_with_its_page(root, marker, says):
    text = f"<!-- value: {marker} -->old<!-- /value -->"
    with pytest.raises(UserError) as raised:
        fill(text, Published(root / "figures"), "README.md")
    line = str(raised.value)
    assert line.startswith("README.md: the marker `value: ") and says in line and "\n" not in line


def test_pages_are_written_only_if_all_can_be_filled_in(root):
    (root / "docs").mkdir()
    good, bad = root / "README.md", root / "docs" / "page.md"
    good.write_text("<!-- value: short[recipe=ProMIC].bd_pp .1f --><!-- /value -->")
    bad.write_text("<!-- text: no_such_text --><!-- /text -->")
    with pytest.raises(UserError, match=r"page\.md: .*'no_such_text' is unknown"):
        write_pages(root)
    assert good.read_text().endswith("--><!-- /value -->")
    bad.unlink()
    assert write_pages(root) == ["README.md"] and ">-3.2<" in good.read_text()
    assert write_pages(root) == []


def test_a_text_on_lines_of_its_own_stays_there(root):
    text = "<!-- text: ablation_order -->\nold\n<!-- /text -->"
    made = fill(text, Published(root / "figures"))
    assert made.splitlines()[1] == "(These results are not published yet.)"
    assert made.splitlines()[2] == "<!-- /text -->" and fill(made, Published(root)) == made


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_page_says_what_the_published_tables_say(page):
    text = page.read_text()
    assert fill(text, Published(ROOT / "figures"), page.name) == text, "run: make figures"


@pytest.mark.parametrize("name", TEXTS)
def test_every_text_is_made_from_what_is_published(name):
    made = TEXTS[name](Published(ROOT / "figures"))
    assert made.strip() == made and made
    if made.startswith("|"):
        assert len({line.count("|") for line in made.splitlines()}) == 1


# Numbers outside markers: what reads like a result there was typed by hand.
IGNORED = [
    re.compile(r"<!-- (value|text): .+? -->.*?<!-- /\1 -->", re.DOTALL),
    re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE),
    re.compile(r"`[^`\n]+`"),
    re.compile(r"\]\([^)]*\)"),  # targets of links
    # places
    re.compile(
        r"(?:[Ss]ections?|Tables?|Eqs?\.|Figs?\.)\s[\d.-]+(?:,\s[\d.-]+)*(?:,?\sand\s[\d.-]+)?"
    ),
]
RESULT = re.compile(
    r"±|(?<![\w.])[-+−]?\d+(?:,\d{3})*(?:\.\d+)?(?= ?(?:%|pp\b|dB\b|bpp\b))"
    r"|(?<![\w.])[-+−]?\d+\.\d+(?![\w.])"
)
# What is no result of a run here, by page: the number, and why it may be typed.
TYPED = {
    "README.md": {
        "3.11": "Python",
        "3.12": "Python",
        "6.5": "disk of the install",
        "1.3": "memory of a run",
        "0.9": "size of the detector, a setting",
        "95": "level of the intervals",
    },
    "docs/ablation.md": {
        "0.9": "settings",
        "0.5": "the dissertation's score threshold",
        "0.05": "score threshold, a setting",
        "0.949": "the dissertation's momentum",
        "6.1": "a version of the dissertation's codec",
        "2.52": "the dissertation's highest rate",
        "0.16": "rate point of the profile",
        "0.38": "rate point of the profile",
        "0.76": "rate point of the profile",
        "±": "explains the notation",
        "95": "level of the intervals",
    },
    "docs/extensions.md": {
        "8.46": "counted by formula: tests/models/test_operations.py",
        "1.13": "counted by formula",
        "0.08": "counted by formula",
        "7.54": "counted by formula",
    },
    "docs/studies/deblocking.md": {
        "-0.2": "parameters, counted against the printed ones",
        "+0.3": "parameters, counted against the printed ones",
        "53": "share of the picture, a setting",
    },
    "docs/studies/latent_learning.md": {
        "2.5": "factor of sizes, a setting",
        "3.23": "printed in the paper",
        "0.90": "printed in the paper",
        "0.98": "printed in the paper",
        "0.99": "printed in the paper",
    },
    "docs/studies/multitask.md": {
        "0.02": "beta, a setting",
        "1.88": "parameters, counted",
        "1.8": "printed in the thesis",
        "8.7": "parameters, counted",
        "10.8": "parameters, counted",
        "10.0": "printed in the thesis",
        "0.12": "printed in the thesis",
        "0.249": "printed in the thesis",
    },
    "docs/studies/transform_coding.md": {},
}


def typed(text: str) -> set[str]:
    """The numbers outside markers that read like results."""
    for pattern in IGNORED:
        text = pattern.sub(" ", text)
    return set(RESULT.findall(text))


@pytest.mark.parametrize("page", TYPED)
def test_no_result_is_typed_by_hand(page):
    unknown = typed((ROOT / page).read_text()) - TYPED[page].keys()
    assert not unknown, "enclose these results in a marker, or say in TYPED why they are none"


# Notebooks are stored without outputs, so a result in their text was typed as well.
TYPED_IN_NOTEBOOKS = {
    "01_dataset": {"2.9": "printed in the dissertation"},
    "03_codec_benchmark": {"-10": "how near a rate is met, a setting", "+5": "the same"},
    "04_rate_distortion": {"6": "dB for each bit, a law"},
    "08_detection": {"95": "level of the intervals"},
    "09_conformance": {"6.93": "printed in the dissertation", "0.35": "its rate there"},
    "10_complexity": {"1.35": "printed in the dissertation"},
    "13_deblocking": {"99.9": "printed in the thesis", "0.4": "the same"},
    "18_extensions": {"95": "level of the intervals"},
    "21_probes": {
        "95": "level of the intervals",
        "6.39": "printed in the dissertation",
        "15.8": "the same",
    },
}


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda p: p.stem)
def test_no_result_is_typed_into_a_notebook(path):
    cells = nbformat.read(path, as_version=4).cells
    text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    unknown = typed(text) - TYPED_IN_NOTEBOOKS.get(path.stem, {}).keys()
    assert not unknown, "compute these in a code cell, or say in TYPED_IN_NOTEBOOKS what they are"


def test_what_reads_like_a_result_is_found():
    text = "AP50 of 81.3 ± 0.2, 40 %, -3 pp, 1,200 dB; Table 5.6, `0.25`, version 3 of 20"
    assert typed(text) == {"81.3", "±", "0.2", "40", "-3", "1,200"}
    marked = "<!-- value: short[recipe=B].bd_pp .1f -->-30.7<!-- /value --> pp"
    assert not typed(marked)
