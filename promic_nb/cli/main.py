"""The command `promic`. Slow imports are inside the commands."""

from __future__ import annotations

import sys

import typer

from promic_nb.cli import codec, files, machine, progress, results, stack
from promic_nb.cli.reproduce import reproduce
from promic_nb.cli.train import train
from promic_nb.errors import UserError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Detect mitochondria in compressed micrographs: in your own images and bitstreams; follow "
    "runs, check their numbers against the published ones, and trace every figure back to its "
    "origin.",
)
RESULTS = (
    results.verdicts,
    results.report,
    results.explain,
    results.compare,
    results.publish,
    results.figures,
    results.bundle,
)
RUNS = (reproduce, progress.plan, progress.status, progress.measure)
MACHINE = (machine.doctor, machine.data, machine.codecs)
FILES = (files.encode, files.decode, files.detect, files.evaluate, train)
OWN = "Your own images"
PANELS = ((OWN, FILES), ("Results", RESULTS), ("Runs", RUNS), ("This machine", MACHINE))
app.add_typer(stack.app, name="stack", rich_help_panel=OWN)
app.add_typer(codec.app, name="codec", rich_help_panel=OWN)
for title, commands in PANELS:
    for command in commands:
        app.command(rich_help_panel=title)(command)


def main() -> None:
    """Entry point: a user error prints one line and exits with code 1, without a traceback."""
    try:
        app()
    except UserError as error:
        sys.exit(f"promic: {error}")
    except OSError as error:
        what = f"{error.filename or 'a file'}: {error.strerror or error}"
        sys.exit(f"promic: {what}. Check the path, its permissions and the free disk space")
