"""A deblocking network: it predicts the JPEG noise and adds it to its input (Fig. 19)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
import torch
from torch import Tensor, nn

from promic_nb.studies.deblocking.registry import NETWORKS


@dataclass(frozen=True)
class Network:
    """An entry of the registry of networks.

    Attributes:
        build: makes the network that predicts the noise.
        label: its name in figures.
        published: number of parameters in Table 4; None if it prints none.
        parts: names of the branches whose last convolution starts at zero; "" is the network
            itself.
    """

    build: Callable[[], nn.Module]
    label: str
    published: int | None = None
    parts: tuple[str, ...] = ("",)


class Deblocker(nn.Module):
    """The input plus the prediction of `noise`, float32 (N, 3, H, W).

    Input and output are RGB, nominally in 0..1.

    The last convolution of each of `parts` starts at zero, so an untrained network returns its
    input.
    """

    def __init__(self, noise: nn.Module, parts: tuple[str, ...] = ("",)) -> None:
        super().__init__()
        self.noise = noise
        for part in parts:
            modules = noise.get_submodule(part).modules()
            last = [m for m in modules if isinstance(m, nn.Conv2d)][-1]
            for parameter in last.parameters():
                nn.init.zeros_(parameter)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.noise(x)


def build_network(name: str, seed: int = 0) -> Deblocker:
    """A network by name, its initial weights drawn with `seed`.

    Raises:
        UserError: the name is unknown.

    Example:
        >>> image = torch.rand(1, 3, 16, 16)
        >>> torch.equal(build_network("xception")(image), image)
        True
    """
    network = NETWORKS[name]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Deblocker(network.build(), network.parts)


def parameter_count(network: nn.Module) -> int:
    """Number of parameters as Keras counts them.

    It counts weights, biases, and four numbers per channel of batch normalization.
    """
    statistics = sum(2 * m.num_features for m in network.modules() if isinstance(m, nn.BatchNorm2d))
    return sum(p.numel() for p in network.parameters()) + statistics


def parameter_table() -> pd.DataFrame:
    """Numbers of parameters of all networks, compared with Table 4.

    Returns:
        Columns network, label, parameters, published and difference_percent (NaN if Table 4 prints
        none).
    """
    rows = [
        (name, network.label, parameter_count(build_network(name)), network.published)
        for name, network in NETWORKS.items()
    ]
    table = pd.DataFrame(rows, columns=["network", "label", "parameters", "published"])
    table = table.astype({"published": float})
    table["difference_percent"] = 100 * (table.parameters / table.published - 1)
    return table


def model_names(models: pd.DataFrame) -> list[str]:
    """The model name of each row for figures.

    It names the network, the quality of its training images, and the loss if it is not the MSE.

    Args:
        models: columns network, trained_on, loss.
    """
    return [
        f"{NETWORKS[m.network].label}-{m.trained_on}" + ("" if m.loss == "mse" else f", {m.loss}")
        for m in models.itertuples()
    ]
