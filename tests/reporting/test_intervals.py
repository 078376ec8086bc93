"""Tables of differences from made-up detections whose differences are known."""

import numpy as np
import pandas as pd
import pytest

from promic_nb.errors import UserError
from promic_nb.metrics.bootstrap import Draws
from promic_nb.metrics.detection import Detections, ap_family
from promic_nb.metrics.matching import match, slices_table, to_table
from promic_nb.reporting import ablation, cross_rates, intervals, matches

SLICES = list(range(0, 48, 3))
RATES = {"low": 0.1, "high": 0.4}
DRAWS = Draws(block=6, count=300)
# Share of the objects that a model finds, whatever the rate; F and G find as many, other ones.
FINDS = {"A": 0.9, "B": 0.4, "F": 0.7, "G": 0.7}


def boxes(count, rng):
    corners = 70.0 * np.stack([rng.permutation(count), rng.permutation(count)], axis=1)
    return np.concatenate([corners, corners + rng.uniform(40, 60, (count, 2))], axis=1)


@pytest.fixture(scope="module")
def tables():
    """matches, slices, ap of four models, two rates, two seeds; and of one on original images."""
    rng = np.random.default_rng(0)
    truth = [boxes(rng.integers(4, 9), rng) for _ in SLICES]
    parts, ap = [], []
    runs = [(m, r, bpp, s) for m in FINDS for r, bpp in RATES.items() for s in (0, 1)]
    for model, rate, bpp, seed in [*runs, ("original", "pixels", float("nan"), 0)]:
        found = []
        for objects in truth:
            seen = rng.uniform(size=len(objects)) < FINDS.get(model, 0.95)
            found.append(Detections(objects[seen], rng.uniform(size=seen.sum())))
        keys = {"model": model, "rate": rate, "seed": seed}
        parts.append(to_table(match(truth, found), SLICES).assign(**keys))
        ap += [{**keys, "bpp": bpp, "metric": m, "value": v}
               for m, v in ap_family(truth, found).items()]  # fmt: skip
    return pd.concat(parts), slices_table(truth, SLICES), pd.DataFrame(ap)


@pytest.fixture(scope="module")
def study(tables):
    return intervals.study(*tables, DRAWS)


def test_differences_at_a_rate_are_those_of_the_means_over_seeds(study, tables):
    ap = tables[2]
    pairs = intervals.all_pairs(["A", "B", "F", "G", "original"])
    table = intervals.ap_differences(study, pairs)
    assert len(table) == 10 * 2 * 12 and (table.blocks == 8).all() and (table.slices == 16).all()
    means = ap.groupby(["model", "rate", "metric"]).value.mean()
    for row in table[~table.model.isin(["original"])].itertuples():
        expected = means[row.model, row.rate, row.metric] - means[row.against, row.rate, row.metric]
        assert row.difference_pp == pytest.approx(100 * expected, nan_ok=True)
    assert (table.seeds == np.where(table.model == "original", 1, 2)).all()
    assert table.set_index("rate").bpp.to_dict() == pytest.approx(RATES)


def test_a_clear_difference_excludes_zero_and_an_absent_one_does_not(study):
    pairs = [("B", "A"), ("G", "F"), ("F", "B")]
    table = intervals.ap_differences(study, pairs).query("metric == 'AP50'")
    by_pair = table.set_index(["model", "rate"])
    assert (by_pair.loc["B"].high < -20).all() and (by_pair.loc["F"].low > 0).all()
    assert (by_pair.loc["G"].low < 0).all() and (by_pair.loc["G"].high > 0).all()
    assert (table.low < table.difference_pp).all() and (table.difference_pp < table.high).all()


def test_a_pair_turned_round_has_the_opposite_interval(study):
    table = intervals.bd_differences(study, [("B", "A"), ("A", "B")], 2).query("metric == 'AP'")
    there, back = (table[table.model == m].set_index("domain") for m in ("B", "A"))
    assert back.bd_pp.to_dict() == pytest.approx((-there.bd_pp).to_dict())
    assert back.low.to_dict() == pytest.approx((-there.high).to_dict())


