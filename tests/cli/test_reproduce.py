"""`promic reproduce` as a user sees it, on a workflow of four short jobs.

The project is a temporary folder with a Snakefile of its own; the profile is the smoke profile.
"""

import io
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console

from promic_nb.cli.screens.reproduce import MANY, QUIET_S, Screen
from promic_nb.runs.layout import RunFolder
from promic_nb.runs.lock import alone
from promic_nb.runs.progress import Job
from promic_nb.runs.session import Course

ROOT = Path(__file__).parents[2]
PROMIC = Path(sys.executable).parent / "promic"
RUN = RunFolder("smoke", "phantom")
JOBS = {"data", "03_codec-jpeg", "03_codec-hevc", "report"}
SNAKEFILE = """
from promic_nb.experiment.choice import named
from promic_nb.runs.status import note_session
from pathlib import Path

config.pop("only", "")
R = named(config, workflow.configfiles).run
onstart:
    todo = [job for job in workflow.dag.needrun_jobs() if job.log]
    note_session(R, *log, jobs={Path(job.log[0]).stem: 2.0 for job in todo})
rule all:
    input: R.report
rule data:
    output: R.data
    log: R.log("data")
    shell: "touch {output}; echo x > {log}"
rule codec:
    input: R.data
    output: R.path / "{codec}.txt"
    log: R.log("03_codec-{codec}")
    shell: "bash -c '. ./act.sh' {wildcards.codec} > {log} 2>&1; touch {output}"
rule report:
    input: R.path / "jpeg.txt", R.path / "hevc.txt"
    output: R.report
    log: R.log("report")
    shell: "touch {output}"
"""
FAIL = """if [ "$0" = jpeg ]; then echo "UserError: slice 3 is empty. Replace it"; exit 1; fi
"""


@pytest.fixture
def project(tmp_path):
    """The workflow; `act.sh` is what the two jobs of its second rule do."""
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    shutil.copytree(ROOT / "config", tmp_path / "config")
    (tmp_path / "act.sh").touch()
    return tmp_path


def command(*options: str) -> list[str]:
    return [str(PROMIC), "reproduce", "smoke", *options, "--", "--cores", "1"]


def environment(project: Path) -> dict[str, str]:
    names = {"PROMIC_ROOT": str(project), "PYTHONPATH": str(ROOT), "COLUMNS": "120"}
    return {k: v for k, v in os.environ.items() if k != "PROMIC_CELLS"} | names


def reproduce(project: Path, *options: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        command(*options),
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
        env=environment(project),
    )


def test_each_job_has_one_line_and_the_verdicts_come_last(project):
    done = reproduce(project)
    assert done.returncode == 0, done.stdout + done.stderr
    head, *lines = done.stdout.splitlines()
    log = RUN.full_log.as_posix()
    assert head.startswith("smoke/phantom: 4 jobs, about ") and head.endswith(f"Full log: {log}")
    found = [re.fullmatch(r" +(\d)/4 +[\d.]+ s +(?:\d+ s left)? +(\S+)", x) for x in lines[:4]]
    assert [int(f[1]) for f in found] == [1, 2, 3, 4]
    assert {f[2] for f in found} == JOBS
    assert re.fullmatch(rf"4 jobs in [\d.]+ s\. Full log: {log}", lines[4])
    assert lines[-1] == f"Report: {RUN.report.as_posix()}"
    assert any(line.startswith("Run: smoke/phantom") for line in lines[5:])
    assert "rule codec:" in (project / log).read_text()

    told = (project / log).read_text()
    again = reproduce(project)
    assert again.returncode == 0
    assert again.stdout.startswith("Nothing to be done: all of smoke/phantom is up to date.\n")
    assert (project / log).read_text() == told  # Snakemake was not even asked
    (project / RUN.verdicts).unlink()
    assert reproduce(project).stdout == again.stdout  # judged again, with the same result
    (project / RUN.up_to_date).unlink()
    assert reproduce(project).stdout == again.stdout
    assert "Nothing to be done" in (project / log).read_text().removeprefix(told)
    (project / RUN.data).write_text("changed")
    assert " 03_codec-jpeg\n" in reproduce(project).stdout


