"""What Snakemake would run again after a change: dry runs of the tiny profile, in a copy of the
project in which every output is there.
"""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from promic_nb.core.paths import copy_project

ROOT = Path(__file__).parents[2]
TINY = ROOT / "tests" / "end_to_end" / "tiny.yaml"
OUTPUT = re.compile(r"^    output: (.*)$", flags=re.MULTILINE)
JOB = re.compile(
    r"^(?:local)?rule (\w+):\n(?:    .*\n)*?    output: (?:\S+/)?([^/\s]+?)\.\w+(?:,|$)",
    flags=re.MULTILINE,
)
LAST = {("report", "report")}


class Project:
    """A copy of the project whose run is finished, as far as Snakemake sees."""

    def __init__(self, folder: Path, data: Path) -> None:
        self.folder, self.data = copy_project(ROOT, folder), data
        self.profile = folder / "profile.yaml"
        self.profile.write_text(TINY.read_text())
        outputs = [
            f for line in OUTPUT.findall(self.dry_run("--forceall")) for f in line.split(", ")
        ]
        now = time.time()
        for file in {folder / name for name in outputs}:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
            os.utime(file, (now, now))

    def dry_run(self, *options: str) -> str:
        command = [
            *(Path(sys.executable).parent / "snakemake", "--dry-run", "--configfile", self.profile),
            *("--config", f"data={self.data}", "dataset=phantom", "--quiet", "host", "reason"),
            *options,
        ]
        env = {**os.environ, "PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            command, cwd=self.folder, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def planned(self) -> set[tuple[str, str]]:
        """Rule and executed notebook, or other output, of each job that would run."""
        return set(JOB.findall(self.dry_run()))

    def after(self, *changed: str) -> set[tuple[str, str]]:
        """What would run if these source files were changed now."""
        before = {name: (self.folder / name).stat().st_mtime for name in changed}
        try:
            for name in changed:
                later = time.time() + 60
                os.utime(self.folder / name, (later, later))
            return self.planned()
        finally:
            for name, when in before.items():
                os.utime(self.folder / name, (when, when))


@pytest.fixture(scope="module")
def project(tmp_path_factory, tiny_root):
    return Project(tmp_path_factory.mktemp("project") / "copy", tiny_root)


@pytest.fixture
def edit(project):
    """Change a file by a function of its text, until the test ends."""
    saved = {}

    def change(name: str, function) -> None:
        file = project.folder / name
        saved[file] = (file.read_text(), file.stat().st_mtime) if file.exists() else None
        file.write_text(function(saved[file][0] if saved[file] else ""))
        os.utime(file, (time.time() + 60, time.time() + 60))

    yield change
    for file, old in saved.items():
        if old is None:
            file.unlink()
        else:
            file.write_text(old[0])
            os.utime(file, (old[1], old[1]))


def test_a_finished_run_has_nothing_to_do(project):
    assert project.planned() == set()


def test_a_change_in_plots_reruns_pages_that_draw_and_the_report(project):
    drawing = {
        ("dataset", "01_dataset"),
        ("rate_distortion", "04_rate_distortion"),
        ("detection", "08_detection"),
        ("transform_coding", "11_transform_coding"),
        ("deblocking", "13_deblocking"),
        ("latent_learning", "15_latent_learning"),
        ("multitask", "17_multitask"),
        ("extensions", "18_extensions"),
        ("probes", "21_probes"),
    }
    plots = sorted((project.folder / "promic_nb" / "reporting").glob("plots*/**/*.py")) or [
        project.folder / "promic_nb" / "reporting" / "plots.py"
    ]
    found = project.after(*(str(file.relative_to(project.folder)) for file in plots))
    assert found == drawing | LAST


def test_a_change_in_the_loop_of_training_reruns_trainings_and_what_reads_them(project):
    found = {rule for rule, _ in project.after("promic_nb/training/fit.py")}
    assert {"model", "guided_translator", "train_deblocking", "multitask_train"} <= found
    assert not found & {"data", "dataset", "benchmark", "latents", "conformance"}


def test_a_touched_table_of_names_reruns_nothing(project):
    tables = [
        str(file.relative_to(project.folder))
        for file in (project.folder / "promic_nb").rglob("registry.py")
        if file.parent.name != "core"
    ]
    assert tables and project.after(*tables) == set()


def test_a_new_deblocking_network_reruns_its_training_and_what_reads_it(project, edit):
    study = "promic_nb/studies/deblocking"
    place = "promic_nb.studies.deblocking.networks.mine:UNET"
    edit(f"{study}/networks/mine.py", lambda _: (ROOT / study / "networks/unet.py").read_text())
    edit(
        f"{study}/registry.py",
        lambda text: text.replace("    {\n", f'    {{\n        "mine": "{place}",\n', 1),
    )

    def with_mine(text):
        profile = yaml.safe_load(text)
        profile["studies"]["deblocking"]["models"].append({"networks": ["mine"]})
        return yaml.safe_dump(profile)

    edit("profile.yaml", with_mine)
    assert project.planned() == LAST | {
        ("train_deblocking", "12_train_deblocking-mine-mse-75-seed0"),
        ("deblocking", "13_deblocking"),
    }


def test_the_snakefile_and_the_profiles_keep_to_100_columns():
    files = [ROOT / "Snakefile", TINY, *(ROOT / "config").rglob("*.yaml")]
    assert not [
        f"{file}:{n}"
        for file in files
        for n, line in enumerate(file.read_text().splitlines(), 1)
        if len(line) > 100
    ]


def test_every_rule_has_a_log_a_benchmark_and_resources():
    text = (ROOT / "Snakefile").read_text()
    rules = [
        block for block in re.split(r"^ *rule ?\w*:\n", text, flags=re.M)[1:] if "shell" in block
    ]
    assert len(rules) == 3  # the data, every notebook, the report
    for block in rules:
        assert all(f"{part}:\n" in block for part in ("log", "benchmark", "resources"))
