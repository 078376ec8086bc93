"""Commands for the results of a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from promic_nb.cli.options import AsJson, RunArgument, RunName, the_run
from promic_nb.core import paths
from promic_nb.errors import UserError
from promic_nb.runs.layout import RunFolder


def verdicts(
    run: RunName = "",
    everything: Annotated[bool, typer.Option("--all", help="List every claim.")] = False,
    document: Annotated[
        str, typer.Option(help="List the claims of one document, 000 to 004.")
    ] = "",
    verdict: Annotated[
        str, typer.Option(help="List the claims with one verdict, e.g. 'not reproduced'.")
    ] = "",
    published: Annotated[
        bool,
        typer.Option(
            "--published",
            help="Judge by the tables in figures/, as when there is no run yet.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print the verdicts on the documents' results.

    They come from the latest run, or from the results shipped with the package.
    """
    from promic_nb.claims import DOCUMENTS, VERDICTS
    from promic_nb.cli.screens import show
    from promic_nb.cli.screens.verdicts import screen, summary
    from promic_nb.reporting.artifacts import published_verdicts, run_verdicts
    from promic_nb.runs.layout import all_runs

    _check("document", document, tuple(DOCUMENTS))
    _check("verdict", verdict, tuple(VERDICTS))
    if published and run:
        raise UserError(f"--published and --run {run} exclude each other", "Use only one of them")
    folder = None if published or not (run or all_runs(paths.root())) else the_run(run)
    name = folder.name if folder else "the published results in figures/"
    table = run_verdicts(folder) if folder else published_verdicts(paths.root())
    if document:
        table = table[table.document == document]
    if verdict:
        table = table[table.verdict == verdict]
    if as_json:
        columns = ["digits", "headline", "needs"]
        typer.echo(table.drop(columns=columns).to_json(orient="records", indent=1))
        return
    chosen = everything or document or verdict
    show(screen(table, name) if chosen else summary(table, name))
    _show_report(folder)


def prepare_summary() -> None:
    """Load what `show_summary` needs, which takes a second."""
    from promic_nb.claims.loading import load_claims
    from promic_nb.cli.screens import verdicts  # noqa: F401
    from promic_nb.reporting import artifacts  # noqa: F401

    load_claims()


def show_summary(run: RunFolder, unchanged: bool = False) -> None:
    """Print the screen with which `make reproduce` ends.

    Args:
        unchanged: show what the last call kept; nothing has changed since.
    """
    from promic_nb.cli.screens import show
    from promic_nb.cli.screens.verdicts import SHOWN, summary
    from promic_nb.core.files import atomically, read_parquet
    from promic_nb.reporting.artifacts import run_verdicts

    if unchanged and run.verdicts.is_file():
        table = read_parquet(run.verdicts)
    else:
        table = run_verdicts(run)[SHOWN]
        atomically(run.verdicts, lambda path: table.to_parquet(path, index=False))
    show(summary(table, run.name))
    _show_report(run)


def _show_report(run: RunFolder | None) -> None:
    if run and run.report.is_file():
        typer.echo(f"Report: {paths.relative(run.report)}")


def _check(what: str, name: str, names: tuple[str, ...]) -> None:
    if name and name not in names:
        raise UserError(f"{what} {name!r} is unknown", f"Choose one of: {', '.join(names)}")


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
    run: Annotated[str, typer.Argument(help="PROFILE/DATASET, or the run's folder.")],
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Tables, or figures for theirs, e.g. bd_ap rd_psnr. Default: all."),
    ] = None,
) -> None:
    """Copy tables of a run to figures/, which git keeps, and redraw what is published."""
    from promic_nb.reporting.publish import publish

    published = publish(the_run(run), names or [], paths.root() / "figures")
    typer.echo(f"{len(published)} tables of {run}: {', '.join(published)}")
    figures()


def figures() -> None:
    """Redraw all published figures, tables and verdicts from the tables in figures/.

    Nothing is trained or measured. Numbers in README.md and docs/ are filled in, too.
    """
    from promic_nb.cli.screens import show
    from promic_nb.cli.screens.redrawn import screen
    from promic_nb.reporting.prose import write_pages
    from promic_nb.reporting.redraw import redraw

    done = redraw(paths.root() / "figures")
    show(screen(done, write_pages(paths.root())), soft_wrap=True)


def bundle(
    run: Annotated[
        str,
        typer.Option("--run", help="PROFILE/DATASET. Default: the published results in figures/."),
    ] = "",
    out: Annotated[
        Path, typer.Option("--out", help="A folder, or a file that ends in .zip.")
    ] = Path("deposit.zip"),
) -> None:
    """Write the results as an RO-Crate, to be deposited at Zenodo or elsewhere."""
    from promic_nb.reporting.bundle import bundle

    typer.echo(bundle(paths.root(), out, the_run(run) if run else None))
