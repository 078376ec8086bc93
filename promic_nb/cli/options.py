"""Arguments and options shared by several commands."""

from __future__ import annotations

from typing import Annotated

import typer

from promic_nb.core import paths
from promic_nb.errors import UserError
from promic_nb.runs.layout import Marker, RunFolder, find_run

RunName = Annotated[
    str,
    typer.Option("--run", help="PROFILE/DATASET, e.g. quick/phantom. Default: the latest run."),
]
ProfileName = Annotated[
    str, typer.Argument(help="A file in config/ without suffix: smoke, quick, cpu, paper.")
]
DataFolder = Annotated[str, typer.Option("--data", help="The folder of the slices.")]
DatasetChoice = Annotated[
    str,
    typer.Option(
        "--dataset",
        help="Default: lucchi with --data, else the profile's own, else the phantom.",
    ),
]
CellsFolder = Annotated[
    str, typer.Option("--cells", help="A folder with images/, for the deblocking study.")
]
SettingsFile = Annotated[
    str,
    typer.Option(
        "--settings",
        help="A YAML file that replaces keys of the profile. The run gets a name of its own.",
    ),
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


def numbers(name: str, text: str, count: int) -> list[float]:
    """Numbers that a user writes with commas between; none for "".

    Raises:
        UserError: not so many numbers.
    """
    try:
        found = [float(part) for part in text.split(",")] if text else []
    except ValueError:
        found = [0.0] * (count + 1)
    if found and len(found) != count:
        raise UserError(f"--{name} is {text!r}", f"Give {count} numbers, as in --{name} 100,4000")
    return found
