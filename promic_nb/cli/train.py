"""The command that trains a detector on a user's own stack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from promic_nb.cli.options import AsJson


def train(
    stack: Annotated[Path, typer.Argument(help="A folder with a stack.yaml and labels.")],
    recipe: Annotated[
        str,
        typer.Option(help="original (of images), A (of decoded images), or ProMIC (of latents)."),
    ] = "ProMIC",
    profile: Annotated[
        str, typer.Option(help="A file in config/ without suffix: smoke, quick, cpu, paper.")
    ] = "quick",
    rate: Annotated[
        str, typer.Option(help="A rate of the profile. Default: its last, the highest.")
    ] = "",
    out: Annotated[Path | None, typer.Option(help="File to which the model is copied.")] = None,
    as_json: AsJson = False,
) -> None:
    """Train a detector on your own stack. An interrupted call goes on where it stopped.

    Exit code 75 if another run is at work in this project.
    """
    from promic_nb.cli.follow import run_choice
    from promic_nb.lab.training import prepare

    training = prepare(stack, recipe, profile, rate)
    run_choice(training.choice, ["--cores", "all"], training.only, quiet=as_json)
    model = training.deliver(out)
    about = {
        "model": str(model),
        "recipe": training.recipe,
        "rate": training.rate,
        "run": training.run.name,
    }
    if as_json:
        typer.echo(json.dumps(about, indent=1))
    else:
        typer.echo(f"{training.recipe}, rate {training.rate}, of the run {training.run.name}")
        typer.echo(f"Model: {model}. Next: promic detect STREAMS --model {model} --out FOLDER")
