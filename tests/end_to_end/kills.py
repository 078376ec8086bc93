"""Kill `make reproduce` with SIGKILL at random moments, start it again until it is through, and
hold it against an undisturbed run.

    python tests/end_to_end/kills.py --kills 20 --seed 1
    python tests/end_to_end/kills.py --kills 20 --seed 1 --profile config/quick.yaml

The first kills the smoke profile on a few small slices, the second the quick profile on the
phantom; with `--data PATH` on Lucchi.

Each kill ends Snakemake, papermill and all kernels at once, at a random moment: when 0, 1 or 2 more
jobs have finished, and then a time of up to `--delay` seconds has gone by, so that kills fall all
over a run, on a slow machine too. A run that is through before the last kill is followed by another
one from nothing. Checked of each run: it ends with status 0, no job that was finished is started
again, no half-written file is left, and its tables and models equal the undisturbed run's byte for
byte, but for the columns that hold measured times and memory (MEASURED). The last line is JSON.
Linux and macOS.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import psutil
import yaml

from promic_nb.core.files import read_parquet, sha256
from promic_nb.core.paths import copy_project
from promic_nb.datasets.phantom import write_phantom
from promic_nb.runs.changes import MEASURED

ROOT = Path(__file__).parents[2]
SMOKE = ROOT / "config" / "smoke.yaml"
BLOCK = re.compile(
    r"^(?:local)?(?:rule|checkpoint) (\w+):\n"
    r"(?:    .*\n)*?    output: ([^,\s]+).*\n"
    r"(?:    .*\n)*?    jobid: (\d+)",
    re.MULTILINE,
)
FINISHED = re.compile(r"^Finished jobid: (\d+)", re.MULTILINE)


def fresh(top: Path, profile: Path) -> Path:
    """A copy of the project in the folder `top`, with `profile` among its profiles."""
    copy_project(ROOT, top)
    shutil.copy(profile, top / "config" / f"{profile_name(profile)}.yaml")
    return top


def profile_name(profile: Path) -> str:
    """The name that a profile gives itself, by which `make` finds it."""
    return yaml.safe_load(profile.read_text())["profile"]


def start(
    project: Path, profile: str, data: list[str], targets: list[str], mark: str, log: Path
) -> subprocess.Popen:
    """`make reproduce` in a project, two jobs at a time; every process of it carries `mark` in its
    environment.
    """
    environment = {
        **os.environ,
        "PYTHONPATH": str(project),
        "PROMIC_KILLS": mark,
        "OMP_NUM_THREADS": "1",
    }
    environment.pop("PROMIC_ROOT", None)
    given = [
        f"PROFILE={profile}",
        *data,
        "CORES=2",
        f"ONLY={' '.join(targets)}",
        f"BIN={Path(sys.executable).parent}",
    ]
    command = ["make", "--old-file=.venv/.installed", "reproduce", *given]
    with log.open("w") as out:
        return subprocess.Popen(
            command,
            cwd=project,
            env=environment,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def marked(mark: str) -> list[psutil.Process]:
    """Living processes of a run, wherever they hang in the process tree."""
    found = []
    for process in psutil.process_iter():
        try:
            if (
                process.environ().get("PROMIC_KILLS") == mark
                and process.status() != psutil.STATUS_ZOMBIE
            ):
                found.append(process)
        except psutil.Error:
            continue
    return found


def kill(mark: str) -> None:
    """SIGKILL to all processes of a run; stopped first, so that none sees another one die."""
    while alive := marked(mark):
        for order in (signal.SIGSTOP, signal.SIGKILL):
            for process in alive:
                try:
                    process.send_signal(order)
                except psutil.NoSuchProcess:
                    continue
        time.sleep(0.05)


def jobs(log: str) -> tuple[dict[str, str], set[str]]:
    """Of Snakemake's log: the rule of each job that was started, by its first output, and the jobs
    that were finished.
    """
    started = {number: (output, rule) for rule, output, number in BLOCK.findall(log)}
    return dict(started.values()), {
        started[number][0] for number in FINISHED.findall(log) if number in started
    }


def output(project: Path, begin: int = 0) -> str:
    """Snakemake's output in a project's run, from a byte on; "" before its first session."""
    logs = list((project / "data" / "runs").glob("*/*/reproduce.log"))
    return logs[0].read_bytes()[begin:].decode() if logs else ""


def wait(process: subprocess.Popen, project: Path, begin: int, finished: int, delay: float) -> bool:
    """Whether a session continues after that many finished jobs and a delay in seconds."""
    while process.poll() is None and len(FINISHED.findall(output(project, begin))) < finished:
        time.sleep(0.1)
    try:
        process.wait(delay)
    except subprocess.TimeoutExpired:
        return True
    return False


def killed_run(
    project: Path,
    profile: str,
    data: list[str],
    targets: list[str],
    kills: int,
    delay: float,
    rng: random.Random,
) -> dict:
    """Run to the end through at most `kills` kills; what happened.

    Raises:
        AssertionError: a session failed by itself, a finished job was repeated, or something
            half-written is left.
    """
    done: set[str] = set()
    hit: list[str] = []
    for session in range(kills + 1):
        log, mark = project / f"session{session}.log", uuid.uuid4().hex
        begin = len(output(project).encode())
        process = start(project, profile, data, targets, mark, log)
        after, delayed = rng.choice([0, 1, 2]), rng.uniform(0, delay)
        if session < kills and wait(process, project, begin, after, delayed):
            kill(mark)
        process.wait()
        text = output(project, begin)
        started, finished = jobs(text)
        repeated = done & started.keys()
        assert not repeated, f"{log}: finished jobs were started again: {sorted(repeated)}"
        done |= finished
        if process.returncode == -signal.SIGKILL:
            hit.append(
                ", ".join(
                    sorted({rule for output, rule in started.items() if output not in finished})
                )
                or "no job"
            )
            print(
                f"kill {len(hit)}: {hit[-1]}; {len(done)} jobs are finished",
                file=sys.stderr,
                flush=True,
            )
            continue
        assert process.returncode == 0, f"{log}: ended with {process.returncode}\n{text[-4000:]}"
        break
    left = [
        str(p) for p in (project / "data" / "runs").rglob("*") if p.name.endswith((".part", ".tmp"))
    ]
    assert not left, f"half-written: {left}"
    return {"kills": len(hit), "hit": hit, "finished": len(done)}


def differences(project: Path, reference: Path) -> list[str]:
    """Tables and models of a run that are not those of another one."""
    found, compared = [], 0
    for file in sorted(
        p
        for p in (project / "data" / "runs").rglob("*")
        if p.suffix in (".parquet", ".safetensors")
        and p.name != "verdicts.parquet"  # follows from the tables, measured times among them
    ):
        name, other = file.relative_to(project), reference / file.relative_to(project)
        compared += 1
        if not other.is_file():
            found.append(f"{name}: not in the other run")
        elif sha256(file) != sha256(other) and (
            file.suffix != ".parquet" or not equal_tables(file, other)
        ):
            found.append(str(name))
    return found if compared else ["no tables at all"]


def equal_tables(file: Path, other: Path) -> bool:
    """Whether two tables are equal in all columns but measured ones, and have such columns."""
    a, b = read_parquet(file), read_parquet(other)
    measured = [c for c in a.columns if c in MEASURED]
    return (
        bool(measured)
        and list(a.columns) == list(b.columns)
        and a.drop(columns=measured).equals(b.drop(columns=measured))
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--delay",
        type=float,
        default=20,
        help="longest time in seconds from the last job that a session finishes to its kill",
    )
    parser.add_argument(
        "--profile",
        type=Path,
        default=SMOKE,
        help="by default smoke, on the slices of the tests",
    )
    parser.add_argument(
        "--data", type=Path, help="slices in Lucchi's layout; by default the phantom"
    )
    parser.add_argument(
        "--reference", type=Path, help="a project with an undisturbed run; by default one is made"
    )
    parser.add_argument(
        "--folder", type=Path, help="where to work, kept afterwards; by default a temporary folder"
    )
    parser.add_argument(
        "targets", nargs="*", help="files of the run's folder to make; by default all"
    )
    given = parser.parse_args()
    if given.folder:
        given.folder.mkdir(parents=True, exist_ok=True)
    top = given.folder or Path(tempfile.mkdtemp(prefix="promic-kills-"))
    name, rng = profile_name(given.profile), random.Random(given.seed)
    data = given.data and given.data.resolve()
    if given.profile == SMOKE:
        data = write_phantom(top / "stack", counts={"Train": 6, "Test": 2}, size=(256, 256))
    place = [f"DATA={data or ''}", f"DATASET={'lucchi' if given.data else 'phantom'}"]
    reference, begin = given.reference, time.monotonic()
    if not reference:
        reference = fresh(top / "undisturbed", given.profile)
        whole = killed_run(reference, name, place, given.targets, 0, 0, rng)
        print(
            f"undisturbed: {whole['finished']} jobs in {time.monotonic() - begin:.0f} s",
            file=sys.stderr,
            flush=True,
        )
    hit: list[str] = []
    runs = 0
    while len(hit) < given.kills:
        project, runs = fresh(top / f"killed{runs}", given.profile), runs + 1
        happened = killed_run(
            project, name, place, given.targets, given.kills - len(hit), given.delay, rng
        )
        hit += happened["hit"]
        assert happened["hit"], (
            f"{project}: no kill reached the run. Are processes and their environment visible "
            "here? Is --delay too long?"
        )
        different = differences(project, reference)
        assert not different, f"{project} differs from {reference} in {different}"
    if not given.folder:
        shutil.rmtree(top)
    print(
        json.dumps(
            {
                "kills": len(hit),
                "runs": runs,
                "hit": hit,
                "seconds": round(time.monotonic() - begin),
            }
        )
    )


if __name__ == "__main__":
    main()
