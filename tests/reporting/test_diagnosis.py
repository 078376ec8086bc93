"""The diagnosis: what one change does to a model."""

import pandas as pd
import pytest

from promic_nb.reporting.diagnosis import answer, gathered

COLUMNS = ["recipe", "rate", "bpp", "seed", "split", "metric", "value"]
FILES = {
    "own0": [("B", "high", 0.75, 0, "val", "AP50", 0.5)],
    "own1": [("B", "high", 0.75, 1, "val", "AP50", 0.6), ("B", "high", 0.75, 1, "val", "AP", 0.3)],
    "other": [("ProMIC", "high", 0.75, 0, "val", "AP50", 0.8)],
    "new0": [("B", "high", 0.75, 0, "val", "AP50", 0.7)],
    "new1": [
        ("B", "high", 0.75, 1, "val", "AP50", 0.7),
        ("B", "high", 0.75, 1, "train", "AP50", 0.9),
    ],
}


@pytest.fixture
def table():
    results = {"own.own": ["own0", "own1", "other"], "norm.lr0.03": ["new0", "new1"]}
    return gathered(results, lambda name: pd.DataFrame(FILES[name], columns=COLUMNS))


def test_each_model_is_compared_with_the_own_one_of_its_seed(table):
    new = table[(table.question == "norm") & (table.split == "val")].set_index("seed")
    assert new.change_pp.to_dict() == pytest.approx({0: 20.0, 1: 10.0})
    assert set(new.setting) == {"lr0.03"}  # the name of a setting may have a point
    assert table[table.question == "own"].change_pp.isna().all()
    assert table[table.split == "train"].change_pp.isna().all()  # nothing to compare with


def test_an_answer_has_the_own_models_of_its_recipes_and_means_over_seeds(table):
    found = answer(table, "norm", ["AP50", "AP"]).set_index("setting")
    assert list(found.index) == ["own", "lr0.03"] and set(found.recipe) == {"B"}
    assert found.AP50.to_dict() == pytest.approx({"own": 55.0, "lr0.03": 70.0})
    assert found["AP50 change"]["lr0.03"] == pytest.approx(15.0)
    assert found["AP50 train"]["lr0.03"] == pytest.approx(90.0)
    assert found.seeds.to_dict() == {"own": 2, "lr0.03": 2}