def test_bd_ap_of_a_constant_offset_is_that_offset():
    """The same matches at all rates: BD-AP is the difference of AP, and so is its interval."""
    rng = np.random.default_rng(3)
    truth = [boxes(6, rng) for _ in SLICES]
    found = {
        "A": [Detections(t, rng.uniform(size=6)) for t in truth],
        "B": [Detections(t[:3], rng.uniform(size=3)) for t in truth],
    }
    rows = [(m, r, 0) for m in found for r in RATES]
    parts = [to_table(match(truth, found[m]), SLICES).assign(model=m, rate=r, seed=s)
             for m, r, s in rows]  # fmt: skip
    ap = pd.DataFrame([
        {"model": m, "rate": r, "bpp": RATES[r], "seed": s, "metric": k, "value": v}
        for m, r, s in rows for k, v in ap_family(truth, found[m]).items()
    ])  # fmt: skip
    study = intervals.study(pd.concat(parts), slices_table(truth, SLICES), ap, DRAWS)
    plain = intervals.ap_differences(study, [("B", "A")]).query("rate == 'low'").set_index("metric")
    for _, part in intervals.bd_differences(study, [("B", "A")], 2).groupby("domain"):
        delta = part.set_index("metric")
        for here, there in (("bd_pp", "difference_pp"), ("low", "low"), ("high", "high")):
            assert delta[here].to_dict() == pytest.approx(plain[there].to_dict(), nan_ok=True)


def test_too_few_rates_give_no_delta_but_the_columns(study):
    table = intervals.bd_differences(study, [("B", "A")], 4)
    assert table.empty and {"model", "against", "bd_pp", "low", "blocks"} <= set(table.columns)


def test_a_model_at_some_of_the_rates_has_the_interval_of_its_own_curve():
    """B lacks the middle rate, at which A is far from the line between its other two."""
    rng = np.random.default_rng(5)
    truth = [boxes(8, rng) for _ in SLICES]
    bpp = {"low": 0.1, "middle": 0.2, "high": 0.4}
    finds = {
        ("A", "low"): 2,
        ("A", "middle"): 7,
        ("A", "high"): 8,
        ("B", "low"): 1,
        ("B", "high"): 4,
    }
    parts, ap = [], []
    for (model, rate), count in finds.items():
        counts = np.clip(count - rng.integers(0, 2, len(truth)), 1, None)
        found = [Detections(t[:n], rng.uniform(size=n)) for t, n in zip(truth, counts, strict=True)]
        keys = {"model": model, "rate": rate, "seed": 0}
        parts.append(to_table(match(truth, found), SLICES).assign(**keys))
        ap += [{**keys, "bpp": bpp[rate], "metric": m, "value": v}
               for m, v in ap_family(truth, found).items()]  # fmt: skip
    scores = pd.DataFrame(ap)
    study = intervals.study(pd.concat(parts), slices_table(truth, SLICES), scores, DRAWS)
    table = intervals.bd_differences(study, [("B", "A")], 2)
    of_seeds = ablation.bd_of_seeds(scores.rename(columns={"model": "recipe"}), 2)
    keys = ["metric", "domain"]
    both = table.merge(of_seeds, on=keys, suffixes=("", "_seeds")).query("metric == 'AP50'")
    assert len(both) == 2 and (both.low < both.high).all()
    assert both.bd_pp.tolist() == pytest.approx(both.bd_pp_seeds.tolist())


def test_the_interval_of_a_mean_holds_it(study, tables):
    table = intervals.ap_intervals(study).set_index(["model", "rate", "metric"])
    assert len(table) == (4 * 2 + 1) * 12
    means = tables[2].groupby(["model", "rate", "metric"]).value.mean()
    for key in [("A", "low", "AP50"), ("B", "high", "AP"), ("original", "pixels", "AP75")]:
        assert table.low[key] < means[key] < table.high[key]


def test_equal_input_gives_equal_tables_bit_for_bit(study, tables):
    again = intervals.study(*tables, DRAWS)
    first, second = (intervals.ap_differences(s, [("B", "A"), ("G", "F")]) for s in (study, again))
    pd.testing.assert_frame_equal(first, second, check_exact=True)


def test_few_blocks_have_values_and_a_reason(tables):
    study = intervals.study(*tables, Draws(block=12, count=50))
    table = intervals.ap_differences(study, [("B", "A")])
    assert table.low.isna().all() and table.query("metric == 'AP50'").difference_pp.notna().all()
    assert set(table.no_interval) == {"4 blocks of slices, 8 are needed"}
    assert study.covers() == "no intervals: 16 slices are 4 blocks, and 8 are needed"


