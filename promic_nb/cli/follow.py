"""Follow Snakemake on a terminal until it ends."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console

from promic_nb.cli.results import prepare_summary
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


def run_choice(
    choice: Choice,
    options: list[str],
    only: str,
    *,
    quiet: bool = False,
    then: Callable[[RunFolder, bool], None] = lambda run, unchanged: None,
) -> None:
    """Make files of a run, `only` of those in its folder, and follow it on the terminal.

    Snakemake is not asked if no file has changed since it had nothing to do.

    Args:
        options: of Snakemake.
        quiet: show it as errors are shown, so that the output is free for a result.
        then: is called when the run is up to date, with whether it was so before.

    Raises:
        typer.Exit: with Snakemake's exit code, 130 or 143 after a signal, `BUSY` if another run is
            at work.
    """
    from promic_nb.runs.lock import LOCK, Locked, alone
    from promic_nb.runs.unchanged import Check, fingerprint, is_unchanged, note_unchanged

    run, workflow = choice.load().run.inside(paths.root()), choice.workflow(only=only)
    try:
        with alone(paths.root() / LOCK) as lock:
            before = fingerprint(run, workflow, options)
            if is_unchanged(run, before):
                _say_nothing_to_do(run, quiet)
                then(run, True)
            elif _follow(run, workflow, options, lock, quiet).took:
                check = Check(run, workflow, options)
                then(run, False)
                check.note()
            else:
                note_unchanged(run, before)
                then(run, False)
    except Locked:
        here = "another make reproduce is running in this folder"
        typer.echo(f"promic: {here}. Wait until it ends", err=True)
        raise typer.Exit(BUSY) from None


def _follow(
    run: RunFolder, workflow: Workflow, options: list[str], lock: int, quiet: bool
) -> Course:
    """Run Snakemake to its end and show its progress; how far it came.

    Raises:
        typer.Exit: it failed, with its exit code, or was stopped by a signal.
    """
    from promic_nb.cli.screens.reproduce import Screen

    run.verdicts.unlink(missing_ok=True)  # of the tables before
    session = Session(run, workflow, [*ALWAYS, *options], lock)
    course = Course(available_cores(options), time.monotonic())
    stopped = _pass_on_signals(session)
    prepare_summary()  # while Snakemake looks for what is to be done
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
        raise typer.Exit(128 + stopped[0])
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
        _say_nothing_to_do(run, quiet)
    if code:
        raise typer.Exit(code)
    return course


def _say_nothing_to_do(run: RunFolder, quiet: bool) -> None:
    typer.echo(f"Nothing to be done: all of {run.name} is up to date.", err=quiet)


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
