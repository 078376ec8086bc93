"""Commands for running and planned runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from promic_nb.cli.options import (
    AsJson,
    CellsFolder,
    DataFolder,
    DatasetChoice,
    ProfileName,
    SettingsFile,
    the_run,
)
from promic_nb.core import paths


def status(
    run: Annotated[
        str, typer.Argument(help="PROFILE/DATASET. Default: the run that was started last.")
    ] = "",
    watch: Annotated[
        bool, typer.Option("--watch", help="Refresh every two seconds until the run ends.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what a run is doing: its jobs, current cells, iterations and failures."""
    from promic_nb.cli.screens import show
    from promic_nb.cli.screens import status as screens
    from promic_nb.runs.status import read_status

    folder = the_run(run, marker="session")
    if as_json:
        typer.echo(json.dumps(read_status(folder).as_dict(), indent=1))
    elif watch:
        screens.watch(lambda: read_status(folder))
    else:
        show(screens.screen(read_status(folder)))


def plan(
    profile: ProfileName = "quick",
    data: DataFolder = "",
    dataset: DatasetChoice = "",
    cells: CellsFolder = "",
    settings: SettingsFile = "",
    again: Annotated[bool, typer.Option("--all", help="Count finished jobs too.")] = False,
    throughput: Annotated[
        Path | None,
        typer.Option(help="The throughput of another machine, as printed by promic measure."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the jobs that a run would execute, and estimate their hours and disk space."""
    from promic_nb.cli.screens import show
    from promic_nb.cli.screens.plan import screen
    from promic_nb.experiment.choice import Choice
    from promic_nb.runs.dry_run import dry_run
    from promic_nb.runs.estimate import estimate, setting_of
    from promic_nb.runs.throughput import read_throughput

    known = read_throughput(throughput)
    choice = Choice(profile, settings, data, dataset, cells)
    run = choice.load().run.inside(paths.root())
    jobs = dry_run(choice.workflow(), again)
    table = estimate(jobs, known, setting_of(run, [(j.notebook, j.parameters) for j in jobs]))
    if as_json:
        typer.echo(table.to_json(orient="records", indent=1))
    else:
        show(screen(table, run.name, known))


def measure(
    runs: Annotated[
        list[str], typer.Argument(metavar="RUN...", help="Finished runs, e.g. quick/lucchi.")
    ],
) -> None:
    """Print the throughput of this machine, measured on finished runs, for promic plan."""
    from promic_nb.runs.measure import measure

    typer.echo(measure([the_run(name) for name in runs]).as_yaml(), nl=False)
