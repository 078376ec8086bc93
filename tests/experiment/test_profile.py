"""Profiles: mistakes are named before anything runs; published hyperparameters replace values."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from promic_nb.errors import UserError
from promic_nb.experiment.profile import load_profile

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def in_the_project(monkeypatch, project):
    monkeypatch.chdir(project)


@pytest.fixture
def quick():
    return yaml.safe_load((ROOT / "config" / "quick.yaml").read_text())


SHIFTED = {
    "asks": "Do eight views help?",
    "recipes": ["A"],
    "settings": {"one": {"augmentation": "none"}, "eight": {"augmentation": "shifted"}},
}
WITH_VAL = {"train": 1, "test": 1, "val": 1}


def evaluating(steps):
    return {"steps": steps, "learning_rate": 0.1, "solver": {"eval_every": 100}}


@pytest.mark.parametrize("profile", sorted((ROOT / "config").glob("*.yaml")), ids=lambda p: p.stem)
def test_profiles_are_valid_and_carry_their_name(profile):
    assert load_profile(yaml.safe_load(profile.read_text())).profile == profile.stem


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sedes": [1]}, "sedes: .*Did you mean 'seeds'"),
        ({"detector": "resnet"}, "detector: .*'resnet' is unknown. Did you mean 'resnet50'"),
        (
            {"slices": {"train": 0, "test": 1}},
            "slices.train: Input should be greater than or equal to 1",
        ),
        ({"rates": {"low": {"beta": -1.0}}}, "rates.low.beta"),
        ({"rates": {"low": {"gain": 100}}}, "rates.low: .*a rate needs a beta"),
        ({"rates": {"low": {"codec": "jpegai_vm33", "beta": 0.005}}}, "except with jpegai_vm33"),
        ({"rates": {"low": {"codec": "jpeg"}}}, "rates.low.codec"),
        ({"recipes": ["ProMIC"]}, "Add both to recipes"),
        ({"crop": 250}, "crop: .*a side, a multiple of 64, or the least share"),
        (
            {"extensions": {"rate": "lowest"}},
            "extensions.rate is 'lowest'. Choose one of low, high",
        ),
        (
            {"extensions": {"rate": "low", "one_model": ["gains"]}},
            "extensions.one_model.0: Input should be 'none', 'gain' or 'affine'",
        ),
        (
            {"extensions": {"rate": "low", "masks": True}, "engine": "detectron2"},
            "extensions.masks with the engine 'detectron2'",
        ),
        (
            {"diagnosis": {"questions": {"views": SHIFTED}}},
            "views.eight has the augmentation 'shifted', but slices are encoded for 'encoded'",
        ),
        (
            {"latent": evaluating(250), "slices": WITH_VAL},
            r"latent.steps \(250\) is not a multiple",
        ),
        (
            {"reconstructed": evaluating(200), "equal_budget": True, "slices": WITH_VAL}
            | {"latent": {"steps": 130, "learning_rate": 0.1}}
            | {"guided": {"steps": 120, "learning_rate": 0.1}},
            r"guided.steps and latent.steps together \(250\) is not a multiple of eval_every, 100",
        ),
    ],
)
def test_a_mistake_in_a_profile_is_named(quick, change, message):
    with pytest.raises(UserError, match=message):
        load_profile({**quick, **change})


def test_each_extension_is_one_variant_of_promic(quick):
    extensions = {
        "rate": "low",
        "channels": [8, 16],
        "guidance": [0.5],
        "one_model": ["gain"],
        "masks": True,
    }
    variants = load_profile({**quick, "extensions": extensions}).extensions.variants()
    assert variants["channels8-importance"] == {"channels": 8, "channel_choice": "importance"}
    assert set(variants) == {
        f"channels{n}-{c}" for n in (8, 16) for c in ("variance", "importance")
    } | {"guidance0.5", "one-model-gain", "masks"}


def test_a_rate_point_is_a_codec_and_its_settings(quick):
    rates = load_profile(
        {**quick, "rates": {"low": {"beta": 0.005}, "vm33": {"codec": "jpegai_vm33", "gain": 100}}}
    ).rates
    assert (rates["low"].codec, rates["low"].settings) == (
        "jpegai_bop_off",
        {"beta": 0.005, "gain": 0},
    )
    assert (rates["vm33"].codec, rates["vm33"].settings) == ("jpegai_vm33", {"gain": 100})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"codecs": {"hevc": [{"qp": 99}]}},
            "profile 'quick': benchmark.codecs: codec 'hevc': parameter 'qp' is 99. "
            "Choices: a whole number",
        ),
        (
            {"codecs": {"vvc": [{"qp": 30, "presett": "fast"}]}},
            "unknown parameter 'presett'. Did you mean 'preset'",
        ),
        (
            {"codecs": {"jpegai_bop_off": [{"target_bpp": [0.1], "gain": 3}]}},
            "target_bpp is given with gain",
        ),
        ({"codecs": {"hecv": []}}, "benchmark.codecs.hecv"),
        (
            {"metrics": ["psnrr"]},
            "benchmark.metrics.0: metric 'psnrr' is unknown. Did you mean 'psnr'",
        ),
    ],
)
def test_a_mistake_in_the_benchmark_is_named_before_anything_runs(quick, change, message):
    with pytest.raises(UserError, match=message):
        load_profile({**quick, "benchmark": {**quick["benchmark"], **change}})


def published(profile, **more):
    rates = {"low": {"beta": 0.005, "target_bpp": 0.12}, "high": {"beta": 0.02, "target_bpp": 1.0}}
    guided = {
        "steps": 700,
        "learning_rate": 0.1,
        "batch": 4,
        "solver": {"schedule": "plateau", "epoch": 30},
    }
    return {**profile, "rates": rates, "hyperparameters": "published", "guided": guided, **more}


def test_published_hyperparameters_replace_batch_rate_and_schedule(quick):
    plain = load_profile(quick)
    assert plain.training("ProMIC", "low") == quick["latent"] | {
        "batch": 2,
        "solver": {},
        "fine_tuning": {},
    }
    latent = {"steps": 50000, "learning_rate": 0.1, "solver": {"momentum": 0.949, "delta": 0.05}}
    profile = load_profile(published(quick, latent=latent))
    assert profile.training("ProMIC", "high") == {
        "steps": 50000,
        "batch": 4,
        "learning_rate": 2.39e-2,
        "fine_tuning": {},
        "solver": {
            "momentum": 0.949,
            "schedule": "delta",
            "delta": 2.36e-2,
            "initial_iteration": 1956,
            "decay_steps": 35,
            "iteration_step": 134,
        },
    }
    assert profile.training("original", "pixels")["learning_rate"] == 1.88e-3
    assert profile.training("A", "low")["batch"] == 1
    guided = profile.guided_training(True, "low")
    assert (guided["batch"], guided["learning_rate"], guided["steps"]) == (1, 4.23e-1, 700)
    assert guided["solver"] == {
        "schedule": "plateau",
        "epoch": 120,
    }  # as many slices as 30 batches of 4
    assert profile.guided_training(False, "high")["learning_rate"] == 1.01e-1
    assert profile.rates["low"].settings == {"beta": 0.005, "gain": 0}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"rates": {"low": {"beta": 0.005}}},
            "profile 'quick': hyperparameters: target rate None bpp has no published parameters",
        ),
        (
            {"rates": {"low": {"beta": 0.005, "target_bpp": 0.3}}},
            r"target rate 0\.3 bpp .*Choose one of 0\.12",
        ),
        ({"hyperparameters": "none.yaml"}, "none.yaml does not exist"),
        ({"guided": {"steps": 700, "learning_rate": 0.1}}, "GDTT learning rates are for SGD"),
        ({"probes": {"rate": "middle"}}, "probes name a recipe or a rate"),
        ({"probes": {"rate": "low", "cross": ["H"]}}, "probes name a recipe or a rate"),
    ],
)
def test_tables_and_probes_that_do_not_fit_are_named(quick, change, message):
    with pytest.raises(UserError, match=message):
        load_profile(published(quick, **change))


def test_checking_a_profile_imports_no_torch():
    code = (
        "import sys, yaml; from promic_nb.experiment.profile import load_profile; "
        "load_profile(yaml.safe_load(open('config/quick.yaml'))); "
    )
    done = subprocess.run(
        [sys.executable, "-c", code + "print('torch' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "False"


def test_a_missing_key_is_named(quick):
    del quick["seeds"]
    with pytest.raises(UserError, match="seeds: Field required"):
        load_profile(quick)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seeds": [0, 0]}, "'quick': seeds: .*0 occurs twice"),
        ({"recipes": ["original", "A", "B", "A"]}, "recipes: .*'A' occurs twice"),
        (
            {"rates": {"low": {"beta": 0.005}, "same": {"beta": 0.005, "gain": 0}}},
            "rates 'low' and 'same' are the same point",
        ),
    ],
)
def test_duplicates_in_a_profile_are_refused(quick, change, message):
    with pytest.raises(UserError, match=message):
        load_profile({**quick, **change})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"metrics": ["psnr", "psnr"]}, "benchmark.metrics: .*'psnr' occurs twice"),
        ({"codecs": {"hevc": [{"qp": 30}, {"qp": 30}]}}, "occurs twice"),
        ({"codecs": {"jpeg": [{}, {"quality": 50}]}}, "the settings of jpeg have .* twice"),
    ],
)
def test_a_setting_that_occurs_twice_is_refused(quick, change, message):
    with pytest.raises(UserError, match=message):
        load_profile({**quick, "benchmark": {**quick["benchmark"], **change}})
