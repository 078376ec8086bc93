"""The command that runs the workflow, with a line per job."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from promic_nb.cli.options import (
    CellsFolder,
    DataFolder,
    DatasetChoice,
    ProfileName,
    SettingsFile,
)
from promic_nb.cli.results import show_summary
from promic_nb.core import paths
from promic_nb.reporting.formats import span
from promic_nb.runs.failure import reason_of_session
from promic_nb.runs.layout import RunFolder
from promic_nb.runs.session import ALWAYS, Course, Session, available_cores
from promic_nb.runs.workflow import Workflow

if TYPE_CHECKING:
    from promic_nb.experiment.choice import Choice

BUSY = 75  # EX_TEMPFAIL: try again later
POLL_S = 0.2


def reproduce(
    profile: ProfileName = "quick",
    options: Annotated[
        list[str] | None,
        typer.Argument(metavar="[-- OPTIONS]", help="Options of Snakemake. Default: --cores all."),
    ] = None,
    data: DataFolder = "",
    dataset: DatasetChoice = "",
    cells: CellsFolder = "",
    settings: SettingsFile = "",
    only: Annotated[
        str, typer.Option(help="Only part of the run: files in its folder, e.g. report.html.")
    ] = "",
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="After a failure, run what does not need it.")
    ] = False,
) -> None:
    """Run what is missing or out of date of a run, then print its verdicts.

    Exit code 75 if another run is at work in this project.
    """
    from promic_nb.experiment.choice import Choice

    choice = Choice(profile, settings, data, dataset, cells)
    extra = [*(options or ["--cores", "all"]), *(["--keep-going"] if keep_going else [])]
    run = choice.load().run.inside(paths.root())
    if settings and "+" not in run.profile:
        typer.echo(f"{settings} changes nothing of the profile {profile}")
    if code := run_choice(choice, extra, only):
        raise typer.Exit(code)
    show_summary(run)


def run_choice(choice: Choice, options: list[str], only: str, quiet: bool = False) -> int:
    """Make files of a run, `only` of those in its folder, and follow it on the terminal.

    Args:
        options: of Snakemake.
        quiet: show it as errors are shown, so that the output is free for a result.

    Returns:
        Snakemake's exit code, 130 or 143 after a signal, `BUSY` where another run is at work.
    """
    from promic_nb.runs.lock import Locked, alone

    run = choice.load().run.inside(paths.root())
    try:
        with alone(paths.root() / "data" / ".lock") as lock:
            return _follow(run, choice.workflow(only=only), options, lock, quiet)
    except Locked:
        here = "another make reproduce is running in this folder"
        typer.echo(f"promic: {here}. Wait until it ends", err=True)
        return BUSY


def _follow(run: RunFolder, workflow: Workflow, options: list[str], lock: int, quiet: bool) -> int:
    """Run Snakemake to its end; its exit code, or 130 or 143 after a signal."""
    from promic_nb.cli.screens.reproduce import Screen

    session = Session(run, workflow, [*ALWAYS, *options], lock)
    course = Course(available_cores(options), time.monotonic())
    stopped = _pass_on_signals(session)
    with Screen(run, course, Console(highlight=False, stderr=quiet)) as screen:
        alive = True
        while alive:
            alive = session.process.poll() is None
            session.follow(course)
            screen.show(time.monotonic())
            if alive:
                _wait(session)
    code = session.process.returncode
    log = paths.relative(run.full_log)
    if code and stopped:
        typer.echo("promic: stopped. make reproduce goes on from here", err=True)
        return 128 + stopped[0]
    if code and course.failed:
        failed = "1 job" if len(course.failed) == 1 else f"{len(course.failed)} jobs"
        done = f"{len(course.took)} of {len(course.expected)} are finished"
        typer.echo(f"promic: {failed} failed, {done}. Mend the cause, then repeat", err=True)
    elif code:
        typer.echo(f"promic: {reason_of_session(session.output())}. Full log: {log}", err=True)
    elif course.took:
        elapsed = span(time.monotonic() - course.started)
        typer.echo(f"{len(course.took)} jobs in {elapsed}. Full log: {log}", err=quiet)
    else:
        typer.echo(f"Nothing to be done: all of {run.name} is up to date.", err=quiet)
    return code


def _pass_on_signals(session: Session) -> list[int]:
    """Let Snakemake end after a signal instead of ending before it; the signals that came.

    Ctrl-C reaches Snakemake itself, which then stops its jobs; a second one kills it.
    """
    came: list[int] = []

    def interrupt(number: int, _: Any) -> None:
        if came:
            session.process.kill()
        came.append(number)

    def terminate(number: int, _: Any) -> None:
        session.process.terminate()
        came.append(number)

    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, terminate)
    return came


def _wait(session: Session) -> None:
    """Wait a moment, or until Snakemake ends."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        session.process.wait(POLL_S)
