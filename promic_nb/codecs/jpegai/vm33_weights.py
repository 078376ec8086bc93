"""Where the JPEG AI VM 3.3 networks come from: five ONNX files, each pinned by hash, in a folder of
the user's or downloaded.
"""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from pathlib import Path

import onnx
import pooch
import torch
from torch import Tensor, nn

from promic_nb.codecs.jpegai import weights
from promic_nb.codecs.jpegai.vm33 import Vm33
from promic_nb.core import paths
from promic_nb.datasets.download import retrieve
from promic_nb.errors import UserError

SOURCE = (
    "https://raw.githubusercontent.com/SmartHarmony/JPEG-AI-OPT/"
    "4612a67ee353307320677b65ebb10e8f124ac231/Verification_Models"
)
# network: (file in the source, SHA-256); Smart Harmony LLC, CC BY 4.0
FILES = {
    "analysis": (
        "encoder/single_encode_y.onnx",
        "c9263001f15eed32d4856018fa4ea79ba1835bef6be8449ecf27cc055e0a787e",
    ),
    "hyper_encoder": (
        "encoder/hyper_encoder_y.onnx",
        "2a80bf786ac5ff8c063e61953fcd48d3f8bac3ae342c5b789eba0eceac88acee",
    ),
    "hyper_decoder": (
        "encoder/hyper_decoder_y.onnx",
        "a6e80c6e6d3ec3ae1c6aafa0eaf5ffcb25149422f9a31948b76dab4507c6c0bf",
    ),
    "hyper_scale_decoder": (
        "encoder/hyper_scale_decoder_y.onnx",
        "2e20a948db5510ccabbd4c872369d1be6582e468e28f02b96d0c84b9d96aa011",
    ),
    "synthesis": (
        "decoder/decoder_y.onnx",
        "814fa6b3c5c5bf96175748acb24a53244196476e733b7d3ddcc1828464d2b0d4",
    ),
}
PRIOR = weights.WEIGHTS / "jpegai_vm33_prior.safetensors"
REMEDY = (
    "Download them: python -m promic_nb.codecs.jpegai.vm33_weights; or name a folder that holds "
    "them: setting folder, or PROMIC_VM33=PATH"
)


def default_folder() -> Path:
    """Where downloads lie."""
    return paths.root() / "data" / "jpeg-ai-vm3.3"


def locate(folder: str = "") -> Path:
    """The folder of the ONNX files: `folder`, else the environment's PROMIC_VM33, else that of the
    download.

    Raises:
        UserError: a missing file, or one with another hash; the folder and the remedy are named.
    """
    path = Path(folder or os.environ.get("PROMIC_VM33") or default_folder())
    for source, sha256 in FILES.values():
        file = path / Path(source).name
        if not file.is_file():
            raise UserError(
                f"the JPEG AI VM 3.3 networks are not in {path} ({file.name} is missing)", REMEDY
            )
        if (found := pooch.file_hash(str(file))) != sha256:
            raise UserError(
                f"{file} has SHA-256 {found[:12]}..., registered is {sha256[:12]}...", REMEDY
            )
    return path


def download() -> Path:
    """Download what is missing of the five files (15 MB), verified, to data/jpeg-ai-vm3.3.

    Raises:
        UserError: no network, or a wrong hash.
    """
    for source, sha256 in FILES.values():
        retrieve(
            f"{SOURCE}/{source}",
            sha256,
            default_folder(),
            "Name a local copy instead: PROMIC_VM33=PATH",
            fname=Path(source).name,
        )
    return default_folder()


@lru_cache(maxsize=2)
def load(path: Path) -> Vm33:
    """The networks with the weights of the files in `path`, in evaluation mode."""
    model = Vm33()
    for network, (source, _) in FILES.items():
        import_weights(getattr(model, network), path / Path(source).name)
    return model.eval().requires_grad_(False)


def import_weights(network: nn.Module, file: Path) -> None:
    """Copy the convolutions of an ONNX graph, in the graph's order, into those of `network`, in the
    order of their definition.

    Raises:
        ValueError: another number of convolutions, or other shapes.
    """
    graph = onnx.load(file).graph
    stored = {
        tensor.name: torch.from_numpy(onnx.numpy_helper.to_array(tensor).copy())
        for tensor in graph.initializer
    }
    nodes = [node for node in graph.node if node.op_type in ("Conv", "ConvTranspose")]
    layers = [
        layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)
    ]
    for layer, node in zip(layers, nodes, strict=True):
        own = [p for p in (layer.weight, layer.bias) if p is not None]
        for parameter, name in zip(own, node.input[1:], strict=True):
            if parameter.shape != stored[name].shape:
                raise ValueError(
                    f"{name} has shape {tuple(stored[name].shape)}, not {tuple(parameter.shape)}"
                )
            parameter.data.copy_(stored[name])


@lru_cache(maxsize=1)
def prior() -> tuple[dict[str, Tensor], str]:
    """Coder tables (see `EntropyCoder`), and the SHA-256 of networks and tables together, which a
    bitstream carries.
    """
    tables, sha256 = weights.read(PRIOR)
    return tables, hashlib.sha256(
        "".join([*(pinned for _, pinned in FILES.values()), sha256]).encode()
    ).hexdigest()


if __name__ == "__main__":
    print(download())
