"""Commands for files: encode, decode, detect, evaluate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import yaml

from promic_nb.cli.options import AsJson, numbers
from promic_nb.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from promic_nb.core.window import Window

Out = Annotated[Path, typer.Option("--out", help="Folder for the results; made if needed.")]
WindowText = Annotated[
    str,
    typer.Option(
        "--window",
        metavar="LOW,HIGH",
        help="Samples that become 0 and 255, for images that are not 8-bit.",
    ),
]
Score = Annotated[float, typer.Option(help="Least score of what counts as found, 0 to 1.")]


def encode(
    images: Annotated[
        list[Path],
        typer.Argument(help="Image files, folders of images, or folders with a stack.yaml."),
    ],
    codec: Annotated[str, typer.Option(help="One that promic codecs lists.")],
    out: Out,
    bpp: Annotated[
        float | None, typer.Option(help="Rate in bits per pixel, headers included.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="A setting of the codec, as in --set qp=32."
        ),
    ] = None,
    window: WindowText = "",
    as_json: AsJson = False,
) -> None:
    """Encode images to bitstreams at a rate, or with given settings.

    Beside each stream is a note, STREAM.json. An interrupted call goes on where it stopped.
    """
    from promic_nb.lab.coding import encode as run

    chosen = dict(_setting(text) for text in settings or [])
    table = run(list(images), codec, out, bpp=bpp, settings=chosen, window=_window(window))
    if as_json:
        _print(table)
        return
    pixels, size = int((table.height * table.width).sum()), int(table.bytes.sum())
    typer.echo(
        f"{len(table)} slices in {out}: {size:,} bytes, {8 * size / pixels:.3f} bpp, "
        f"{pixels / size:.1f} : 1 against 8 bits a pixel"
    )
    for row in table[~table.met].itertuples():
        typer.echo(f"{row.stream}: {row.bpp:.3f} bpp is the nearest to {row.target_bpp:g}")


def decode(
    streams: Annotated[
        list[Path], typer.Argument(help="Bitstreams of promic encode, or folders of them.")
    ],
    out: Out,
    as_json: AsJson = False,
) -> None:
    """Decode bitstreams to images: PNG, or TIFF where the original was not 8-bit."""
    from promic_nb.lab.coding import decode as run

    table = run(list(streams), out)
    if as_json:
        _print(table)
    else:
        typer.echo(f"{len(table)} images in {out}")


def detect(
    inputs: Annotated[
        list[Path],
        typer.Argument(help="Images or bitstreams, folders of either, or of a stack.yaml."),
    ],
    model: Annotated[str, typer.Option(help="A model.safetensors, or a shipped detector's name.")],
    out: Out,
    score: Score = 0.5,
    rate: Annotated[
        str, typer.Option(help="Label of the rate, for a model of several rates.")
    ] = "",
    window: WindowText = "",
    pixel_size: Annotated[
        float, typer.Option(metavar="NM", help="Side of a pixel. Default: as the files say.")
    ] = 0.0,
    decode_for_overlays: Annotated[
        bool,
        typer.Option(
            "--decode-for-overlays", help="Decode streams too, to draw the boxes on pictures."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Find objects, and write them as COCO JSON, CSV, counts, pictures and masks.

    A detector of latents reads a bitstream of its codec without decoding it to pixels.
    """
    from promic_nb.lab.detection import FILES, Options, detect_files

    options = Options(score, rate, _window(window), pixel_size or None, decode_for_overlays)
    table = detect_files(list(inputs), model, out, options)
    if as_json:
        _print(table)
        return
    images = json.loads((out / FILES[0]).read_text())["images"]
    read = ", ".join(sorted({image["read"] for image in images}))
    typer.echo(f"{len(images)} slices, {len(table)} objects with a score of {score:g} or more")
    typer.echo(f"Read: {read}")
    typer.echo(f"In {out}: {', '.join(FILES)}, overlays/" + _masks(out))
    if table.area_um2.isna().any():
        typer.echo("Areas in um^2 need the size of a pixel: --pixel-size NM")


def evaluate(
    detections: Annotated[
        Path, typer.Argument(help="The detections.json of promic detect, or its folder.")
    ],
    labels: Annotated[Path, typer.Argument(help="A folder with a stack.yaml, or COCO JSON.")],
    score: Score = 0.5,
    as_json: AsJson = False,
) -> None:
    """Score detections by labels: average precision and counts of each class."""
    from promic_nb.cli.screens import show
    from promic_nb.cli.screens.scores import screen
    from promic_nb.lab.evaluation import evaluate as run

    table = run(detections, labels, score=score)
    if as_json:
        _print(table)
    else:
        show(screen(table, score))


def _print(table: pd.DataFrame) -> None:
    typer.echo(table.to_json(orient="records", indent=1))


def _masks(out: Path) -> str:
    return ", masks/" if (out / "masks").is_dir() else ""


def _setting(text: str) -> tuple[str, Any]:
    key, sign, value = text.partition("=")
    if not sign:
        raise UserError(f"--set {text} has no value", "Write KEY=VALUE, as in --set qp=32")
    try:
        return key, yaml.safe_load(value)
    except yaml.YAMLError:
        return key, value


def _window(text: str) -> Window | None:
    from promic_nb.core.window import Window

    ends = numbers("window", text, 2)
    return Window(*ends) if ends else None
