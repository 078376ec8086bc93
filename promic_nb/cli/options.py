"""Arguments and options shared by several commands."""

from __future__ import annotations

from typing import Annotated

import typer

from promic_nb.core import paths
from promic_nb.runs.layout import Marker, RunFolder, find_run

RunName = Annotated[
    str,
    typer.Option("--run", help="PROFILE/DATASET, e.g. quick/phantom. Default: the latest run."),
]
RunArgument = Annotated[
    str,
    typer.Argument(
        metavar="[RUN]", help="PROFILE/DATASET, or the run's folder. Default: the latest run."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def the_run(name: str, marker: Marker = "tables") -> RunFolder:
    """The run of this project that a user names; for errors see `find_run`."""
    return find_run(paths.root(), name, marker)
