"""Weight files of the JPEG-AI-style codec: safetensors, fp16 for networks, integer tables for the entropy coder, pinned by hash."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

import torch
import yaml
from compressai._CXX import pmf_to_quantized_cdf
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from promic_nb.codecs.jpegai.model import LEVELS, SCALE_TABLE, Z_MAX, JpegAiStyle
from promic_nb.errors import UserError

WEIGHTS = Path(__file__).parents[3] / "data" / "weights"
PRECISION = 16  # bits of CompressAI's range coder tables


def tables(model: JpegAiStyle) -> dict[str, Tensor]:
    """Cumulative tables of the entropy coder, int32: `z_cdf` (160, 65) over -31..31 and escape, `r_cdf` (32, L) over -n..n and escape.

    They are stored with the weights, because computing them on another machine could round differently and break decoding.
    """
    with torch.no_grad():
        symbols = torch.arange(-Z_MAX, Z_MAX + 1, dtype=torch.float32).repeat(model.z_prior.channels, 1)
        z = model.z_likelihood(symbols[None, :, None, :])[:, 0].double()
    z_cdf = torch.stack([_cdf(p, 2 * Z_MAX + 1) for p in z])
    normal = torch.distributions.Normal(0.0, 1.0)
    rows = []
    for sigma in SCALE_TABLE:
        half = max(1, int(6 * sigma + 0.5))
        x = torch.arange(-half, half + 1, dtype=torch.float64)
        rows.append(normal.cdf((x + 0.5) / sigma) - normal.cdf((x - 0.5) / sigma))
    longest = max(len(row) for row in rows)
    r_cdf = torch.stack([_cdf(row, longest) for row in rows])
    return {"z_cdf": z_cdf, "r_cdf": r_cdf, "r_length": torch.tensor([len(row) for row in rows], dtype=torch.int32)}


def _cdf(pmf: Tensor, longest: int) -> Tensor:
    """Quantized cumulative table of `pmf` and an escape symbol, zero-padded to the longest row."""
    escape = max(1e-9, 1.0 - float(pmf.sum()))
    row = torch.tensor(pmf_to_quantized_cdf([*pmf.tolist(), escape], PRECISION), dtype=torch.int32)
    return torch.nn.functional.pad(row, (0, longest + 2 - len(row)))


def save(model: JpegAiStyle, path: Path, **about: str | float | int) -> str:
    """Write networks (fp16) and coder tables; return the file's SHA-256. `about` (beta, steps, data ...) goes into the header."""
    # The tables must come from the rounded weights that a reader sees, so round first.
    rounded = JpegAiStyle()
    rounded.load_state_dict({k: v.half().float() if v.is_floating_point() else v for k, v in model.state_dict().items()})
    state = {k: v.half().contiguous() if v.is_floating_point() else v for k, v in rounded.state_dict().items() if v.numel()}
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    save_file({**state, **tables(rounded)}, part, metadata={k: str(v) for k, v in about.items()})
    part.replace(path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


@lru_cache(maxsize=4)
def load(path: Path) -> tuple[JpegAiStyle, dict[str, Tensor], str]:
    """Model in evaluation mode, coder tables and the file's SHA-256.

    Raises:
        UserError: missing file, not a safetensors file, other tensors than the model's, or a hash that is not the registered one.
    """
    remedy = "Take the file from the repository again, or train it: notebooks/02_train_codec.ipynb"
    if not path.is_file():
        raise UserError(f"codec weights {path} do not exist", remedy)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    expected = registry().get(path.name, {}).get("sha256") if path.parent == WEIGHTS else None
    if expected and sha256 != expected:
        raise UserError(f"codec weights {path} have SHA-256 {sha256[:12]}..., registered is {expected[:12]}...", remedy)
    try:
        with safe_open(path, "pt") as file:
            state = {k: file.get_tensor(k) for k in file.keys()}  # noqa: SIM118 (not a dict)
    except SafetensorError as error:
        raise UserError(f"{path} is not a safetensors file ({error})", remedy) from error
    coder = {k: state.pop(k) for k in ("z_cdf", "r_cdf", "r_length") if k in state}
    model = JpegAiStyle()
    own = model.state_dict()
    wrong = sorted(k for k, v in own.items() if v.numel() and (k not in state or state[k].shape != v.shape))
    if wrong or len(coder) != 3 or coder["r_cdf"].shape[0] != LEVELS:
        raise UserError(f"{path} does not hold a JPEG-AI-style model (first wrong tensor: {(wrong or ['coder tables'])[0]})", remedy)
    model.load_state_dict({**own, **state})
    return model.eval().requires_grad_(False), coder, sha256


def registry() -> dict[str, dict]:
    """Registered weight files: name to {sha256, beta, bpp, trained_on, command, log}."""
    file = WEIGHTS / "registry.yaml"
    return yaml.safe_load(file.read_text()) if file.is_file() else {}
