"""Adapt the general codec to a user's stack: its decoder and its prior learn the slices.

The encoder's transform stays, and so does the structural cap. What the stack gains is a prior of
its own statistics, and a decoder that fits them.
"""

from __future__ import annotations

import copy
import hashlib
import json
import math
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from promic_nb.codecs.compare import REFERENCES, curve, mean_bd_rate
from promic_nb.codecs.jpegai import weights
from promic_nb.codecs.jpegai.model import JpegAiStyle
from promic_nb.codecs.learned import weight_path
from promic_nb.core.files import atomically
from promic_nb.datasets.folder import check_stack
from promic_nb.errors import UserError
from promic_nb.training.codec import ENCODER, CodecTraining, train_codec
from promic_nb.training.material import Material, crops, middle
from promic_nb.training.options import FitOptions

LEAST = 4  # slices: three to train on and one to validate on
VALIDATION = 0.2  # share of the slices that are kept for validation
MEASURED, MEASURED_SIDE = 3, 512  # validation slices that are coded, and their middle part
SIDES = (192, 128, 64)  # of crops: the largest that fits
POINTS = (-1200, -800, -400, 0, 400)  # gains of the curves before and after
FREE_MB = 500  # that checkpoints, curves and the file take
PACE_STEPS = 3  # timed, to tell how many iterations fit into the minutes


@dataclass(frozen=True)
class Adapted:
    """An adapted weight file.

    Attributes:
        path: for `codecs.get(..., weights=str(path))`.
        sha256: of the file; a bitstream names its first four bytes.
        steps: iterations, as many as were expected to fit into the minutes.
        bd_rate: percent against each reference on validation slices, before and after. NaN
            where the curves share too little; negative: it needs less than the reference.
    """

    path: Path
    sha256: str
    steps: int
    bd_rate: dict[str, tuple[float, float]]


def adapt(
    stack: Mapping[str, np.ndarray],
    out: Path,
    minutes: float = 30,
    *,
    start: str = "general",
    learning_rate: float = 2e-4,
    seed: int = 0,
    progress: bool = True,
    say: Callable[[str], object] = print,
) -> Adapted:
    """Fine-tune the general codec on a stack, and measure it before and after.

    The last fifth of the slices is kept for validation; of at most three of them, the middle
    512x512 samples are coded at each point of the curves. Checkpoints and curves are in a folder
    beside `out`: a killed adaptation goes on when it is called again with equal arguments. The
    folder may be removed afterwards.

    Args:
        stack: slices by name, uint8 (H, W), of one size, in the order of the stack.
        out: weight file to write. A card, JSON with its hash and origin, is written beside it.
        minutes: of training; measuring takes some more.
        start: weights to begin with, as `weights` of `codecs.get`.
        learning_rate: peak value for the decoder; the prior's is three times that.
        seed: of the crops.
        progress: whether to show bars.
        say: gets a line of text at each stage.

    Raises:
        UserError: a stack that is too small or of mixed sizes, no name of a .safetensors file, or
            too little free disk space.
    """
    if out.suffix != ".safetensors" or not 0 < minutes < math.inf:
        raise UserError(
            f"the codec cannot be adapted in {minutes:g} minutes to {out}",
            "Give a time above 0, and a file name that ends in .safetensors",
        )
    size = check_stack(dict(stack), LEAST, SIDES[-1])
    _check_disk(out.parent)
    names = list(stack)
    kept = max(1, round(VALIDATION * len(names)))
    material = [[stack[name] for name in names[:-kept]]]
    validation = {
        name: middle(stack[name], MEASURED_SIDE)
        for name in names[-kept :: math.ceil(kept / MEASURED)]
    }
    beginning = weight_path(start, 0.02, weights.WEIGHTS)
    model, _, sha256 = weights.load(beginning)
    say(f"{len(names) - kept} slices to train on, {kept} to validate on")

    training = CodecTraining(
        beta=0.02,
        steps=0,
        learning_rate=learning_rate,
        batch=4,
        crop=next(side for side in SIDES if side <= min(size)),
        lowest_gain=-1069,
        highest_gain=702,
        seed=seed,
        dithered=0,
    )
    seen = hashlib.sha256()
    for image in [*material[0], *validation.values()]:
        seen.update(repr(image.shape).encode() + image.tobytes())
    about: dict[str, Any] = {"minutes": minutes, "start": sha256, "slices": seen.hexdigest()}
    folder, steps = _plan(out, model, material, training, about)
    training = replace(training, steps=steps)
    say(f"{steps} iterations, expected to take {minutes:g} minutes")
    before = _measured(folder / "before.csv", beginning, validation, progress)
    options = FitOptions(folder / "training", progress=progress, checkpoint_every=50)
    model = train_codec(material, training, options, model)
    about = {
        "beta": training.beta,
        "material": "adapted",
        "steps": steps,
        "start": sha256,
        "slices": len(names) - kept,
        "seed": seed,
    }
    digest = weights.save(model, out, **about)
    after = _measured(folder / f"{digest[:8]}.csv", out, validation, progress)
    deltas = {}
    for name, points in REFERENCES.items():
        make = partial(curve, name, points, validation, progress)
        table = _kept(folder / f"{name}.csv", make)
        deltas[name] = mean_bd_rate(before, table), mean_bd_rate(after, table)
        say("BD-rate against {}: {:+.1f} % before, {:+.1f} % after".format(name, *deltas[name]))
    known = {name: [v if math.isfinite(v) else None for v in d] for name, d in deltas.items()}
    card = {"sha256": digest, **about, "bd_rate_percent": known}
    atomically(out.with_suffix(".json"), lambda p: p.write_text(json.dumps(card, indent=1)))
    say(f"{out} {digest}")
    return Adapted(out, digest, steps, deltas)


