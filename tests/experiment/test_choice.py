"""Which run the arguments of a command mean, and how it is called."""

import copy

import pytest
import yaml
from snakemake.utils import update_config

from promic_nb.core.paths import code_file
from promic_nb.errors import UserError
from promic_nb.experiment.choice import Choice, merge, named

QUICK = yaml.safe_load(code_file("config/quick.yaml").read_text())


@pytest.fixture
def settings(project, monkeypatch, tmp_path):
    """Write a settings file and give its path."""
    monkeypatch.setenv("PROMIC_ROOT", str(project))
    monkeypatch.delenv("PROMIC_CELLS", raising=False)

    def write(values: dict, name: str = "mine.yaml") -> str:
        (tmp_path / name).write_text(yaml.safe_dump(values))
        return str(tmp_path / name)

    return write


def run_of(file: str = "", **arguments: str) -> str:
    return Choice("quick", file, **arguments).load().run.name


def test_a_profile_as_it_is_keeps_its_name(settings):
    assert run_of() == "quick/phantom"


def test_changed_settings_give_a_name_with_their_files_name_and_a_hash(settings):
    name = run_of(settings({"latent": {"steps": 20}}))
    profile, dataset = name.split("/")
    assert profile.startswith("quick+mine-") and dataset == "phantom"
    digest = profile.removeprefix("quick+mine-")
    assert len(digest) == 4 and int(digest, 16) >= 0


def test_different_values_have_different_names_and_equal_values_the_same(settings):
    twenty = run_of(settings({"latent": {"steps": 20}}))
    assert run_of(settings({"latent": {"steps": 21}})) != twenty
    # The same value beside one that the profile has already
    again = settings({"latent": {"steps": 20, "learning_rate": 0.01}, "seeds": [0]})
    assert run_of(again) == twenty


@pytest.mark.parametrize("values", [{}, {"latent": {"steps": 500}}, {"engine": "torchvision"}])
def test_settings_that_change_nothing_keep_the_profiles_name(settings, values):
    """One repeats a value of the profile, one a default that the profile does not name."""
    assert run_of(settings(values)) == "quick/phantom"


def test_data_and_data_set_change_the_folder_but_not_the_name(settings, tiny_root):
    assert run_of(data=str(tiny_root)) == "quick/lucchi"
    assert run_of(dataset="kasthuri") == "quick/kasthuri"
    assert run_of(settings({"dataset": "kasthuri"})) == "quick/kasthuri"
    assert Choice("paper").load().run.name == "paper/lucchi"  # its own data set


def test_a_removed_study_is_a_change(settings):
    assert run_of(settings({"studies": {"deblocking": None}})).startswith("quick+mine-")


def test_a_run_is_named_by_what_was_changed_whatever_the_files_name(settings):
    values = {"latent": {"steps": 20}}
    mine = run_of(settings(values))
    other = run_of(settings(values, "for the paper (2).yaml"))
    assert other.startswith("quick+for-the-paper-2-")
    assert mine.split("/")[0][-4:] == other.split("/")[0][-4:]


def test_a_change_given_to_snakemake_itself_is_named_too(settings):
    changed = {**QUICK, "seeds": [0, 1]}
    assert named(changed, ["config/quick.yaml"]).profile.startswith("quick+changed-")
    assert named({**QUICK, "profile": "own"}, ["own.yaml"]).profile == "own"


def test_settings_are_merged_as_snakemake_does(settings):
    over = {
        "latent": {"steps": 3},
        "rates": {"top": {"beta": 0.1}},
        "probes": {"rate": "low"},
        "studies": {"deblocking": None},
        "seeds": [4],
    }
    ours, theirs = copy.deepcopy(QUICK), copy.deepcopy(QUICK)
    merge(ours, over)
    update_config(theirs, over)
    assert ours == theirs and ours != QUICK


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"profile": "quik"}, "profile 'quik' is unknown. Choose one of: .*quick"),
        ({"settings": "none.yaml"}, "settings none.yaml do not exist"),
        ({"data": "none"}, "data folder none does not exist"),
        ({"cells": "none"}, "cell images none/images do not exist"),
    ],
)
def test_a_missing_file_or_folder_is_named(settings, arguments, message):
    with pytest.raises(UserError, match=message):
        Choice(**{"profile": "quick", **arguments}).load()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("latent: {steps: 20", "mine.yaml is not valid YAML"),
        ("- a\n- b\n", "mine.yaml is not a mapping"),
        ("latent: {stepps: 20}\n", "latent.stepps"),
    ],
)
def test_a_damaged_settings_file_is_named(settings, tmp_path, text, message):
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(UserError, match=message):
        Choice("quick", str(tmp_path / "mine.yaml")).load()
