"""Weight files of the JPEG-AI-style codec: safetensors, fp16 for networks, integer tables for the
entropy coder, pinned by hash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import safetensors.torch
import torch
import yaml
from safetensors import SafetensorError
from torch import Tensor

from promic_nb.codecs.jpegai.coder import Z_MAX
from promic_nb.codecs.jpegai.model import LEVELS, JpegAiStyle
from promic_nb.codecs.jpegai.networks import OPERATION_POINTS
from promic_nb.codecs.jpegai.tables import coder_tables
from promic_nb.codecs.jpegai.tools import Tools
from promic_nb.core.files import atomically, note_in_order
from promic_nb.errors import UserError

WEIGHTS = Path(__file__).parents[3] / "data" / "weights"
TRANSFORMS = ("analysis.", "synthesis.")  # what differs between operation points
REMEDY = "Take the file from the repository again, or train it: notebooks/02_train_codec.ipynb"


def tables(model: JpegAiStyle) -> dict[str, Tensor]:
    """Tables of the entropy coder for a model's prior of z."""
    with torch.no_grad():
        symbols = torch.arange(-Z_MAX, Z_MAX + 1, dtype=torch.float32).repeat(
            model.z_prior.channels, 1
        )
        return coder_tables(model.z_likelihood(symbols[None, :, None, :])[:, 0])


def save(
    model: JpegAiStyle,
    path: Path,
    *others: JpegAiStyle,
    tools: Tools | None = None,
    **about: str | float | int,
) -> str:
    """Write networks (fp16) and coder tables; return the file's SHA-256.

    Args:
        model: common networks, and the transforms of its operation point.
        others: models of other operation points on the same common networks; just their transforms
            are written.
        tools: constants of RVS and LSBS.
        about: beta, steps, data ... for the header.

    Raises:
        UserError: `others` differ in the networks that all operation points share.
    """
    for other in others:
        theirs = other.state_dict()
        for k, v in model.state_dict().items():
            if not k.startswith(TRANSFORMS) and not torch.equal(v.half(), theirs[k].half()):
                raise UserError(
                    f"{k} of the {other.op} model is not that of the {model.op} model",
                    "Train it with the common networks frozen",
                )
    # The tables must come from the rounded weights that a reader sees, so round first.
    rounded = JpegAiStyle(model.op)
    rounded.load_state_dict(
        {k: v.half().float() if v.is_floating_point() else v for k, v in model.state_dict().items()}
    )
    state = dict(_named(rounded))
    for other in others:
        state |= {k: v for k, v in _named(other) if k.startswith(other.op)}
    state = {
        k: v.half().contiguous() if v.is_floating_point() else v
        for k, v in state.items()
        if v.numel()
    }
    written = safetensors.torch.save(
        {**state, **tables(rounded), **(tools.tensors() if tools else {})},
        {k: str(v) for k, v in about.items()},
    )
    atomically(path, lambda p: p.write_bytes(note_in_order(written)))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _named(model: JpegAiStyle) -> Iterator[tuple[str, Tensor]]:
    """Tensors by their names in a file; those of the transforms start with the operation point."""
    return (
        (f"{model.op}.{k}" if k.startswith(TRANSFORMS) else k, v)
        for k, v in model.state_dict().items()
    )


def load(path: Path, op: str = "bop") -> tuple[JpegAiStyle, dict[str, Tensor], str]:
    """Model of one operation point in evaluation mode; coder tables and constants of tools; the
    file's SHA-256.

    Raises:
        UserError: missing file, not a safetensors file, no such operation point or other tensors
            than the model's, or a hash that is not the registered one.
    """
    if not path.is_file():
        known = ", ".join(f"{about['beta']:g}" for about in registry().values() if "beta" in about)
        raise UserError(f"codec weights {path} do not exist (registered betas: {known})", REMEDY)
    return _load(path, op, path.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _load(path: Path, op: str, _: int) -> tuple[JpegAiStyle, dict[str, Tensor], str]:
    """`load`, kept while the file's time of change stays."""
    state, sha256 = read(path)
    points = [o for o in OPERATION_POINTS if f"{o}.analysis.1.weight" in state]
    if op not in points:
        raise UserError(
            f"{path} does not hold a JPEG-AI-style model of operation point {op!r} "
            f"(it has: {', '.join(points) or 'none'})",
            REMEDY,
        )
    model = JpegAiStyle(op)
    own = dict(_named(model))
    extra = {
        k: v
        for k, v in state.items()
        if k in ("z_cdf", "r_cdf", "r_length") or k.startswith("tools.")
    }
    wrong = sorted(
        k for k, v in own.items() if v.numel() and (k not in state or state[k].shape != v.shape)
    )
    if (
        wrong
        or extra.get("r_cdf", torch.empty(0)).shape[0] != LEVELS
        or not {"z_cdf", "r_length"} <= set(extra)
    ):
        raise UserError(
            f"{path} does not hold a JPEG-AI-style model "
            f"(first wrong tensor: {(wrong or ['coder tables'])[0]})",
            REMEDY,
        )
    model.load_state_dict({k.removeprefix(f"{op}."): state.get(k, v) for k, v in own.items()})
    return model.eval().requires_grad_(False), extra, sha256


def read(path: Path) -> tuple[dict[str, Tensor], str]:
    """Tensors of a weight file and its SHA-256.

    Raises:
        UserError: not a safetensors file, or a hash that is not the registered one.
    """
    data = path.read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    expected = registry().get(path.name, {}).get("sha256") if path.parent == WEIGHTS else None
    if expected and sha256 != expected:
        raise UserError(
            f"codec weights {path} have SHA-256 {sha256[:12]}..., registered is {expected[:12]}...",
            REMEDY,
        )
    try:
        return safetensors.torch.load(data), sha256
    except SafetensorError as error:
        raise UserError(f"{path} is not a safetensors file ({error})", REMEDY) from error


def shipped(start: str) -> Path | None:
    """The registered weight file whose SHA-256 begins so, as a bitstream names it; None if none."""
    names = (name for name, about in registry().items() if about["sha256"].startswith(start))
    return next((WEIGHTS / name for name in names), None)


def registry() -> dict[str, dict]:
    """Registered weight files: name to {sha256, beta, bpp, trained_on, command, log}."""
    file = WEIGHTS / "registry.yaml"
    return yaml.safe_load(file.read_text()) if file.is_file() else {}
