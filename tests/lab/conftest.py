"""Detectors trained in seconds on drawn objects, for the tests of this folder."""

from __future__ import annotations

import numpy as np
import own_stacks as own
import pytest

from promic_nb import codecs
from promic_nb.codecs.jpegai import weights
from promic_nb.datasets.own.discover import Given, init_stack
from promic_nb.models.build import build_detector, build_translator, mirror, with_masks
from promic_nb.models.card import Card, RatePoint
from promic_nb.models.weights import save_weights
from promic_nb.training.data import DetectorData, Slices
from promic_nb.training.detection import train_detector
from promic_nb.training.options import FitOptions
from promic_nb.training.solver import Solver

SIZE = own.SIZE


@pytest.fixture(scope="session")
def stack(tmp_path_factory):
    """Six slices of 5 nm pixels with masks."""
    folder = own.folder_of_pngs(tmp_path_factory.mktemp("own") / "mine", count=6)
    init_stack(folder, Given(pixel_size_nm=5.0))
    return folder


@pytest.fixture(scope="session")
def pixel_model(tmp_path_factory):
    """A detector with masks that finds the drawn objects."""
    folder = tmp_path_factory.mktemp("model")
    labels = own.labels((1, 2, 3)).astype(np.int16)
    boxes = np.array(own.BOXES, np.float32)
    images = own.slices(6)
    data = DetectorData(Slices(images, [boxes] * 6, SIZE, [labels] * 6), crop=64)
    model = train_detector(
        with_masks(build_detector("small")), data, Solver(60, 0.02), FitOptions(folder / "training")
    )
    save_weights(model, folder / "model.safetensors")
    return folder / "model.safetensors"


@pytest.fixture(scope="session")
def latent_model(tmp_path_factory):
    """A detector of the codec's latents with random weights, which knows its codec's weights."""
    model = mirror(build_detector("small"), build_translator("small", 160, True))
    sha256 = weights.registry()["jpegai_beta0.02.safetensors"]["sha256"]
    model.card = Card("ProMIC", rates=(RatePoint("", "jpegai_bop_off", "beta0.02", sha256),))
    path = tmp_path_factory.mktemp("latent") / "model.safetensors"
    save_weights(model, path)
    return path


@pytest.fixture(scope="session")
def streams(stack, tmp_path_factory):
    """Two slices of the stack as bitstreams of the learned codec."""
    from promic_nb.lab.coding import encode

    out = tmp_path_factory.mktemp("streams")
    images = sorted((stack / "em").iterdir())[:2]
    encode(images, "jpegai_bop_off", out, settings={"beta": 0.02, "weights": "lucchi"})
    return out


@pytest.fixture
def no_synthesis(monkeypatch):
    """Any decoding of a learned codec's stream to pixels fails."""
    kind = type(codecs.get("jpegai_bop_off", weights="lucchi", beta=0.02))

    def refuse(*_: object) -> None:
        raise AssertionError("a bitstream was decoded to pixels")

    monkeypatch.setattr(kind, "decode", refuse)
