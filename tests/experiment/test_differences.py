"""The settings of the published studies beside a profile's, and the page made from them."""

from pathlib import Path

import pytest
import yaml

from promic_nb.experiment import differences as module
from promic_nb.experiment.differences import differences, page, stored_profiles
from promic_nb.experiment.profile import load_profile
from promic_nb.experiment.published import settings

ROOT = Path(__file__).parents[2]


def here(**changes) -> dict[str, str]:
    """What the profile `cpu` with changed keys has in place of the published settings."""
    config = yaml.safe_load((ROOT / "config" / "cpu.yaml").read_text())
    return {row["setting"]: row["here"] for row in differences(load_profile(config | changes))}


def test_the_page_is_up_to_date():
    written = (ROOT / module.PAGE).read_text(encoding="utf-8")
    assert written == page(stored_profiles(ROOT)), f"write it anew: {module.COMMAND}"


def test_the_page_has_a_column_for_each_profile_and_all_studies():
    text = page(stored_profiles(ROOT))
    names = [file.stem for file in (ROOT / "config").glob("*.yaml")]
    assert all(f"`{name}`" in text for name in names)
    assert {f"## {s.study}" for s in settings()} == {
        line for line in text.splitlines() if line.startswith("## ")
    }


def test_the_settings_of_the_small_detector_differ():
    found = here(rates={"low": {"beta": 0.005}, "high": {"beta": 0.02, "gain": 200}})
    assert found["score threshold"] == "0.05"
    assert found["anchors"] == "24, 40, 64, 110, 200: one on every level"
    assert found["optimizer of GDTT"] == "Adam, learning rate: one cycle"
    assert found["validation slices"] == "none"
    assert found["rates"] == "2 (beta 0.005, beta 0.02 gain +200)"
    assert found["most iterations"] == "original 1,500, A 500, B to ProMIC 800, GDTT 2,000"
    assert found["trainings of each model"] == "3" and found["labels"] == "synthetic"
    assert here(dataset="lucchi", data="PATH")["labels"] == "of a local copy"


@pytest.mark.parametrize(
    ("changes", "setting"),
    [
        ({"detector": "resnet50"}, "anchors"),
        ({"detector": "resnet50"}, "score threshold"),
        ({"seeds": [0]}, "trainings of each model"),
        ({"weights": "coco"}, "starting weights"),
        ({"slices": {"train": 1, "test": 1, "val": 1}}, "validation slices"),
        ({"dataset": "lucchi"}, "labels"),
        (
            {
                name: {"steps": 50000, "learning_rate": 0.1}
                for name in ("original", "reconstructed", "latent", "guided")
            },
            "most iterations",
        ),
    ],
)
def test_a_setting_as_published_is_no_difference(changes, setting):
    assert setting in here()
    assert setting not in here(**changes)


def test_a_run_without_a_related_study_has_nothing_in_its_place():
    config = yaml.safe_load((ROOT / "config" / "cpu.yaml").read_text())
    alone = load_profile(config | {"studies": {}})
    words = {s.of(alone) for s in settings() if "000" not in s.study}
    assert words == {""}
    assert "| not run |" in page([alone, load_profile(config)])
