"""The report as a reader meets it: in a browser, on a phone, on paper, by keyboard."""

import re
from itertools import pairwise, product
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import pytest
from chromium import COMMAND, Chromium

from promic_nb.reporting.report import write_report
from promic_nb.runs.layout import find_run
from promic_nb.runs.provenance import Run

HERE = Path(__file__).parent
TEMPLATE = HERE.parents[1] / "promic_nb" / "reporting" / "_style.html.j2"


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb (WCAG 2.2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def test_the_contrast_formula_gives_the_published_extremes():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(
        4.48, abs=0.005
    )  # the grey that just fails


def test_all_text_has_aa_contrast():
    palette = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", TEMPLATE.read_text()))
    pairs = [
        *product(("ink", "quiet", "accent"), ("back", "soft")),
        *((c, f"{c}-soft") for c in ("good", "bad", "warn")),
        ("ink", "warn-soft"),
    ]
    assert {
        f"{a} on {b}": round(contrast(palette[a], palette[b]), 2)
        for a, b in pairs
        if contrast(palette[a], palette[b]) < 4.5
    } == {}


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The report of a run with a wide figure, a wide table and one measured claim."""
    root = tmp_path_factory.mktemp("project")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROMIC_ROOT", str(root))
        run = Run(
            "08_detection",
            {"profile": "quick", "dataset": "phantom", "results": ["a/very/long/path/" * 20]},
        )
        figure = plt.figure(figsize=(12, 3))
        run.save_figure(
            figure, root / "figures/quick/phantom/ap50_over_rate", "AP50 over rate.", alt="Lines."
        )
        plt.close(figure)
        table = pd.DataFrame(
            [("ProMIC", "AP50", "linear", -0.51)], columns=["recipe", "metric", "domain", "bd_pp"]
        )
        run.save_table(
            table,
            root / "data/runs/quick/phantom/tables/bd_ap",
            "BD-AP.",
            html=table.style.hide().to_html(table_uuid="bd"),
        )
        wide = pd.DataFrame([range(30)], columns=[f"column_{i}" for i in range(30)])
        run.save_table(wide, root / "data/runs/quick/phantom/tables/wide", "Thirty columns.")
        return write_report(find_run(root)).as_uri()


@pytest.fixture(scope="module")
def chromium():
    if not COMMAND:
        pytest.skip("no Chromium: apt install chromium")
    browser = Chromium()
    yield browser
    browser.close()


VISIBLE = "[...document.querySelectorAll('#claim-table tbody tr')].filter(r => !r.hidden)"


def test_it_sends_no_requests_and_raises_no_errors(chromium, page):
    chromium.requests.clear()
    chromium.open(page)
    assert chromium.requests and all(
        url.startswith(("file:", "data:")) for url in chromium.requests
    )
    assert not chromium.errors


def test_a_click_on_a_verdict_shows_its_claims(chromium, page):
    chromium.open(page)
    chromium.click(".scores button[data-verdict=smoke]")
    assert chromium.js(f"{VISIBLE}.map(r => r.dataset.verdict)") == ["smoke"]
    assert chromium.js("document.getElementById('shown').textContent").startswith("1 of ")


def test_claims_are_found_by_text_and_source(chromium, page):
    chromium.open(page)
    chromium.js(
        "{const s = document.getElementById('by-verdict'); "
        "s.value = ''; s.dispatchEvent(new Event('input'))}"
    )
    everything = chromium.js(f"{VISIBLE}.length")
    chromium.click("#by-text")
    chromium.type("Table 6, AP50")
    found = chromium.js(f"{VISIBLE}.map(r => r.textContent)")
    assert 0 < len(found) < everything and all(
        "table 6" in t.lower() and "ap50" in t.lower() for t in found
    )
    chromium.js(
        "{const s = document.getElementById('by-source'); "
        "s.value = '003'; s.dispatchEvent(new Event('input'))}"
    )
    assert chromium.js(f"{VISIBLE}.every(r => r.dataset.document === '003')")


def test_provenance_opens_by_mouse_and_by_keyboard(chromium, page):
    chromium.open(page)
    closed = "document.querySelector('details.origin').open"
    assert chromium.js(closed) is False
    chromium.click("details.origin > summary")
    assert chromium.js(closed) is True
    assert "08_detection" in chromium.js("document.querySelector('details.origin dl').innerText")
    chromium.js("document.querySelector('details.origin > summary').focus()")
    chromium.press("Enter")
    assert chromium.js(closed) is False


def test_the_published_verdicts_fit_a_phone(chromium):
    """They hold the longest cells: orders of all models."""
    chromium.open(f"file://{HERE.parents[1] / 'figures' / 'verdicts.html'}", width=390)
    assert chromium.js("document.documentElement.scrollWidth") == 390
    assert not chromium.errors


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_nothing_is_wider_than_the_screen(chromium, page, width):
    chromium.open(page, width=width)
    chromium.js("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert chromium.js("document.documentElement.scrollWidth") <= width


def test_everything_has_a_name(chromium, page):
    chromium.open(page)
    assert chromium.js("[...document.images].filter(i => !i.alt).length") == 0
    assert chromium.js("[...document.querySelectorAll('th')].filter(h => !h.scope).length") == 0
    assert (
        chromium.js(
            "[...document.querySelectorAll('input, select')].filter(i => !i.labels.length).length"
        )
        == 0
    )
    assert chromium.js(
        "new Set([...document.querySelectorAll('[id]')].map(e => e.id)).size"
        " === document.querySelectorAll('[id]').length"
    )
    assert (
        chromium.js(
            "[...document.querySelectorAll('a[href^=\"#\"]')]"
            ".filter(a => !document.getElementById(a.hash.slice(1))).length"
        )
        == 0
    )
    levels = chromium.js("[...document.querySelectorAll('h1, h2, h3')].map(h => +h.tagName[1])")
    assert levels[0] == 1 and levels.count(1) == 1 and all(b - a <= 1 for a, b in pairwise(levels))


def test_the_printed_page_omits_filter_and_contents(chromium, page):
    chromium.open(page)
    chromium.send("Emulation.setEmulatedMedia", media="print")
    shown = {
        s: chromium.js(f"getComputedStyle(document.querySelector('{s}')).display")
        for s in (".filter", ".toc", "figure", "#claim-table")
    }
    chromium.send("Emulation.setEmulatedMedia", media="")
    assert shown[".filter"] == shown[".toc"] == "none" and "none" not in (
        shown["figure"],
        shown["#claim-table"],
    )
    assert chromium.pdf().startswith(b"%PDF")
