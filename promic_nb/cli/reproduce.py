"""The command that runs the workflow, with a line per job."""

from __future__ import annotations

from typing import Annotated

import typer

from promic_nb.cli.follow import run_choice
from promic_nb.cli.options import (
    CellsFolder,
    DataFolder,
    DatasetChoice,
    ProfileName,
    SettingsFile,
)
from promic_nb.cli.results import show_summary


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
    if settings and "+" not in choice.load().profile:
        typer.echo(f"{settings} changes nothing of the profile {profile}")
    run_choice(choice, extra, only, then=show_summary)
