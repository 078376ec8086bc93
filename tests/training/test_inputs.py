"""What a recipe sees: original slices, decoded ones or latents, of one rate or several."""

import numpy as np
import pytest

from promic_nb import codecs
from promic_nb.codecs.latents import encode_slices
from promic_nb.datasets.boxes import boxes_from_mask, boxes_of
from promic_nb.datasets.views import IDENTITY, VIEWS
from promic_nb.models.card import RatePoint
from promic_nb.training.inputs import load_inputs, teacher_pixels

SPLITS = {"train": 3, "test": 1}


@pytest.fixture(scope="module")
def folders(tiny, tmp_path_factory):
    """Two rates of one codec."""
    found = {}
    for label, gain in (("low", -200), ("high", 0)):
        codec = codecs.get("jpegai_bop_off", weights="lucchi", beta=0.02, gain=gain)
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
    sha256 = codecs.get("jpegai_bop_off", weights="lucchi", beta=0.02).sha256
    assert seen.card.rates == (
        RatePoint("low", "jpegai_bop_off", "beta0.02 gain=-200", sha256),
        RatePoint("high", "jpegai_bop_off", "beta0.02", sha256),
    )


def test_numbered_latents_carry_their_rate(tiny, folders):
    seen = load_inputs(tiny, "ProMIC", folders, SPLITS, numbered=True)
    inputs, count = seen.slices["train"].inputs, len(seen.ids["train"])
    assert inputs[0].shape == (161, 16, 16)
    assert (inputs[0][-1] == 0).all() and (inputs[count][-1] == 1).all()


def test_training_slices_come_in_all_views_and_are_measured_as_they_are(tiny, tmp_path):
    """Model A sees decoded slices in the same views as the original slices, with boxes that fit."""
    codec = codecs.get("jpegai_bop_off", beta=0.02)
    for split, views in (("train", VIEWS["encoded"]), ("test", IDENTITY)):
        encode_slices(codec, tiny, split, tiny.ids(split, 3), tmp_path / split, views)
    splits = {"train": 3, "test": 3}
    original = load_inputs(tiny, "original", {"": ""}, splits, augmentation="encoded", masks=True)
    decoded = load_inputs(tiny, "A", {"": tmp_path}, splits, augmentation="encoded", masks=True)
    count = len(decoded.ids["train"])
    a, b = (seen.slices["train"] for seen in (original, decoded))
    assert len(a.inputs) == len(b.inputs) == 4 * count and len(decoded.slices["test"].inputs) == 1
    for x, y, boxes, labels in zip(a.inputs, b.inputs, b.boxes, b.labels, strict=True):
        assert np.abs(x.astype(float) - y).mean() < 20  # grey values; another view is further off
        assert np.array_equal(boxes_of(labels), boxes)
    assert np.array_equal(a.inputs[count], np.fliplr(tiny.image("train", original.ids["train"][0])))
    plain = decoded.as_they_are("train")
    assert len(plain.inputs) == count and np.array_equal(plain.boxes[0], b.boxes[0])
    latents = load_inputs(tiny, "ProMIC", {"": tmp_path}, splits, augmentation="none")
    assert len(latents.slices["train"].inputs) == count
    teacher = teacher_pixels([decoded.encoded[""]["train"]], "original", "encoded", tiny)
    assert all(np.array_equal(x, y) for x, y in zip(teacher, a.inputs, strict=True))


def test_a_teacher_sees_the_same_slices(tiny, folders):
    seen = load_inputs(tiny, "ProMIC", folders, SPLITS)
    encoded = [of_rate["train"] for of_rate in seen.encoded.values()]
    decoded = teacher_pixels(encoded, "reconstructed")
    original = teacher_pixels(encoded, "original", stack=tiny)
    assert len(decoded) == len(original) == len(seen.slices["train"].inputs)
    assert np.array_equal(decoded[0], encoded[0].images[0])
    count = len(encoded[0].ids)
    first = tiny.image("train", encoded[0].ids[0])
    assert np.array_equal(original[0], first) and np.array_equal(original[count], first)
