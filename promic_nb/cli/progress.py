"""Commands for running and planned runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from promic_nb.cli.options import AsJson, the_run
from promic_nb.core import paths

SAME = "As in make reproduce."


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
    profile: Annotated[
        str, typer.Argument(help="A file in config/ without suffix: quick, cpu, paper.")
    ] = "quick",
    data: Annotated[str, typer.Option(help=SAME)] = "",
    dataset: Annotated[
        str,
        typer.Option(help="Default: lucchi with --data, else the profile's own, else the phantom."),
    ] = "",
    cells: Annotated[str, typer.Option(help=SAME)] = "",
    settings: Annotated[str, typer.Option(help=SAME)] = "",
    again: Annotated[bool, typer.Option("--all", help="Count finished jobs too.")] = False,
    throughput: Annotated[
        Path | None,
        typer.Option(help="The throughput of another machine, a file that --measure printed."),
    ] = None,
    measure: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RUN",
            help="Instead of a plan, print the throughput of this finished run, e.g. quick/lucchi.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the jobs that a run would execute, and estimate their hours and disk space."""
    from promic_nb.cli.screens import show
    from promic_nb.cli.screens.plan import screen
    from promic_nb.runs.dry_run import dry_run
    from promic_nb.runs.estimate import estimate, setting_of
    from promic_nb.runs.layout import RunFolder
    from promic_nb.runs.measure import measure as measured
    from promic_nb.runs.throughput import read_throughput

    if measure:
        typer.echo(measured([the_run(name) for name in measure]).as_yaml(), nl=False)
        return
    known = read_throughput(throughput)
    jobs, name = dry_run(profile, settings, again, data=data, dataset=dataset, cells=cells)
    run = RunFolder(profile, name, paths.root())
    table = estimate(jobs, known, setting_of(run, [(j.notebook, j.parameters) for j in jobs]))
    if as_json:
        typer.echo(table.to_json(orient="records", indent=1))
    else:
        show(screen(table, run.name, known))
