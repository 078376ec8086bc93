"""Commands for a user's own stack: `promic stack init` and `promic stack check`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from promic_nb.cli.options import AsJson, numbers

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from promic_nb.datasets.own.stack import OwnStack

SHOWN = 3  # slices in the preview

app = typer.Typer(
    no_args_is_help=True, help="Describe your own images and labels, and check what they hold."
)


@app.command()
def init(
    path: Annotated[Path, typer.Argument(help="The folder that holds the images.")],
    name: Annotated[
        str, typer.Option(help="Name in paths and captions. Default: the folder's.")
    ] = "",
    images: Annotated[
        str, typer.Option(help="The images, as in 'raw/*.tif'. Default: found.")
    ] = "",
    labels: Annotated[
        str, typer.Option(help="The labels, as in 'labels/*.png', or none. Default: found.")
    ] = "",
    kind: Annotated[
        str, typer.Option(help="masks, instances, classes or coco. Default: found out.")
    ] = "",
    pixel_size: Annotated[
        float, typer.Option(metavar="NM", help="Side of a pixel. Default: as the images say.")
    ] = 0.0,
    window: Annotated[
        str,
        typer.Option(
            metavar="LOW,HIGH", help="Samples that become 0 and 255. Default: as the images span."
        ),
    ] = "",
    force: Annotated[bool, typer.Option("--force", help="Replace a stack.yaml.")] = False,
    as_json: AsJson = False,
) -> None:
    """Look at a folder of images and write its stack.yaml.

    Reads PNG, TIFF of one or many pages, OME-TIFF and OME-Zarr, 8 or 16 bits, grey or colour.
    """
    from promic_nb.datasets.own.discover import Given, init_stack

    ends = numbers("window", window, 2)
    given = Given(name, images, labels, kind, pixel_size, (ends[0], ends[1]) if ends else None)
    manifest = init_stack(path, given, force=force)
    if as_json:
        typer.echo(json.dumps(manifest.model_dump(mode="json"), indent=1))
        return
    typer.echo((path / "stack.yaml").read_text(), nl=False)
    typer.echo(f"\nWritten to {path / 'stack.yaml'}. Next: promic stack check {path}")


@app.command()
def check(
    path: Annotated[Path, typer.Argument(help="A folder with a stack.yaml.")],
    preview: Annotated[
        Path | None, typer.Option(help="Where the picture goes. Default: into the folder.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read every image and label of a stack, count them, and draw some with their objects."""
    from promic_nb.cli.screens import show
    from promic_nb.cli.screens.stack import screen
    from promic_nb.core.files import atomically
    from promic_nb.datasets.own.discover import PREVIEW
    from promic_nb.datasets.own.stack import open_own

    stack = open_own(path)
    survey = stack.survey()
    picture = preview or path / PREVIEW
    figure = _preview(stack)
    atomically(picture, lambda p: figure.savefig(p, format="png", dpi=110))
    about = {
        "name": stack.name,
        **asdict(survey),
        "classes": list(stack.classes),
        "pixel_size_nm": stack.pixel_size_nm,
        "sha256": stack.fingerprint,
        "preview": str(picture),
    }
    if as_json:
        typer.echo(json.dumps(about, indent=1))
    else:
        show(screen(stack.name, survey, picture, path))


def _preview(stack: OwnStack) -> Figure:
    """A few slices, the first of each split, with the boxes of their objects."""
    import numpy as np

    from promic_nb.reporting.plots.slices import slices_with_boxes

    shown = [(split, ids[0]) for split, ids in stack.split_ids.items() if ids][:SHOWN]
    return slices_with_boxes(
        [stack.image(split, i) for split, i in shown],
        [stack.boxes(split, i) if stack.labelled else np.zeros((0, 4)) for split, i in shown],
        [f"{stack.name}, {split} slice {i}" for split, i in shown],
    )
