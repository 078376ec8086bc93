"""What Snakemake would run again after a change: dry runs of the smallest profile, in a copy of the
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
SMOKE = ROOT / "config" / "smoke.yaml"
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
        self.profile = folder / "config" / "smoke.yaml"
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
        env = {
            **os.environ,
            "PYTHONPATH": str(self.folder),
            "PROMIC_ROOT": str(self.folder),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
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
def finished(tmp_path_factory, tiny_root):
    return Project(tmp_path_factory.mktemp("project") / "copy", tiny_root)


@pytest.fixture
def edit(finished):
    """Change a file by a function of its text, until the test ends."""
    saved = {}

    def change(name: str, function) -> None:
        file = finished.folder / name
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


def test_a_finished_run_has_nothing_to_do(finished):
    assert finished.planned() == set()


def test_a_change_in_plots_reruns_pages_that_draw_and_the_report(finished):
    """Not the related studies, which have plots of their own, nor 05, which makes latents."""
    drawing = {
        ("dataset", "01_dataset"),
        ("rate_distortion", "04_rate_distortion"),
        ("detection", "08_detection"),
        ("extensions", "18_extensions"),
        ("probes", "21_probes"),
        ("diagnosis", "24_diagnosis"),
    }
    plots = sorted((finished.folder / "promic_nb" / "reporting" / "plots").glob("*.py"))
    assert plots
    found = finished.after(*(str(file.relative_to(finished.folder)) for file in plots))
    assert found == drawing | LAST


def test_a_change_in_the_loop_of_training_reruns_trainings_and_what_reads_them(finished):
    found = {rule for rule, _ in finished.after("promic_nb/training/fit.py")}
    assert {"model", "guided_translator", "train_deblocking", "multitask_train"} <= found
    assert not found & {"data", "dataset", "benchmark", "latents", "conformance"}


def test_a_touched_table_of_names_reruns_nothing(finished):
    tables = [
        str(file.relative_to(finished.folder))
        for file in (finished.folder / "promic_nb").rglob("registry.py")
        if file.parent.name != "core"
    ]
    assert tables and finished.after(*tables) == set()


def test_a_new_codec_reruns_its_benchmark_and_what_reads_it(finished, edit):
    edit(
        "promic_nb/codecs/mine.py",
        lambda _: (
            'from promic_nb.codecs.pillow import Jpeg\n\n\nclass Mine(Jpeg):\n    name = "mine"\n'
        ),
    )
    table = '        "jpeg": "promic_nb.codecs.pillow:Jpeg",\n'
    edit(
        "promic_nb/codecs/registry.py",
        lambda text: text.replace(table, f'{table}        "mine": "promic_nb.codecs.mine:Mine",\n'),
    )

    def with_mine(text):
        profile = yaml.safe_load(text)
        profile["benchmark"]["codecs"]["mine"] = [{"quality": 10}, {"quality": 40}]
        return yaml.safe_dump(profile)

    edit("config/smoke.yaml", with_mine)
    assert finished.planned() == LAST | {
        ("benchmark", "03_codec_benchmark-mine"),
        ("rate_distortion", "04_rate_distortion"),
    }


def test_a_changed_codec_reruns_its_benchmark_and_what_is_made_with_it(finished):
    """HEVC's benchmark, and pages that look at all codecs; no latents, and no model."""
    found = finished.after("promic_nb/codecs/ffmpeg.py")
    assert found == LAST | {
        ("benchmark", "03_codec_benchmark-hevc"),
        ("rate_distortion", "04_rate_distortion"),
    }


def test_a_new_deblocking_network_reruns_its_training_and_what_reads_it(finished, edit):
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

    edit("config/smoke.yaml", with_mine)
    assert finished.planned() == LAST | {
        ("train_deblocking", "12_train_deblocking-mine-mse-75-seed0"),
        ("deblocking", "13_deblocking"),
    }


def test_the_snakefile_and_the_profiles_keep_to_100_columns():
    files = [ROOT / "Snakefile", *(ROOT / "config").rglob("*.yaml")]
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