def test_the_caption_says_what_the_intervals_cover(study, tables):
    assert study.covers() == "95 % intervals: 300 draws of 16 slices in 8 blocks and of 2 seeds"
    found, slices, ap = tables
    one = intervals.study(found, slices, ap[ap.seed == 0], DRAWS)
    assert one.covers().endswith("one seed, so its chance is not covered")


def test_a_table_that_does_not_fit_the_detections_is_refused(tables):
    found, slices, ap = tables
    other = ap.assign(value=np.where(ap.model == "B", 0.5, ap.value))
    with pytest.raises(UserError, match=r"AP of B at rate high, seed 0, is 0\.5000 in its table"):
        intervals.study(found, slices, other[other.rate == "high"], DRAWS)


def test_models_at_other_rates_are_compared_with_those_of_the_rate():
    """A model that finds all at its own rate and half elsewhere, and one that is equal."""
    rng = np.random.default_rng(1)
    truth = [boxes(6, rng) for _ in SLICES]
    parts, rows = [], []
    for recipe in ("A", "ProMIC"):
        for trained in RATES:
            for tested, bpp in RATES.items():
                half = recipe == "ProMIC" and trained != tested
                found = [
                    Detections(t[: 3 if half else 6], np.ones(3 if half else 6)) for t in truth
                ]
                name = cross_rates.model_name(recipe, trained)
                table = to_table(match(truth, found), SLICES)
                parts.append(table.assign(model=name, rate=tested, seed=0))
                about = {"recipe": recipe, "trained": trained, "tested": tested}
                rows += [{**about, "bpp": bpp, "seed": 0, "metric": m, "value": v}
                         for m, v in ap_family(truth, found).items()]  # fmt: skip
    cross = pd.DataFrame(rows)
    study = cross_rates.read_study(cross, pd.concat(parts), slices_table(truth, SLICES), DRAWS)
    table = cross_rates.against_own_rate(study, cross).query("metric == 'AP50'")
    assert {*zip(table.model, table.against, table.rate, strict=True)} == {
        (f"{r} trained at rate {a}", f"{r} trained at rate {b}", b)
        for r in ("A", "ProMIC") for a, b in (("low", "high"), ("high", "low"))
    }  # fmt: skip
    by_model = table.set_index("model")
    assert (by_model.filter(like="ProMIC", axis=0).high < -40).all()
    assert (by_model.filter(regex="^A", axis=0)[["low", "difference_pp", "high"]] == 0).all(None)


class Files:
    """Tables as `Run.read_table` reads them."""

    def read_table(self, path):
        return pd.read_parquet(path)


def test_matches_of_a_run_are_collected(tmp_path):
    """Two slices with objects, one without, and a model that finds one object and a false one."""
    pd.DataFrame(
        [("test", 0, 0, 0, 50, 50), ("test", 6, 0, 0, 50, 50), ("train", 1, 0, 0, 9, 9)],
        columns=["split", "slice", *matches.BOX],
    ).to_parquet(tmp_path / "objects.parquet")
    rates = pd.DataFrame({"split": ["train", "test", "test", "test"], "slice": [1, 0, 3, 6]})
    rates.to_parquet(tmp_path / "rates_low.parquet")
    truth = matches.read_truth(Files(), tmp_path, ["low", "pixels"])
    assert truth.slice.tolist() == [0, 3, 6] and truth.x1.isna().tolist() == [False, True, False]
    at = tmp_path / "A"
    at.mkdir()
    rows = [("low", 0, 6, 0, 0, 50, 50, 0.9), ("low", 0, 3, 0, 0, 50, 50, 0.8)]
    pd.DataFrame(rows, columns=["rate", "seed", "slice", *matches.BOX, "score"]).to_parquet(
        at / "detections.parquet"
    )
    pd.DataFrame({"rate": ["low"], "seed": [0]}).to_parquet(at / "ap.parquet")
    found, slices = matches.read_matches(Files(), {at / "ap.parquet": "A"}, truth)
    assert slices.objects.tolist() == [1, 0, 1]
    assert found.model.tolist() == ["A", "A"] and found.slice.tolist() == [6, 3]
    assert found.found.tolist() == [1023, 0] and found.false.tolist() == [0, 1023]
    rates.iloc[:3].to_parquet(tmp_path / "rates_high.parquet")
    with pytest.raises(UserError, match="rates_high and rates_low have other test slices"):
        matches.read_truth(Files(), tmp_path, ["low", "high"])
