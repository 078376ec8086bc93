"""The command `promic`: verdicts, provenance, data, report. Heavy imports wait inside the commands."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from promic_nb import paths
from promic_nb.errors import UserError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Detection in compressed micrographs: verdicts on published numbers, and where figures come from.",
)
RunName = Annotated[str, typer.Option("--run", help="PROFILE/DATASET, e.g. quick/phantom; by default the latest run.")]
COLOURS = {"reproduced": "green", "within tolerance": "green", "not reproduced": "red", "smoke": "yellow", "not run": "dim"}


@app.command("verdicts")
def print_verdicts(
    run: RunName = "",
    as_json: Annotated[bool, typer.Option("--json", help="A list of objects, all claims.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Also the claims of related studies that were not run.")] = False,
) -> None:
    """Print the verdict on every claim."""
    from promic_nb.claims.registry import MAIN
    from promic_nb.provenance import relative
    from promic_nb.report import find_run

    folder = find_run(paths.root(), run)
    table = folder.verdicts()
    if as_json:
        typer.echo(table.drop(columns="digits").to_json(orient="records", indent=1))
        return
    from rich.console import Console
    from rich.table import Table

    grid = Table("Location", "Number", "Published", "Ours", "Unit", "Verdict", box=None, pad_edge=False)
    for column in (2, 3):
        grid.columns[column].justify = "right"
    shown = table if every else table[(table.seed == MAIN) | (table.verdict != "not run")]
    for row in shown.itertuples():
        ours = "" if row.ours != row.ours else f"{row.ours:.{row.digits}f}"
        grid.add_row(row.location, row.what, f"{row.published:.{row.digits}f}", ours, row.unit, f"[{COLOURS[row.verdict]}]{row.verdict}[/]")
    console = Console()
    console.print(grid)
    counts = ", ".join(f"{n} {v}" for v, n in table.verdict.value_counts().items())
    console.print(f"{len(table)} claims: {counts}. Run: {folder.profile}/{folder.path.name}", highlight=False)
    if len(shown) < len(table):
        console.print(f"{len(table) - len(shown)} of them, of related studies and not run, are left out; --all shows them", highlight=False)
    if (folder.path / "report.html").is_file():
        console.print(f"Report: {relative(folder.path / 'report.html')}", highlight=False, soft_wrap=True)


@app.command("explain")
def print_explanation(artifact: Annotated[Path, typer.Argument(help="A figure, table or model of a run.")]) -> None:
    """Print where an artifact comes from, as a tree, and what has gone stale."""
    from rich.console import Console

    from promic_nb.explain import explain

    Console(soft_wrap=True).print(explain(artifact))


@app.command()
def report(run: Annotated[str, typer.Argument(help="PROFILE/DATASET or the run's folder; by default the latest run.")] = "") -> None:
    """Write a run's HTML report and print its path."""
    from promic_nb.report import find_run, write_report

    typer.echo(write_report(find_run(paths.root(), run)))


@app.command()
def publish(
    names: Annotated[list[str], typer.Argument(help="Figures and tables of the run, e.g. ap50_over_rate bd_ap.")],
    run: RunName = "",
) -> None:
    """Copy figures and tables of a run, with their sidecars, to figures/, where they are kept in git."""
    from promic_nb.report import find_run, publish

    for path in publish(find_run(paths.root(), run), names, paths.root() / "figures"):
        typer.echo(path)


@app.command()
def data(
    name: Annotated[str, typer.Argument(help="lucchi, kasthuri or phantom.")] = "phantom",
    path: Annotated[str, typer.Option(help="A local copy; by default PROMIC_DATA, else the download.")] = "",
    write: Annotated[Path | None, typer.Option(help="Also write the summary to this JSON file.")] = None,
) -> None:
    """Find, download or generate a data set, check it, and print what is in it."""
    from promic_nb.datasets import open_stack

    stack = open_stack(name, path, paths.root() / "data")
    slices = {split: len(ids) for split, ids in stack.split_ids.items()}
    height, width = stack.mask("train", stack.ids("train")[0]).shape
    summary = {"dataset": name, "slices": slices, "size": [height, width], "sha256": stack.fingerprint, "note": stack.note}
    if write:
        write.parent.mkdir(parents=True, exist_ok=True)
        write.write_text(json.dumps(summary, indent=1))
    typer.echo(json.dumps(summary, indent=1))


def main() -> None:
    """Entry point: a user's mistake is one line and exit code 1, without a traceback."""
    try:
        app()
    except UserError as error:
        sys.exit(f"promic: {error}")
