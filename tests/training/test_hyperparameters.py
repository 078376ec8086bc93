"""Tables 10-19 as data: values as printed, complete, and with a schedule that never goes below
zero.
"""

import pytest

from promic_nb.errors import UserError
from promic_nb.models.recipes import RECIPES
from promic_nb.training.hyperparameters import Hyperparameters, beside_published, get, tables


@pytest.mark.parametrize(
    ("recipe", "rate", "expected"),
    [
        ("original", None, (1, 1.88e-3, 1.01e-3, 1328, 38, 915)),
        ("A", 1.00, (2, 6.00e-3, 1.00e-4, 5000, 0, 1000)),
        ("D", 0.50, (3, 9.69e-1, 1.87e-4, 5000, 0, 1000)),
        ("H", 0.25, (5, 2.37e-6, 1.04e-6, 760, 70, 776)),
        ("ProMIC", 0.12, (7, 7.87e-5, 7.43e-5, 1617, 48, 204)),
    ],
)
def test_values_are_the_printed_ones(recipe, rate, expected):
    assert get(recipe, rate) == Hyperparameters(*expected)


def test_every_model_has_every_rate():
    assert set(tables()["recipes"]) == set(RECIPES)
    for recipe in set(RECIPES) - {"original"}:
        for rate in tables()["rates"]:
            values = get(recipe, rate)
            assert 0 < values.delta_lr <= values.base_lr
            assert values.batch >= 1 and values.steps >= 0 and values.interval >= 100


@pytest.mark.parametrize(
    ("recipe", "rate", "message"),
    [
        ("Z", 0.12, "recipe 'Z' has no published parameters"),
        ("A", 0.3, r"0\.3 bpp has no published parameters\. Choose one of 0\.12, 0\.25"),
        ("A", None, "None bpp"),
    ],
)
def test_a_missing_table_entry_is_named(recipe, rate, message):
    with pytest.raises(UserError, match=message):
        get(recipe, rate)


def test_conversion_to_training_parameters():
    assert get("ProMIC", 0.12).training() == {
        "batch": 7,
        "learning_rate": 7.87e-5,
        "solver": {
            "schedule": "delta",
            "delta": 7.43e-5,
            "initial_iteration": 1617,
            "decay_steps": 48,
            "iteration_step": 204,
        },
    }


def test_tables_can_come_from_a_file(tmp_path):
    file = tmp_path / "own.yaml"
    file.write_text(
        "rates: [0.1]\nrecipes: {B: {batch: [4], base_lr: [0.1], delta_lr: [0.05], initial: [100], "
        "steps: [2], interval: [100]}}"
    )
    assert get("B", 0.1, str(file)) == Hyperparameters(4, 0.1, 0.05, 100, 2, 100)
    with pytest.raises(
        UserError, match=r"recipe 'C' has no .*own\.yaml parameters. Choose one of B$"
    ):
        get("C", 0.1, str(file))


@pytest.mark.parametrize(
    "text",
    [
        "rates: [0.1]",
        "[1, 2]",
        "rates: [0.1]\nrecipes: {B: {batch: []}}",
        "rates: [0.1]\nrecipes: {B: {bach: [1]}}",
        "a: [",
        "",
    ],
)
def test_a_file_with_another_form_is_refused(tmp_path, text):
    file = tmp_path / "own.yaml"
    file.write_text(text)
    with pytest.raises(UserError, match=r"own\.yaml does not have the form of Tables 10-19"):
        tables(str(file))


def test_found_values_are_beside_published_ones():
    found = get("ProMIC", tables()["rates"][0])
    rows = beside_published(found, "ProMIC", tables()["rates"][0])
    assert all(value == printed for _, value, printed in rows)
    assert ("base_lr", found.base_lr, found.base_lr) in rows
    assert {printed for *_, printed in beside_published(found, "ProMIC", 9.9)} == {None}
