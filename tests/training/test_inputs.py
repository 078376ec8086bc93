"""What a recipe sees: original slices, decoded ones or latents, of one rate or several."""

import numpy as np
import pytest

from promic_nb import codecs
from promic_nb.codecs.latents import encode_slices
from promic_nb.datasets.boxes import boxes_from_mask
from promic_nb.models.card import RatePoint
from promic_nb.training.inputs import load_inputs, teacher_pixels

SPLITS = {"train": 3, "test": 1}


@pytest.fixture(scope="module")
def folders(tiny, tmp_path_factory):
    """Two rates of one codec."""
    found = {}
    for label, gain in (("low", -200), ("high", 0)):
        codec = codecs.get("jpegai_bop_off", beta=0.02, gain=gain)
        found[label] = tmp_path_factory.mktemp(label)
        for split, every in SPLITS.items():
            encode_slices(codec, tiny, split, tiny.ids(split, every), found[label] / split)
    return found


def test_original_slices(tiny):
    seen = load_inputs(tiny, "original", {"pixels": ""}, SPLITS, masks=True)
    assert seen.ids["train"] == tiny.ids("train", 3) and not seen.files
    train = seen.slices["train"]
    for k, i in enumerate(seen.ids["train"]):
        assert np.array_equal(train.inputs[k], tiny.image("train", i))
        assert np.array_equal(train.boxes[k], boxes_from_mask(tiny.mask("train", i)))
        assert train.labels[k].max() == len(train.boxes[k])
    assert train.size == (256, 256) and train.cell == 1
    assert np.isnan(seen.rates("test", "pixels")["pixels"])
    assert seen.card.recipe == "original" and seen.card.rates == ()


@pytest.mark.parametrize(("recipe", "kind"), [("A", "images"), ("ProMIC", "latents")])
def test_slices_of_two_rates_follow_one_another(tiny, folders, recipe, kind):
    seen = load_inputs(tiny, recipe, folders, SPLITS)
    train, count = seen.slices["train"], len(seen.ids["train"])
    assert len(train.inputs) == len(train.boxes) == 2 * count and train.labels is None
    for k, folder in enumerate(folders.values()):
        array = np.load(folder / "train" / f"{kind}.npy")
        assert np.array_equal(train.inputs[k * count], array[0])
    assert {path.name for path in seen.files} == {f"{kind}.npy"} and len(seen.files) == 4
    rates = seen.rates("test", "")
    assert list(rates) == ["low", "high"] and 0 < rates["low"] < rates["high"]
    sha256 = codecs.get("jpegai_bop_off", beta=0.02).sha256
    assert seen.card.rates == (
        RatePoint("low", "jpegai_bop_off", "beta0.02 gain=-200", sha256),
        RatePoint("high", "jpegai_bop_off", "beta0.02", sha256),
    )


def test_numbered_latents_carry_their_rate(tiny, folders):
    seen = load_inputs(tiny, "ProMIC", folders, SPLITS, numbered=True)
    inputs, count = seen.slices["train"].inputs, len(seen.ids["train"])
    assert inputs[0].shape == (161, 16, 16)
    assert (inputs[0][-1] == 0).all() and (inputs[count][-1] == 1).all()


def test_a_teacher_sees_the_same_slices(tiny, folders):
    seen = load_inputs(tiny, "ProMIC", folders, SPLITS)
    encoded = [of_rate["train"] for of_rate in seen.encoded.values()]
    decoded = teacher_pixels(encoded, "reconstructed")
    original = teacher_pixels(encoded, "original", tiny)
    assert len(decoded) == len(original) == len(seen.slices["train"].inputs)
    assert np.array_equal(decoded[0], encoded[0].images[0])
    count = len(encoded[0].ids)
    first = tiny.image("train", encoded[0].ids[0])
    assert np.array_equal(original[0], first) and np.array_equal(original[count], first)
