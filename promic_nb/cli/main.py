"""The command `promic`: verdicts, provenance, data, codecs, report.

Heavy imports wait inside the commands.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from promic_nb.core import paths
from promic_nb.errors import UserError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Detection in compressed micrographs: verdicts on published numbers, and where figures come from.",
)
FOLD = 6  # more numbers of one table than this that were not run are one line
RunName = Annotated[
    str,
    typer.Option("--run", help="PROFILE/DATASET, e.g. quick/phantom; by default the latest run."),
]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
COLOURS = {
    "reproduced": "green",
    "within tolerance": "green",
    "not reproduced": "red",
    "smoke": "yellow",
    "not run": "dim",
}


@app.command("verdicts")
def print_verdicts(
    run: RunName = "",
    as_json: Annotated[bool, typer.Option("--json", help="A list of objects.")] = False,
) -> None:
    """Print the verdict on every claim."""
    from promic_nb.core.paths import relative
    from promic_nb.reporting.report import run_verdicts
    from promic_nb.runs.layout import find_run

    folder = find_run(paths.root(), run)
    table = run_verdicts(folder)
    if as_json:
        typer.echo(table.drop(columns="digits").to_json(orient="records", indent=1))
        return
    from rich.console import Console
    from rich.table import Table

    from promic_nb.claims import DOCUMENTS

    grid = Table(
        "Source",
        "Location",
        "Number",
        "Published",
        "Ours",
        "Unit",
        "Verdict",
        box=None,
        pad_edge=False,
    )
    for column in (3, 4):
        grid.columns[column].justify = "right"
    for (document, location), part in table.groupby(["document", "location"], sort=False):
        unrun = part[part.verdict == "not run"]
        folded = len(unrun) > FOLD
        for row in (part.drop(unrun.index) if folded else part).itertuples():
            published, ours = (
                f"{x:.{row.digits}f}" if x == x else "" for x in (row.published, row.ours)
            )
            grid.add_row(
                DOCUMENTS[document],
                location,
                row.what,
                published,
                ours,
                row.unit,
                f"[{COLOURS[row.verdict]}]{row.verdict}[/]",
            )
        if folded:
            grid.add_row(
                DOCUMENTS[document],
                location,
                f"{len(unrun)} numbers: need {unrun.depends_on.iloc[0]}",
                "",
                "",
                "",
                "[dim]not run[/]",
            )
    console = Console()
    console.print(grid)
    counts = ", ".join(f"{n} {v}" for v, n in table.verdict.value_counts().items())
    console.print(
        f"{len(table)} claims: {counts}. Run: {folder.profile}/{folder.dataset}", highlight=False
    )
    if folder.report.is_file():
        console.print(
            f"Report: {relative(folder.path / 'report.html')}", highlight=False, soft_wrap=True
        )


@app.command("explain")
def print_explanation(
    artifact: Annotated[Path, typer.Argument(help="A figure, table or model of a run.")],
) -> None:
    """Print where an artifact comes from, as a tree, and what has gone stale."""
    from rich.console import Console

    from promic_nb.runs.explain import explain

    Console(soft_wrap=True).print(explain(artifact))


@app.command("compare")
def print_comparison(
    run_a: Annotated[
        str, typer.Argument(metavar="RUN1", help="PROFILE/DATASET, or the run's folder.")
    ],
    run_b: Annotated[str, typer.Argument(metavar="RUN2", help="The other run.")],
    as_json: Annotated[bool, typer.Option("--json", help="A list of objects.")] = False,
) -> None:
    """Print which artifacts of two runs differ, by how much and why.

    Exit code 0: none but measured times and memory; 1: some do.
    """
    from promic_nb.cli import screens
    from promic_nb.runs.compare import as_json as plain
    from promic_nb.runs.compare import compare
    from promic_nb.runs.layout import find_run

    found = compare(find_run(paths.root(), run_a), find_run(paths.root(), run_b))
    if as_json:
        typer.echo(json.dumps(plain(found), indent=1))
    else:
        screens.show(screens.comparison(found), soft_wrap=True)
    raise typer.Exit(any(c.differs for c in found))


@app.command()
def report(
    run: Annotated[
        str, typer.Argument(help="PROFILE/DATASET or the run's folder; by default the latest run.")
    ] = "",
) -> None:
    """Write a run's HTML report and print its path."""
    from promic_nb.reporting.report import write_report
    from promic_nb.runs.layout import find_run

    typer.echo(write_report(find_run(paths.root(), run)))


@app.command()
def publish(
    names: Annotated[
        list[str], typer.Argument(help="Figures and tables of the run, e.g. ap50_over_rate bd_ap.")
    ],
    run: RunName = "",
) -> None:
    """Copy figures and tables of a run, with their sidecars, to figures/, where they are kept in
    git.
    """
    from promic_nb.reporting.report import publish
    from promic_nb.runs.layout import find_run

    for path in publish(find_run(paths.root(), run), names, paths.root() / "figures"):
        typer.echo(path)


