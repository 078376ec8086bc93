"""The only part of `jpegai_vm33` trained in this project: its hyper-latent symbol frequencies.

They are counted in training slices. `python -m promic_nb.training.vm33_prior PATH_OF_LUCCHI` makes
data/weights/jpegai_vm33_prior.safetensors again.
"""

from __future__ import annotations

from pathlib import Path

import torch
import typer
from safetensors.torch import save
from torch import Tensor
from tqdm.auto import tqdm

from promic_nb.codecs.jpegai import vm33_weights
from promic_nb.codecs.jpegai.coder import Z_MAX
from promic_nb.codecs.jpegai.tables import coder_tables
from promic_nb.codecs.jpegai.vm33 import LATENT_CHANNELS, Vm33
from promic_nb.core.files import atomically
from promic_nb.datasets import open_stack
from promic_nb.datasets.layout import SliceStack


@torch.inference_mode()
def fit_prior(model: Vm33, stack: SliceStack, ids: list[int]) -> Tensor:
    """Probabilities (128, 63) of the symbols -31..31 in each channel.

    Krichevsky-Trofimov estimate: (count + 1/2) / (n + 63/2).
    """
    counts = torch.full((LATENT_CHANNELS, 2 * Z_MAX + 1), 0.5, dtype=torch.float64)
    for slice_id in tqdm(ids, unit="slice"):
        y = model.latent(torch.from_numpy(stack.image("train", slice_id))[None, None].float())
        z = model.hyper_encoder(y.abs()).round().clamp(-Z_MAX, Z_MAX)[0].flatten(1)
        counts.scatter_add_(1, z.long() + Z_MAX, torch.ones_like(z, dtype=counts.dtype))
    return counts / counts.sum(1, keepdim=True)


def main(data: Path, folder: str = "", out: Path = vm33_weights.PRIOR) -> None:
    """Count symbols in the training slices of Lucchi (DATA) and write the coder's tables.

    FOLDER holds the ONNX files of VM 3.3; by default PROMIC_VM33, or they are downloaded.
    """
    stack = open_stack("lucchi", data)
    pmf = fit_prior(vm33_weights.load(vm33_weights.locate(folder)), stack, stack.ids("train"))
    written = save(coder_tables(pmf), {"dataset": stack.name, "data": stack.fingerprint})
    atomically(out, lambda p: p.write_bytes(written))
    typer.echo(f"{out} {vm33_weights.pooch.file_hash(str(out))}")


if __name__ == "__main__":
    typer.run(main)
