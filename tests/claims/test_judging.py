"""Verdicts, and the conditions that they depend on."""

import json

import pandas as pd
import pytest

from promic_nb.claims import judge, load_claims, verdicts
from promic_nb.claims.loading import read_claims
from promic_nb.claims.measuring import Reading
from promic_nb.claims.requires import Condition, Requires, compare

CLAIMS = {c.id: c for c in load_claims()}
MET = [Condition(name="rates", required=5, run=5, met=True)]
UNMET = [Condition(name="rates", required=5, run=3, met=False)]


@pytest.mark.parametrize(
    ("ours", "conditions", "smoke", "verdict"),
    [
        (None, MET, False, "not run"),
        (float("nan"), MET, True, "not run"),
        (-15.41, MET, True, "smoke"),
        (-15.41, MET, False, "reproduced"),
        (-15.414, MET, False, "reproduced"),
        (-15.42, MET, False, "within tolerance"),
        (-13.42, MET, False, "within tolerance"),
        (-13.40, MET, False, "not reproduced"),
        (15.41, MET, False, "not reproduced"),
        (-15.41, UNMET, False, "agrees (scaled down)"),
        (-13.42, UNMET, False, "agrees (scaled down)"),
        (-13.40, UNMET, False, "differs (scaled down)"),
    ],
)
def test_verdicts_on_a_value(ours, conditions, smoke, verdict):
    reading = Reading(ours, nulls=(0.0,))
    assert judge(CLAIMS["000-table6-b-ap50"], reading, conditions, smoke) == verdict


def claim(more):
    text = f"""
- common: {{document: '000', location: Table 5}}
  claims:
    - {{id: one, what: A number, {more}, source: {{table: t, column: c}}}}
"""
    return read_claims({"x": text})[0]


CELLS = "cells: [{where: {r: a}}, {where: {r: b}}, {where: {r: c}}], labels: [a, b, c]"


@pytest.mark.parametrize(
    ("more", "values", "verdict", "printed"),
    [
        ("kind: sign, sign: positive", [0.1], "reproduced", "positive"),
        ("kind: sign, sign: positive", [0.0], "not reproduced", "positive"),
        ("kind: sign, sign: negative", [-0.1], "reproduced", "negative"),
        ("kind: trend, trend: rises", [0.9], "reproduced", "rises with the rate"),
        ("kind: trend, trend: falls", [0.9], "not reproduced", "falls with the rate"),
        ("kind: bound, bound: at least, published: '7', nothing: [1]", [7.2], "reproduced", None),
        ("kind: bound, bound: at least, published: '7', nothing: [1]", [6.9], "not reproduced",
         "at least 7"),
        (f"kind: order, {CELLS}", [3, 2, 1], "reproduced", "a above b above c"),
        (f"kind: order, {CELLS}", [3, 1, 2], "not reproduced", None),
        (f"kind: order, {CELLS}", [1, 1, 1], "not reproduced", None),
        (f"kind: equal, {CELLS}", [1.0, 1.1, 2.0], "reproduced", "a as b, unlike c"),
        (f"kind: equal, {CELLS}", [1.0, 2.0, 2.1], "not reproduced", None),
        (f"kind: equal, {CELLS}", [1.0, 1.0, 1.0], "not reproduced", None),
    ],
)  # fmt: skip
def test_verdicts_on_the_other_kinds(more, values, verdict, printed):
    made = claim(more)
    assert judge(made, Reading(made.combine(values)), [], False) == verdict
    assert printed is None or made.printed == printed


def test_a_relative_tolerance():
    made = CLAIMS["000-table7-a"]
    assert judge(made, Reading(315.52 * 1.009), [], False) == "within tolerance"
    assert judge(made, Reading(315.52 * 1.011), [], False) == "not reproduced"


def test_conditions_are_compared_by_their_kind():
    required = Requires(dataset="lucchi", rates=5, every=1, width=1.0, bpp=0.098)
    run = {"dataset": "lucchi", "rates": 6, "every": 1, "width": 0.25, "bpp": 0.21}
    assert {c.name: c.met for c in compare(required, run)} == {
        "dataset": True,
        "rates": True,
        "every": True,
        "width": False,
        "bpp": False,
    }
    assert compare(Requires(bpp=0.098), {"bpp": 0.11})[0].met
    (unknown,) = compare(Requires(detector="resnet50"), {})
    assert not unknown.met and str(unknown) == "detector: not recorded (published: resnet50)"


PAPER = {
    "run": {"smoke": False, "labels": "Lucchi++"},
    "detection": {
        "detector": "resnet50", "weights": "coco", "rates": 5, "steps": 50000, "every": 1,
    },
}  # fmt: skip


@pytest.fixture
def run(tmp_path):
    """A run's BD-AP table, and a function that stamps it."""
    rows = [
        ("ProMIC", m + form, d, v)
        for m, v in (("AP50", -0.5), ("AP", 9.0))
        for d in ("linear", "log")
        for form in ("", " (voc11)")
    ]
    pd.DataFrame(rows, columns=["recipe", "metric", "domain", "bd_pp"]).to_parquet(
        tmp_path / "bd_ap.parquet"
    )

    def stamp(dataset="lucchi", conditions=PAPER):
        about = {
            "smoke": conditions["run"]["smoke"],
            "dataset": dataset,
            "profile": "mine",
            "conditions": conditions,
        }
        (tmp_path / "bd_ap.json").write_text(json.dumps(about))
        return verdicts(tmp_path).set_index("id")

    return stamp


def test_values_come_from_the_tables_of_the_run(run):
    table = run()
    assert table.verdict["000-table6-promic-ap50"] == "reproduced"
    assert table.verdict["000-table6-promic-ap"] == "not reproduced"
    assert table.verdict["000-table6-c-ap"] == "not run"
    assert table.profile["000-table6-promic-ap"] == "mine"
    assert table.conditions_met["000-table6-promic-ap50"]
    assert table.ours_11_points["000-table6-promic-ap50"] == -0.5


def test_a_reduced_run_earns_no_green_badge(run):
    reduced = {**PAPER, "detection": {**PAPER["detection"], "detector": "small", "rates": 3}}
    table = run(conditions=reduced)
    row = table.loc["000-table6-promic-ap50"]
    assert row.verdict == "agrees (scaled down)" and not row.conditions_met
    assert table.verdict["000-table6-promic-ap"] == "differs (scaled down)"
    unmet = {c["name"]: (c["required"], c["run"]) for c in row.conditions if not c["met"]}
    assert unmet == {"detector": ("resnet50", "small"), "rates": (5, 3)}


def test_another_stack_differs_in_a_condition(run):
    table = run(dataset="kasthuri")
    assert table.verdict["000-table6-promic-ap50"] == "agrees (scaled down)"


def test_the_phantom_never_answers_a_claim_about_real_slices(run):
    assert run(dataset="phantom").verdict["000-table6-promic-ap50"] == "smoke"


def test_a_smoke_run_earns_nothing(run):
    table = run(conditions={**PAPER, "run": {"smoke": True, "labels": "Lucchi++"}})
    assert set(table.verdict) == {"smoke", "not run"}


def test_a_table_of_unknown_origin_earns_nothing(run, tmp_path):
    run()
    (tmp_path / "bd_ap.json").unlink()
    assert verdicts(tmp_path).set_index("id").verdict["000-table6-promic-ap50"] == "smoke"
