"""Commands on the results of a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from promic_nb.cli.options import AsJson, RunArgument, RunName, the_run
from promic_nb.core import paths


def verdicts(run: RunName = "", as_json: AsJson = False) -> None:
    """Print the verdict on every published number."""
    from promic_nb.cli.screens import show
    from promic_nb.cli.screens.verdicts import screen
    from promic_nb.reporting.artifacts import run_verdicts

    folder = the_run(run)
    table = run_verdicts(folder)
    if as_json:
        typer.echo(table.drop(columns="digits").to_json(orient="records", indent=1))
        return
    show(screen(table, folder.name))
    if folder.report.is_file():
        typer.echo(f"Report: {paths.relative(folder.report)}")


def explain(
    artifact: Annotated[Path, typer.Argument(help="A figure, table or model of a run.")],
) -> None:
    """Show where an artifact comes from, and what has changed since it was made."""
    from promic_nb.cli.screens import show
    from promic_nb.runs.explain import explain

    show(explain(artifact), soft_wrap=True)


def compare(
    run_a: Annotated[
        str, typer.Argument(metavar="RUN1", help="PROFILE/DATASET, or the run's folder.")
    ],
    run_b: Annotated[str, typer.Argument(metavar="RUN2", help="The other run.")],
    as_json: AsJson = False,
) -> None:
    """Show which artifacts of two runs differ, by how much, and why.

    Exit code 0: nothing differs but measured times and memory. Exit code 1: something else does.
    """
    from promic_nb.cli.screens import show
    from promic_nb.cli.screens.comparison import screen
    from promic_nb.runs.compare import as_json as plain
    from promic_nb.runs.compare import compare

    found = compare(the_run(run_a), the_run(run_b))
    if as_json:
        typer.echo(json.dumps(plain(found), indent=1))
    else:
        show(screen(found), soft_wrap=True)
    raise typer.Exit(int(any(c.differs for c in found)))


def report(run: RunArgument = "") -> None:
    """Write the HTML report of a run and print its path."""
    from promic_nb.reporting.report import write_report

    typer.echo(write_report(the_run(run)))


def publish(
    names: Annotated[
        list[str], typer.Argument(help="Figures and tables of the run, e.g. ap50_over_rate bd_ap.")
    ],
    run: RunName = "",
) -> None:
    """Copy figures and tables of a run, with their sidecars, to figures/, which git keeps."""
    from promic_nb.reporting.publish import publish

    for path in publish(the_run(run), names, paths.root() / "figures"):
        typer.echo(path)
