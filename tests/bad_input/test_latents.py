"""Stored latents that are damaged or of something else."""

import shutil

import numpy as np
import pytest
from bad_input import Evil, cut, full_disk, refused

from promic_nb.codecs.latents import encode_slices, load_slices
from promic_nb.datasets import open_stack


class Standin:
    """A codec that takes no time: the latent is a mean."""

    name, setting, sha256 = "standin", "q1", ""

    def encode(self, image):
        return image[::16, ::16].tobytes()

    def decode(self, stream):
        return np.zeros((256, 256), np.uint8)

    def latent(self, stream):
        return np.frombuffer(stream, np.uint8).reshape(1, 16, 16).astype(np.float32)


def array(name: str, value: np.ndarray):
    return lambda folder: np.save(folder / name, value, allow_pickle=True)


LATENTS = {
    "none there": (shutil.rmtree, "holds no encoded slices"),
    "unfinished": (lambda f: (f / "signature.json").unlink(), "holds no encoded slices"),
    "a damaged signature": (
        lambda f: (f / "signature.json").write_text('{"of": {"ids"'),
        "is no signature of latents",
    ),
    "of other data": (
        lambda f: (f / "signature.json").write_text(
            (f / "signature.json").read_text().replace('"standin"', '"jpeg"')
        ),
        "have codec='jpeg', expected 'standin'",
    ),
    "truncated": (cut("latents.npy"), "latents.npy is missing or damaged"),
    "no images": (lambda f: (f / "images.npy").unlink(), "images.npy is missing or damaged"),
    "a pickle": (
        array("latents.npy", np.array([Evil(), Evil()], object)),
        "latents.npy is missing or damaged",
    ),
    "of other slices": (
        array("latents.npy", np.zeros((5, 1, 16, 16), np.float32)),
        "latents.npy is float32 (5, 1, 16, 16)",
    ),
    "of another type": (array("images.npy", np.zeros((2, 256, 256))), "images.npy is float64"),
    "NaN": (
        array("latents.npy", np.full((2, 1, 16, 16), np.nan, np.float32)),
        "the latent of slice 0 is not finite",
    ),
}


@pytest.mark.parametrize("case", LATENTS)
def test_latents(here, case):
    stack = open_stack("phantom", here / "stack")
    folder = here / "latents"
    encode_slices(Standin(), stack, "test", [0, 1], folder)
    damage, says = LATENTS[case]
    damage(folder)
    with refused(here, says):
        load_slices(folder, {"codec": "standin"})


def test_latents_on_a_full_disk(here):
    with (
        refused(here, "images.npy cannot be written"),
        full_disk(50_000),
    ):  # the latents still have room
        encode_slices(
            Standin(), open_stack("phantom", here / "stack"), "test", [0, 1], here / "latents"
        )
