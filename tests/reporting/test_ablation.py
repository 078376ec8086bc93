"""The ablation's tables from made-up AP values whose deltas are known."""

import numpy as np
import pandas as pd
import pytest

from promic_nb.models.recipes import COMPARISONS, RECIPES
from promic_nb.reporting import ablation

RATES = {"low": 0.1, "middle": 0.2, "high": 0.4}
DISTANCE = {
    "B": -0.15,
    "E": -0.02,
    "H": -0.03,
    "ProMIC": 0.01,
}  # of every point of a curve, so also of its delta


NONE = pd.DataFrame(  # no intervals
    columns=[
        *("model", "against", "metric", "domain", "bd_pp", "low", "high", "no_interval"),
        *("seeds", "slices", "blocks", "draws"),
    ]
)


def over_seeds(ap, differences=NONE):
    return ablation.bd_over_seeds(ablation.bd_of_seeds(ap, 2), differences)


@pytest.fixture
def ap():
    """Three seeds, two of them shifted by 0.1 and 0.2 as a whole; B lies 0.01 lower and higher on
    two seeds.
    """
    rng = np.random.default_rng(0)
    level = {
        (rate, metric): rng.uniform(0.4, 0.6) for rate in RATES for metric in ablation.AP_COLUMNS
    }
    rows = [
        ("original", "pixels", float("nan"), s, m, 0.7)
        for s in range(3)
        for m in ablation.AP_COLUMNS
    ]
    for recipe, distance in {"A": 0.0, **DISTANCE}.items():
        for seed in range(3):
            own = distance + (0.01 * (seed - 1) if recipe == "B" else 0)
            rows += [
                (recipe, r, bpp, seed, m, level[r, m] + own + 0.1 * seed)
                for r, bpp in RATES.items()
                for m in ablation.AP_COLUMNS
            ]
    return pd.DataFrame(rows, columns=["recipe", "rate", "bpp", "seed", "metric", "value"])


def test_ap_over_seeds(ap):
    found = ablation.ap_over_seeds(ap).set_index(["recipe", "rate", "metric"])
    here = found.loc["A", "middle", "AP50"]
    low = ap.query(
        "recipe == 'A' and rate == 'middle' and metric == 'AP50' and seed == 0"
    ).value.item()
    assert here["mean"] == pytest.approx(low + 0.1) and here["std"] == pytest.approx(0.1)
    assert (here["min"], here["max"], here["seeds"], here["bpp"]) == (
        pytest.approx(low),
        pytest.approx(low + 0.2),
        3,
        pytest.approx(0.2),
    )


def test_each_seed_is_compared_with_its_own_model_a(ap):
    seeds = ablation.bd_of_seeds(ap, 2)
    assert (
        set(seeds.recipe) == set(DISTANCE)
        and not seeds.duplicated(["recipe", "seed", "metric", "domain"]).any()
    )
    b = (
        seeds.query("recipe == 'B' and metric == 'AP' and domain == 'linear'")
        .set_index("seed")
        .bd_pp
    )
    assert b.to_list() == pytest.approx([-16, -15, -14])
    bd = ablation.bd_over_seeds(seeds, NONE).set_index(["recipe", "metric", "domain"])
    for recipe, distance in DISTANCE.items():
        for domain in ("linear", "log"):
            assert bd.bd_pp[recipe, "APl", domain] == pytest.approx(100 * distance)
    assert bd.loc[("B", "AP50", "log"), ["std", "min", "max", "seeds"]].to_list() == pytest.approx(
        [1, -16, -14, 3]
    )
    assert bd["std"]["ProMIC", "AP50", "linear"] == pytest.approx(0, abs=1e-9)


def test_a_seed_without_model_a_has_a_reason_and_no_number(ap):
    bd = over_seeds(ap[(ap.recipe != "A") | (ap.seed != 2)]).set_index(
        ["recipe", "metric", "domain"]
    )
    here = bd.loc["B", "AP50", "linear"]
    assert here.seeds == 2 and here.bd_pp == pytest.approx(-15.5) and "0 points" in here.reason


def test_published_values_are_beside_ours(ap):
    table = ablation.with_published(over_seeds(ap))
    assert len(table) == 8 * 6
    b = table.query("recipe == 'B' and metric == 'AP50'").iloc[0]
    assert (b.published_pp, b.bd_pp, b.difference_pp) == (
        -15.41,
        pytest.approx(-15),
        pytest.approx(0.41),
    )
    assert b.compressed_domain and not (b.lrb or b.pd_ft or b.gdtt)
    assert (
        table.query("recipe == 'G'").bd_pp.isna().all()
        and (table.query("recipe == 'G'").seeds == 0).all()
    )
    assert set(ablation.with_published(over_seeds(ap), "Table 5").recipe) == {"B", "ProMIC"}