@app.command()
def data(
    name: Annotated[str, typer.Argument(help="lucchi, kasthuri or phantom.")] = "phantom",
    path: Annotated[
        str, typer.Option(help="A local copy; by default PROMIC_DATA, else the download.")
    ] = "",
    write: Annotated[
        Path | None, typer.Option(help="Also write the summary to this JSON file.")
    ] = None,
) -> None:
    """Find, download or generate a data set, check it, and print what is in it."""
    from promic_nb.core.files import atomically
    from promic_nb.datasets import open_stack

    stack = open_stack(name, path, paths.root() / "data")
    slices = {split: len(ids) for split, ids in stack.split_ids.items()}
    height, width = stack.check()
    summary = {
        "dataset": name,
        "slices": slices,
        "size": [height, width],
        "sha256": stack.fingerprint,
        "note": stack.note,
    }
    if write:
        atomically(write, lambda p: p.write_text(json.dumps(summary, indent=1)))
    typer.echo(json.dumps(summary, indent=1))


@app.command("codecs")
def print_codecs(
    as_json: Annotated[bool, typer.Option("--json", help="A list of objects.")] = False,
) -> None:
    """List which codecs this machine can run, with versions and exact encoder settings, and how to
    get the others.
    """
    import warnings

    from promic_nb.codecs.inventory import inventory

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of libraries, about each other
        entries = inventory()
    if as_json:
        typer.echo(json.dumps(entries, indent=1))
        return
    from rich.console import Console
    from rich.markup import escape

    console = Console(soft_wrap=True, highlight=False)
    for about in entries:
        mark = "[green]ready[/]  " if about["available"] else "[yellow]missing[/]"
        console.print(
            f"{mark}  [bold]{about['codec']}[/]  {escape(about['version'] or about['missing'])}"
        )
        console.print(f"           [dim]{escape(about['encoder'] or about['remedy'])}[/]")


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Examine this machine: versions, device, engines, codecs, metrics, data, weights, disk.

    Exit code 1 if something essential is broken.
    """
    from promic_nb.cli.doctor import examine

    findings = examine()
    if as_json:
        typer.echo(json.dumps([f.as_dict() for f in findings], indent=1))
    else:
        from promic_nb.cli import screens

        screens.show(screens.doctor(findings))
    raise typer.Exit(int(any(f.state == "broken" for f in findings)))


@app.command()
def status(
    run: Annotated[
        str, typer.Argument(help="PROFILE/DATASET; by default the run that was started last.")
    ] = "",
    watch: Annotated[
        bool, typer.Option("--watch", help="Refresh every two seconds until the run ends.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print what a run is doing: jobs by rule, current cells and iterations, failures with their
    logs.
    """
    from promic_nb.cli import screens
    from promic_nb.runs.layout import find_run
    from promic_nb.runs.status import read_status

    folder = find_run(paths.root(), run, marker="session")
    if as_json:
        typer.echo(json.dumps(read_status(folder).as_dict(), indent=1))
    elif watch:
        screens.watch(lambda: read_status(folder))
    else:
        screens.show(screens.status(read_status(folder)))


@app.command("plan")
def print_plan(
    profile: Annotated[
        str, typer.Argument(help="A file in config/ without suffix: quick, cpu, paper.")
    ] = "quick",
    data: Annotated[str, typer.Option(help="As in make reproduce.")] = "",
    dataset: Annotated[
        str,
        typer.Option(help="By default lucchi with data, else the profile's own, else the phantom."),
    ] = "",
    cells: Annotated[str, typer.Option(help="As in make reproduce.")] = "",
    settings: Annotated[str, typer.Option(help="As in make reproduce.")] = "",
    again: Annotated[bool, typer.Option("--all", help="Count finished jobs too.")] = False,
    rates: Annotated[
        Path | None, typer.Option(help="Rates of another machine, as --measure prints them.")
    ] = None,
    measure: Annotated[
        list[Path] | None,
        typer.Option(
            help="Print the rates of this finished run instead, e.g. data/runs/quick/lucchi."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print the jobs that a run would execute, and the hours and disk that they will take,
    estimated from measured rates.
    """
    import yaml

    from promic_nb.cli import screens
    from promic_nb.runs import estimate as plan

    if measure:
        typer.echo(
            yaml.safe_dump(
                plan.measure(measure), sort_keys=False, default_flow_style=None, width=150
            ),
            nl=False,
        )
        return
    known = plan.read_rates(rates)
    jobs, name = plan.dry_run(profile, settings, again, data=data, dataset=dataset, cells=cells)
    table = plan.estimate(
        jobs, known, plan.stack_of(paths.root() / "data" / "runs" / profile / name, name)
    )
    if as_json:
        typer.echo(table.to_json(orient="records", indent=1))
    else:
        screens.show(screens.plan(table, f"{profile}/{name}", known))


def main() -> None:
    """Entry point: a user's mistake is one line and exit code 1, without a traceback."""
    try:
        app()
    except UserError as error:
        sys.exit(f"promic: {error}")
    except OSError as error:
        sys.exit(
            f"promic: {error.filename or 'a file'}: {error.strerror or error}. Check the path, its permissions and the free disk space"
        )
