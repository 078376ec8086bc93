"""One loader opens every kind of saved detector, by path or by name."""

import hashlib
import json

import pytest
import torch
import yaml

from promic_nb.errors import UserError
from promic_nb.models import load
from promic_nb.models.adapters import RateAffine
from promic_nb.models.build import build_detector, build_translator, mirror, with_masks
from promic_nb.models.card import Card, RatePoint
from promic_nb.models.load import load_detector
from promic_nb.models.weights import read_tensors, save_tensors, save_weights

AFFINE = RateAffine(torch.tensor([[1.0, 2, 3, 4], [5, 6, 7, 8]]), learned=True)
KINDS = {
    "pixels": lambda: build_detector("small", seed=1),
    "masks": lambda: with_masks(build_detector("small")),
    "latents": lambda: latents(lrb=True),
    "no LRB": lambda: latents(lrb=False),
    "some channels": lambda: latents(lrb=True, channels=[3, 0]),
    "fixed rates": lambda: latents(lrb=True, rates=RateAffine(torch.ones(3, 4), learned=False)),
    "learned rates": lambda: latents(lrb=False, channels=[1], rates=AFFINE),
    "masks on latents": lambda: latents(with_masks(build_detector("small")), lrb=True),
}


def latents(teacher=None, **options):
    return mirror(teacher or build_detector("small"), build_translator("small", 4, **options))


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_detector_is_restored(tmp_path, kind):
    model = KINDS[kind]()
    model.card = Card("ProMIC", rates=(RatePoint("low", "jpegai_bop_on", "beta0.02", "6aac"),))
    save_weights(model, tmp_path / "model.safetensors")
    again = load_detector(tmp_path / "model.safetensors")
    assert not again.training
    assert again.card == model.card and again.card.classes == ("mitochondrion",)
    assert again.config == model.config
    assert (again.translator is None) == (model.translator is None)
    if model.translator:
        assert again.translator.config == model.translator.config
    ours, theirs = model.state_dict(), again.state_dict()
    assert list(ours) == list(theirs) and all(torch.equal(ours[k], theirs[k]) for k in ours)


def test_the_note_says_how_the_translator_is_built(tmp_path):
    save_weights(KINDS["learned rates"](), tmp_path / "model.safetensors")
    note = json.loads(read_tensors(tmp_path / "model.safetensors")[1]["translator"])
    assert note == {
        "in_channels": 4,
        "out_channels": 32,
        "lrb": False,
        "kernel_size": 3,
        "hidden_channels": 256,
        "first_norm": "one",
        "channels": [1],
        "rates": 2,
        "rate_input": "affine",
    }


@pytest.mark.parametrize("kind", ["pixels", "latents", "no LRB"])
def test_a_file_of_version_0_1_is_opened_as_its_tensors_say(tmp_path, kind):
    model = KINDS[kind]()
    note = {"config": model.note()["config"]}
    save_tensors(model.weights(), tmp_path / "model.safetensors", note)
    again = load_detector(tmp_path / "model.safetensors")
    assert again.card == Card()
    assert all(torch.equal(v, again.state_dict()[k]) for k, v in model.state_dict().items())


def test_adapters_of_version_0_1_are_refused(tmp_path):
    model = KINDS["some channels"]()
    tensors = {k.replace(".adapters.", ".entry."): v for k, v in model.weights().items()}
    note = {"config": model.note()["config"]}
    save_tensors(tensors, tmp_path / "model.safetensors", note)
    with pytest.raises(UserError, match=r"version 0\.1.* Train it again with 07_train_detector"):
        load_detector(tmp_path / "model.safetensors")


def test_a_damaged_note_is_one_line(tmp_path):
    save_tensors(build_detector("small").weights(), tmp_path / "m.safetensors", {"config": "{"})
    with pytest.raises(UserError, match="damaged note on its settings"):
        load_detector(tmp_path / "m.safetensors")


def test_a_translator_is_not_accepted_as_a_detector(tmp_path):
    save_weights(build_translator("small", 4, True), tmp_path / "t.safetensors")
    with pytest.raises(UserError, match="holds no detector with its settings"):
        load_detector(tmp_path / "t.safetensors")


def test_no_detectors_ship_yet(tmp_path, monkeypatch):
    monkeypatch.setattr(load, "DETECTORS", tmp_path)
    with pytest.raises(UserError, match="detector 'promic_low' is unknown: no detectors ship"):
        load_detector("promic_low")


def test_a_name_of_the_registry(tmp_path, monkeypatch):
    monkeypatch.setattr(load, "DETECTORS", tmp_path)
    save_weights(build_detector("small", seed=7), tmp_path / "a.safetensors")
    sha256 = hashlib.sha256((tmp_path / "a.safetensors").read_bytes()).hexdigest()
    registry = {"first": {"file": "a.safetensors", "sha256": sha256}}
    (tmp_path / "registry.yaml").write_text(yaml.safe_dump(registry))
    expected = build_detector("small", seed=7).stages[0][0].weight
    assert torch.equal(load_detector("first").stages[0][0].weight, expected)
    with pytest.raises(UserError, match=r"'second' is unknown\. Choose one of: first"):
        load_detector("second")
    (tmp_path / "a.safetensors").write_bytes(b"")
    with pytest.raises(UserError, match=r"a\.safetensors is missing, or not the file that"):
        load_detector("first")
