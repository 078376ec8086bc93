"""What a run's effective settings make of it."""

import json

import pytest
import yaml

from promic_nb.core.paths import code_file
from promic_nb.experiment.conditions import conditions, environment, shortfalls
from promic_nb.experiment.profile import load_profile


def profile(name, **settings):
    """A profile of config/ changed by settings, as Snakemake merges them."""
    values = yaml.safe_load(code_file(f"config/{name}.yaml").read_text())
    for key, value in settings.items():
        values[key] = {**values[key], **value} if isinstance(value, dict) else value
    return load_profile(values)


@pytest.mark.parametrize(("name", "smoke"), [("quick", True), ("cpu", False), ("paper", False)])
def test_the_shipped_profiles(name, smoke):
    assert conditions(profile(name))["run"]["smoke"] is smoke


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"smoke": True}, "smoke is true"),
        ({"slices": {"train": 4}}, "slices.train is 4"),
        ({"slices": {"test": 5}}, "slices.test is 5"),
        ({"latent": {"steps": 20}}, "latent.steps is 20"),
        ({"guided": {"steps": 20}}, "guided.steps is 20"),
        ({"rates": {"low": {"beta": 0.005}}, "probes": None}, None),
    ],
)
def test_cpu_reduced_by_settings_is_a_smoke_run(settings, why):
    short = shortfalls(profile("cpu", **settings))
    assert short == [] if why is None else len(short) == 1 and why in short[0]


def test_too_few_rates_earn_no_verdicts():
    two = {"low": {"beta": 0.005}, "high": {"beta": 0.02}}
    values = yaml.safe_load(code_file("config/cpu.yaml").read_text())
    assert shortfalls(load_profile({**values, "rates": two})) == [
        "2 rates; verdicts need at least 3"
    ]


def test_conditions_name_what_differs_from_the_dissertation():
    cpu, paper = conditions(profile("cpu")), conditions(profile("paper"))
    assert cpu["detection"]["detector"] == "small" and cpu["detection"]["steps"] == 500
    assert paper["detection"] == {
        "detector": "resnet50",
        "weights": "coco",
        "rates": 5,
        "steps": 50000,
        "every": 1,
        "trained": "translator only",
        "seeds": 1,
        "engine": "torchvision",
        "hyperparameters": "published",
    }
    assert cpu["run"]["labels"] == "synthetic" and paper["run"]["labels"] == "Lucchi++"
    assert conditions(profile("paper", data="/slices"))["run"]["labels"] == "of a local copy"


def test_jobs_get_the_conditions_from_an_environment_variable():
    (name, text), *rest = environment(profile("paper")).items()
    assert name == "PROMIC_CONDITIONS" and not rest
    assert json.loads(text) == conditions(profile("paper"))
