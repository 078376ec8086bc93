"""Mistakes in a profile or in a notebook's parameters: nothing starts."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from bad_input import ROOT, files, merged, refused
from click.testing import CliRunner

from promic_nb.experiment.profile import load_profile

PROFILES = {
    "misspelt key": ({"detectr": "small"}, "Did you mean 'detector'?"),
    "misspelt codec": (
        {"benchmark": {"codecs": {"jpg": [{"quality": 5}]}}},
        "benchmark.codecs.jpg",
    ),
    "misspelt codec setting": (
        {"benchmark": {"codecs": {"jpeg": [{"qualty": 5}]}}},
        "unknown parameter 'qualty'. Did you mean 'quality'?",
    ),
    "setting out of range": (
        {"benchmark": {"codecs": {"hevc": [{"qp": 60}]}}},
        "a whole number from 0 to 51",
    ),
    "negative target rate": (
        {"benchmark": {"codecs": {"jpeg": [{"target_bpp": [-0.5]}]}}},
        "target_bpp",
    ),
    "misspelt metric": ({"benchmark": {"metrics": ["pnsr"]}}, "benchmark.metrics.0"),
    "misspelt model": ({"recipes": ["original", "A", "PROMIC"]}, "recipes.2"),
    "a model without the one before it": ({"recipes": ["ProMIC"]}, "start from A"),
    "negative rate": ({"rates": {"low": {"beta": -0.005}}}, "rates.low.beta"),
    "a rate that leads out of the folder": (
        {"rates": {"../../low": {"beta": 0.005}}},
        "rates.../../low",
    ),
    "a profile that leads out of the folder": ({"profile": "../quick"}, "profile: "),
    "no learning rate": (
        {"latent": {"steps": 4, "learning_rate": float("nan")}},
        "latent.learning_rate",
    ),
    "no steps": ({"latent": {"steps": 0, "learning_rate": 0.1}}, "latent.steps"),
    "a crop of no use": ({"crop": 100}, "crop: "),
    "a text for a number": ({"min_bd_points": "2"}, "min_bd_points"),
    "a rate without a model": ({"rates": {"low": {"gain": 3}}}, "a rate needs a beta"),
    "a list for a mapping": ({"rates": [1, 2]}, "rates: "),
    "evaluation without validation slices": (
        {"latent": {"steps": 4, "learning_rate": 0.1, "solver": {"eval_every": 2}}},
        "but has no validation slices",
    ),
    "tests on validation slices that it lacks": (
        {"tested": ["val"]},
        "tests on validation slices but has none",
    ),
    "a misspelt study": ({"study": "improvd"}, "study: "),
    "a misspelt augmentation": ({"augmentation": "flips"}, "augmentation: "),
    "only rates that there are not": (
        {"only_rates": {"B": ["middle"]}},
        "only_rates.B names a rate that it does not have",
    ),
    "a diagnosis of a recipe that is not trained": (
        {"diagnosis": {"questions": {"norm": {"recipes": ["H"]}}}},
        "diagnosis.questions.norm names recipes",
    ),
    "a diagnosis at an unknown rate": (
        {"diagnosis": {"questions": {"norm": {"rates": ["middle"]}}}},
        "diagnosis.questions.norm names unknown rates",
    ),
}


@pytest.mark.parametrize("case", PROFILES)
def test_profiles(here, case):
    change, says = PROFILES[case]
    base = yaml.safe_load((ROOT / "config/smoke.yaml").read_text())
    with refused(here, says):
        load_profile(merged(base, change))


PARAMETERS = {
    "misspelt parameter": (
        ["-p", "codex", "hevc"],
        "unknown parameter 'codex'. Did you mean 'codec'?",
    ),
    "misspelt codec": (["-p", "codec", "heic"], "parameter 'codec' is 'heic'. Choices: 'jpeg'"),
    "misspelt metric": (["-y", "metrics: [psnr, vamf]"], "parameter 'metrics'"),
    "wrong type": (["-y", "settings: 30"], "parameter 'settings' is 30"),
    "negative number": (["-p", "threads", "-1"], "a whole number from 1"),
}


@pytest.mark.parametrize("case", PARAMETERS)
def test_notebook_parameters(here, case):
    """papermill's own command; no kernel starts, and the earlier output stays."""
    from papermill.__main__ import papermill

    args, says = PARAMETERS[case]
    before = files(here)
    notebook, out = ROOT / "notebooks/03_codec_benchmark.ipynb", here / "out/out.ipynb"
    done = CliRunner().invoke(
        papermill, ["--engine", "promic", "--no-progress-bar", str(notebook), str(out), *args]
    )
    assert done.exit_code == 1 and isinstance(done.exception, SystemExit)
    lines = [line for line in done.output.splitlines() if line.startswith("promic: ")]
    assert len(lines) == 1 and says in lines[0] and "Traceback" not in done.output
    assert files(here) == before


def test_snakemake_starts_with_a_mistake(here):
    """The Snakefile itself, as a cluster's user would start it."""
    change = yaml.safe_dump(
        merged(
            yaml.safe_load((ROOT / "config/smoke.yaml").read_text()),
            {"recipes": ["original", "a"]},
        )
    )
    (here / "mine.yaml").write_text(change)
    for name in ("Snakefile", "notebooks"):
        (here / name).symlink_to(ROOT / name)
    before = files(here)
    command = [Path(sys.executable).parent / "snakemake", "--configfile", "mine.yaml", "--dry-run"]
    done = subprocess.run(command, cwd=here, capture_output=True, text=True, check=False)
    lines = [
        line for line in (done.stdout + done.stderr).splitlines() if line.startswith("promic: ")
    ]
    assert done.returncode != 0 and len(lines) == 1 and "recipes.1" in lines[0]
    assert {k: v for k, v in files(here).items() if not k.startswith(".snakemake")} == before
