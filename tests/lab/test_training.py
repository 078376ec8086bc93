"""A detector for a user's own stack, by the workflow of the study."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import own_stacks as own
import pytest

from promic_nb.datasets.own.discover import init_stack
from promic_nb.errors import UserError
from promic_nb.lab.training import prepare
from promic_nb.models.load import load_detector

PROMIC = Path(sys.executable).parent / "promic"


def test_a_training_is_a_part_of_the_run_on_the_stack(stack):
    training = prepare(stack, "ProMIC", "smoke", "low")
    assert training.run.name == "smoke/mine"
    assert training.only == "models/ProMIC/low/seed0/model.safetensors"
    assert training.choice.values() == {"data": str(stack.resolve()), "dataset": "mine"}


def test_by_default_the_highest_rate_and_pixels_for_the_original(stack):
    assert prepare(stack, "A", "smoke").rate == "high"
    assert prepare(stack, "original", "smoke").only.startswith("models/original/pixels/")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("promic",), "recipe 'promic' is unknown. Choose one of original"),
        (("E", "smoke"), "profile 'smoke' does not train 'E'"),
        (("ProMIC", "smok"), "profile 'smok' is unknown"),
        (("ProMIC", "smoke", "medium"), "has no rate 'medium'"),
    ],
)
def test_an_unknown_name_is_refused(stack, arguments, says):
    with pytest.raises(UserError, match=says):
        prepare(stack, *arguments)


def test_a_stack_that_cannot_be_trained_on_is_refused(tmp_path):
    shutil.rmtree(own.folder_of_pngs(tmp_path / "mine") / "seg")
    init_stack(tmp_path / "mine")
    with pytest.raises(UserError, match="has no labels"):
        prepare(tmp_path / "mine", "ProMIC", "smoke")


@pytest.mark.slow
@pytest.mark.end_to_end
def test_a_stack_is_trained_on_and_its_bitstreams_are_read(tmp_path, project):
    """From a folder to objects in a bitstream by the commands alone; a second call has nothing to
    do.
    """
    shutil.copytree(project, tmp_path / "project")
    folder = own.folder_of_pngs(tmp_path / "mine", count=12)

    def promic(*args: str) -> str:
        done = subprocess.run(
            [PROMIC, *args],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            env={
                "PATH": f"{PROMIC.parent}:/usr/bin:/bin",
                "PROMIC_ROOT": str(tmp_path / "project"),
            },
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    promic("stack", "init", str(folder))
    train = ("train", "mine", "--profile", "smoke", "--out", "model.safetensors")
    about = json.loads(promic(*train, "--json"))
    assert (about["recipe"], about["rate"], about["run"]) == ("ProMIC", "high", "smoke/mine")
    model = load_detector(tmp_path / "model.safetensors")
    assert model.translator is not None and model.card.recipe == "ProMIC"
    assert "Nothing to be done" in promic(*train)
    promic("encode", "mine", "--codec", "jpegai_bop_off", "--set", "beta=0.02", "--out", "streams")
    said = promic("detect", "streams", "--model", "model.safetensors", "--out", "found")
    assert "12 slices" in said and "no image was decoded" in said
    assert "mitochondrion  12" in promic("evaluate", "found", "mine")
