"""Commands about the learned codecs on a user's own images."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="The learned codecs on your own images.")
Weights = Annotated[str, typer.Option(help="general, lucchi, or a weight file.")]
Folder = Annotated[Path, typer.Argument(help="Images of 8 bits; colour is read as luma.")]


@app.command()
def adapt(
    stack: Annotated[Path, typer.Argument(help="A folder of slices of one size, 8 bits.")],
    out: Annotated[Path, typer.Option(help="The weight file to write, .safetensors.")],
    minutes: Annotated[float, typer.Option(help="Of training.")] = 30,
    first: Annotated[int, typer.Option(help="Begin with this slice, counted from 0.")] = 0,
    last: Annotated[
        int | None, typer.Option(help="End with this slice. Default: the last one.")
    ] = None,
    start: Weights = "general",
    seed: Annotated[int, typer.Option(help="Of the crops.")] = 0,
) -> None:
    """Fine-tune the general codec on your slices; print BD-rates before and after.

    The last fifth of the slices is kept for validation. Run it again after a kill to go on.
    """
    from promic_nb.datasets.folder import read_folder
    from promic_nb.training import adapt as training

    part = slice(first, None if last is None else last + 1)
    training.adapt(read_folder(stack, part), out, minutes, start=start, seed=seed, say=typer.echo)


@app.command()
def compare(
    folder: Folder,
    weights: Weights = "general",
    codec: Annotated[str, typer.Option(help="One of the JPEG-AI-style codecs.")] = "jpegai_bop_off",
    against: Annotated[str, typer.Option(help="jpeg2000 or hevc.")] = "jpeg2000",
    first: Annotated[int, typer.Option(help="Begin with this image, counted from 0.")] = 0,
    every: Annotated[int, typer.Option(help="Take every Nth image.")] = 1,
    out: Annotated[Path | None, typer.Option(help="Also write the table to this CSV file.")] = None,
) -> None:
    """Compare rates at equal PSNR, from 20 dB upwards, with those of another codec."""
    from promic_nb.codecs.compare import GAINS, REFERENCES, curve, mean_bd_rate, relative_rates
    from promic_nb.core.files import atomically
    from promic_nb.datasets.folder import read_folder
    from promic_nb.errors import UserError

    if against not in REFERENCES:
        raise UserError(f"no reference {against!r}", f"Choose one of {', '.join(REFERENCES)}")
    images = read_folder(folder, slice(first, None, every))
    ours = curve(codec, [{"weights": weights, "gain": gain} for gain in GAINS], images)
    reference = curve(against, REFERENCES[against], images)
    table = relative_rates(ours, reference, range(20, 41)).round(3)
    typer.echo(table.to_string(index=False))
    typer.echo(f"BD-rate against {against}: {mean_bd_rate(ours, reference):+.1f} %")
    if out:
        atomically(out, lambda p: table.to_csv(p, index=False))
