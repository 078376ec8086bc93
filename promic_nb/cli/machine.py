"""Commands about this machine: its data sets, its codecs, and what is missing."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Annotated

import typer

from promic_nb.cli.options import AsJson
from promic_nb.core import paths


def data(
    name: Annotated[
        str, typer.Argument(help="lucchi, kasthuri, phantom, or an own stack's.")
    ] = "phantom",
    path: Annotated[
        str, typer.Option(help="A local copy. Default: PROMIC_DATA, else the download.")
    ] = "",
    write: Annotated[
        Path | None, typer.Option(help="Also write the summary to this JSON file.")
    ] = None,
) -> None:
    """Find, download or generate a data set, check it, and print a summary."""
    from promic_nb.core.files import atomically
    from promic_nb.datasets import open_stack

    stack = open_stack(name, path, paths.root() / "data")
    height, width = stack.check()
    summary = {
        "dataset": name,
        "slices": {split: len(ids) for split, ids in stack.split_ids.items()},
        "size": [height, width],
        "sha256": stack.fingerprint,
        "note": stack.note,
    }
    if write:
        atomically(write, lambda p: p.write_text(json.dumps(summary, indent=1)))
    typer.echo(json.dumps(summary, indent=1))


def codecs(as_json: AsJson = False) -> None:
    """List the codecs with their exact encoder settings, and how to install missing ones."""
    from promic_nb.cli.screens import show
    from promic_nb.cli.screens.codecs import screen
    from promic_nb.codecs.inventory import inventory

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # libraries warn about each other
        entries = inventory()
    if as_json:
        typer.echo(json.dumps(entries, indent=1))
    else:
        show(screen(entries), soft_wrap=True)


def doctor(as_json: AsJson = False) -> None:
    """Check this machine: versions, device, engines, codecs, metrics, data, weights, disk.

    Exit code 1 if something essential is broken.
    """
    from promic_nb.cli.doctor import examine
    from promic_nb.cli.screens import show
    from promic_nb.cli.screens.doctor import screen

    findings = examine()
    if as_json:
        typer.echo(json.dumps([f.as_dict() for f in findings], indent=1))
    else:
        show(screen(findings))
    raise typer.Exit(int(any(f.state == "broken" for f in findings)))
