"""Reading weights of other programs without running what they contain.

A pickle is a program. Detectron2's model zoo ships pickles of NumPy arrays; the reader here admits
arrays, scalars and plain containers and nothing else. `.pth` files go through
`torch.load(weights_only=True)`, which is as strict.
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from promic_nb.errors import UserError

_NUMPY = {"_reconstruct", "scalar", "_frombuffer"}
_ALLOWED = {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("collections", "OrderedDict"),
    ("_codecs", "encode"),
}


class ArrayUnpickler(pickle.Unpickler):
    """Loads NumPy arrays in dicts, lists and tuples; anything else that a pickle may call is
    refused.
    """

    def find_class(self, module: str, name: str) -> Any:
        arrays = module.removeprefix("numpy.").removeprefix("_").startswith(
            "core."
        ) and module.startswith("numpy.")
        if (module, name) in _ALLOWED or (arrays and name in _NUMPY):
            return super().find_class(
                module.replace("numpy._core", "numpy.core") if np.__version__ < "2" else module,
                name,
            )
        raise pickle.UnpicklingError(f"it wants to call {module}.{name}")


def _pickled(path: Path) -> Any:
    with path.open("rb") as file:
        return ArrayUnpickler(file, encoding="latin1").load()


READERS = {
    ".pkl": _pickled,
    ".pth": lambda path: torch.load(path, map_location="cpu", weights_only=True),
    ".pt": lambda path: torch.load(path, map_location="cpu", weights_only=True),
    ".safetensors": load_file,
}


def read_state(path: str | Path) -> dict[str, Tensor]:
    """Named tensors of a .pkl, .pth, .pt or .safetensors file; a state under the key "model" is
    taken from there.

    Raises:
        UserError: no such file or kind of file, a damaged one, one that would run code, or one
            without tensors.
    """
    path = Path(path)
    if path.suffix not in READERS:
        raise UserError(
            f"{path} is of no known kind", f"Give a file that ends in {', '.join(READERS)}"
        )
    try:
        data = READERS[path.suffix](path)
    except FileNotFoundError as error:
        raise UserError(f"{path} does not exist", "Check the path") from error
    except (
        pickle.UnpicklingError,
        SafetensorError,
        EOFError,
        OSError,
        RuntimeError,
        ValueError,
        KeyError,
        AttributeError,
    ) as error:
        raise UserError(
            f"{path} could not be read as weights ({error})", "Fetch it again from its source"
        ) from error
    data = data.get("model", data) if isinstance(data, Mapping) else {}
    state = {
        str(k): torch.as_tensor(np.asarray(v) if not isinstance(v, Tensor) else v)
        for k, v in data.items()
        if isinstance(v, Tensor | np.ndarray)
    }
    if not state:
        raise UserError(
            f"{path} holds no named tensors", "Give a state dict, or a Detectron2 checkpoint"
        )
    return state