def test_ranking_has_the_published_order(ap):
    table = ablation.with_published(over_seeds(ap))
    order = ablation.ranking(table)
    assert order.recipe.to_list() == ["ProMIC", "E", "H", "B"]
    assert order.published_rank.to_list() == [1, 2, 3, 8]  # of the eight models of Table 6
    assert order.published_pp.to_list() == [-0.5, -0.72, -1.18, -15.41]


def test_both_forms_of_ap_are_side_by_side(ap):
    """With 11 points the same curves, and B nearer to A by 3 points."""
    eleven = ap.assign(
        metric=ap.metric + " (voc11)", value=ap.value + np.where(ap.recipe == "B", 0.03, 0)
    )
    bd = over_seeds(pd.concat([ap, eleven]))
    table = ablation.with_published(bd)
    b = table.query("recipe == 'B' and metric == 'AP50'").iloc[0]
    assert (b.bd_pp, b.bd_11_pp, b.std_11) == pytest.approx((-15, -12, 1))
    order = ablation.ranking(table).set_index("recipe")
    assert order.bd_11_pp["B"] == pytest.approx(-12) and order.rank_11["B"] == 4
    form = ablation.printed_form(table).data
    assert form.loc["B", ("BD-AP50 (pp)", "11 points")] == "-12.00 ± 1.00"
    assert form.loc["B", ("BD-AP50 (pp)", "101 points")] == "-15.00 ± 1.00"


def test_the_printed_form(ap):
    bd = over_seeds(ap)
    form = ablation.printed_form(ablation.with_published(bd)).data
    assert list(form.index) == ["A (Ref.)", "B", "C", "D", "E", "F", "G", "H", "ProMIC"]
    assert (
        form.loc["B", ("BD-AP50 (pp)", "101 points")] == "-15.00 ± 1.00"
        and form.loc["G", ("BD-AP (pp)", "101 points")] == "-"
    )
    assert form.loc["ProMIC", ("BD-APm (pp)", "published")] == "0.08"
    assert form.loc[
        "H", [("", "Compressed domain"), ("", "LRB"), ("", "PD-FT"), ("", "GDTT")]
    ].to_list() == ["✓", "✓", "", "✓"]
    assert form.loc["A (Ref.)", ("", "LRB")] == ""
    text = ablation.latex(ablation.printed_form(ablation.with_published(bd)), "Caption.")
    assert r"\checkmark" in text and r"$\pm$" in text and text.isascii()


def test_intervals_of_both_forms_are_beside_their_values(ap):
    """Those against A; an interval against another model is not ProMIC's or B's."""
    eleven = ap.assign(metric=ap.metric + " (voc11)")
    rows = [
        ("B", "A", "AP50", "linear", -15, -17, -13.5),
        ("B", "A", "AP50", "log", -15, -18, -13),
        ("B", "A", "AP50 (voc11)", "linear", -15, -16.5, -12.0),
        ("ProMIC", "B", "AP50", "linear", 16, 11, 22),
    ]
    found = pd.DataFrame(rows, columns=[*NONE.columns[:7]]).assign(
        no_interval="", seeds=3, slices=55, blocks=11, draws=2000
    )
    bd = over_seeds(pd.concat([ap, eleven]), found)
    by_model = bd.set_index(["recipe", "metric", "domain"])
    assert by_model.loc[("B", "AP50", "log"), ["low", "high", "blocks"]].to_list() == [-18, -13, 11]
    assert by_model.low["ProMIC", "AP50", "linear"] != by_model.low["ProMIC", "AP50", "linear"]
    table = ablation.with_published(bd)
    b = table.query("recipe == 'B' and metric == 'AP50'").iloc[0]
    assert (b.low, b.high, b.low_11, b.high_11) == (-17, -13.5, -16.5, -12.0)
    form = ablation.printed_form(table).data
    assert form.loc["B", ("BD-AP50 (pp)", "101 points")] == "-15.00 [-17.00, -13.50]"
    assert form.loc["B", ("BD-AP50 (pp)", "11 points")] == "-15.00 [-16.50, -12.00]"
    order = ablation.ranking(table).set_index("recipe")
    assert order.loc["B", ["low", "high_11"]].to_list() == [-17, -12.0]


def test_the_comparisons_each_change_one_part():
    for before, after in COMPARISONS:
        a, b = RECIPES[before], RECIPES[after]
        assert sum(getattr(a, part) != getattr(b, part) for part in ("lrb", "gdtt", "pd_ft")) == 1
    assert len(COMPARISONS) * 6 == 105 - 64 + 1 and len(COMPARISONS) * 2 == 49 - 36 + 1