def test_changed_settings_run_beside_the_profile(project):
    (project / "short.yaml").write_text("latent: {steps: 2}\n")
    done = reproduce(project, "--settings", "short.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    name = done.stdout.partition(":")[0]
    assert re.fullmatch(r"smoke\+short-[0-9a-f]{4}/phantom", name)
    assert (project / "data" / "runs" / name / "report.html").is_file()
    assert not (project / RUN.path).exists()
    (project / "short.yaml").write_text("latent: {steps: 4}\n")  # the profile's own
    done = reproduce(project, "--settings", "short.yaml")
    assert done.stdout.startswith("short.yaml changes nothing of the profile smoke\n")
    assert (project / RUN.report).is_file()


def test_a_failed_job_says_why_and_where_its_log_is(project):
    (project / "act.sh").write_text(FAIL)
    (project / "Snakefile").write_text(SNAKEFILE.replace("2>&1; touch", "2>&1 && touch"))
    done = reproduce(project, "--keep-going")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    place = lines.index("promic: 03_codec-jpeg failed: slice 3 is empty. Replace it")
    assert lines[place + 1] == f"        log: {RUN.log('03_codec-jpeg').as_posix()}"
    assert any(line.endswith(" 03_codec-hevc") for line in lines)  # went on
    assert done.stderr == "promic: 1 job failed, 2 of 4 are finished. Mend the cause, then repeat\n"
    assert "Traceback" not in done.stdout and "Run: " not in done.stdout

    (project / "act.sh").write_text("")
    assert "2/2" in reproduce(project).stdout  # only what was left


def test_a_mistake_in_the_workflow_is_one_line(project):
    (project / "Snakefile").write_text("raise ValueError('no such rule')\n")
    done = reproduce(project)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("promic: ") and "no such rule" in line
    assert line.endswith(f"Full log: {RUN.full_log.as_posix()}")


def test_two_runs_in_one_project_exclude_each_other(project):
    with alone(project / "data" / ".lock"):
        done = reproduce(project)
    assert done.returncode == 75
    assert done.stderr.startswith("promic: another make reproduce is running in this folder")
    assert not (project / RUN.path).exists()


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGINT, 130),
        pytest.param(signal.SIGTERM, 143, marks=pytest.mark.slow),
        pytest.param(signal.SIGKILL, -9, marks=pytest.mark.slow),
    ],
)
def test_a_stopped_run_goes_on_where_it_was(project, number, code):
    (project / "act.sh").write_text("touch began-$0; [ -e go ] || sleep 4; touch did-$0\n")
    process = subprocess.Popen(
        command(),
        cwd=project,
        env=environment(project),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    limit = time.monotonic() + 120
    while not list(project.glob("began-*")):
        assert process.poll() is None and time.monotonic() < limit
        time.sleep(0.05)
    os.killpg(process.pid, number)  # as a terminal does for Ctrl-C
    said = process.communicate()[0]
    assert process.returncode == code, said
    if number != signal.SIGKILL:
        assert said.endswith("promic: stopped. make reproduce goes on from here\n")
    (project / "go").touch()
    done = reproduce(project)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " data\n" not in done.stdout  # made before
    assert (project / "did-jpeg").exists() and (project / "did-hevc").exists()


def screen(terminal: bool, expected: dict, **options) -> tuple[Screen, Course, io.StringIO]:
    text = io.StringIO()
    console = Console(
        file=text, force_terminal=terminal, width=100, height=30, highlight=False, **options
    )
    course = Course(2, 0.0, expected)
    return Screen(RUN, course, console), course, text


PLAN = {f"{n:02}_notebook-{i}": 10.0 for n in range(1, 10) for i in range(5)}


def finish(course: Course, made: Screen, names: list[str]) -> None:
    for name in names:
        course.took[name] = 3.0
        made.show(3.0 * len(course.took))


@pytest.mark.parametrize(
    ("terminal", "kind", "lines"), [(True, "xterm", 9), (True, "dumb", 45), (False, "xterm", 45)]
)
def test_a_terminal_gets_a_line_per_notebook_if_there_are_many_jobs(
    monkeypatch, terminal, kind, lines
):
    monkeypatch.setenv("TERM", kind)
    made, course, text = screen(terminal, PLAN)
    assert len(PLAN) > MANY
    with made:
        finish(course, made, list(PLAN))
    counted = re.findall(r"^[^\n]*?(\d+)/45 .*$", text.getvalue(), flags=re.MULTILINE)
    assert len(counted) == lines and counted[-1] == "45"
    if lines == 9:
        assert "09_notebook (5 jobs)" in text.getvalue()
    else:
        assert "\x1b[2K" not in text.getvalue()  # nothing is drawn over


def test_a_terminal_shows_the_step_of_a_training(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    made, course, text = screen(True, {"07_train": 100.0})
    job = Job("model", "07_train", "logs/07.log", iteration=30, iterations=100, left_s=140.0)
    course.running, course.began = {"07_train": job}, {"07_train": 0.0}
    with made:
        made.show(61.0)
    assert "07_train: for 1 min 01 s, step 30 of 100, about 2 min of training left" in (
        text.getvalue()
    )


def test_a_log_without_a_terminal_hears_of_a_long_job_now_and_then():
    made, course, text = screen(False, {"07_train": 5000.0})
    job = Job("model", "07_train", "logs/07.log")
    course.running, course.began = {"07_train": job}, {"07_train": 0.0}
    with made:
        for now in range(0, int(2.5 * QUIET_S), 2):
            made.show(float(now))
    assert text.getvalue().count("running    07_train: for") == 2