def _check_disk(folder: Path) -> None:
    """Refuse to begin on a disk that will be full before the end."""
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free / 1e6
    if free < FREE_MB:
        raise UserError(
            f"{folder} has {free:.0f} MB of free disk space",
            f"An adaptation takes {FREE_MB} MB: free some, or write elsewhere",
        )


def _plan(
    out: Path, model: JpegAiStyle, material: Material, training: CodecTraining, about: dict
) -> tuple[Path, int]:
    """The folder of an adaptation, and its iterations: those planned when it was first begun.

    What another stack, or other arguments, left in the folder is removed.
    """
    told = json.dumps({**asdict(training), **about}, sort_keys=True)
    cause = hashlib.sha256(told.encode()).hexdigest()
    folder = out.with_suffix(".adapting")
    plan = folder / "plan.json"
    if plan.is_file():
        noted = json.loads(plan.read_text())
        if noted["cause"] == cause:
            return folder, noted["steps"]
        shutil.rmtree(folder)
    pace = _seconds_per_step(model, material, training)
    steps = max(1, round(60 * about["minutes"] / pace))
    noted = {"cause": cause, "steps": steps}
    atomically(plan, lambda p: p.write_text(json.dumps(noted)))
    return folder, steps


def _seconds_per_step(model: JpegAiStyle, material: Material, training: CodecTraining) -> float:
    """How long an iteration takes here: the median of a few, without the first."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    trial = copy.deepcopy(model).train().to(device)
    for name, parameter in trial.named_parameters():
        parameter.requires_grad_(not name.startswith(ENCODER))
    stream = iter(crops(material, training.crop, training.seed))
    times = []
    for _ in range(1 + PACE_STEPS):
        began = time.perf_counter()
        batch = torch.stack(list(islice(stream, training.batch))).to(device)
        with torch.autocast(device, torch.bfloat16):
            x_hat, bpp = trial(batch)
        (bpp.mean() + (x_hat - batch).square().mean()).backward()
        times.append(time.perf_counter() - began)
    return float(np.median(times[1:]))


def _measured(
    file: Path, path: Path, images: Mapping[str, np.ndarray], progress: bool
) -> pd.DataFrame:
    """The curve of a weight file on the images."""
    points = [{"weights": str(path), "gain": gain} for gain in POINTS]
    return _kept(file, partial(curve, "jpegai_bop_off", points, images, progress))


def _kept(file: Path, make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
    """A table from its file, or made and written there."""
    if not file.is_file():
        table = make()
        atomically(file, lambda p: table.to_csv(p, index=False))
    return pd.read_csv(file)
