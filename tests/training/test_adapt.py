"""Adapting the general codec to a stack."""

import json

import numpy as np
import pytest

from promic_nb import codecs
from promic_nb.codecs.jpegai import weights
from promic_nb.errors import UserError
from promic_nb.training import adapt as module
from promic_nb.training.adapt import adapt


@pytest.fixture
def stack(monkeypatch):
    """Five slices of a wave; references and points that take a moment."""
    monkeypatch.setattr(
        module, "REFERENCES", {"jpeg": [{"quality": q} for q in (10, 30, 50, 70, 90)]}
    )
    x = np.arange(80.0) + np.zeros((64, 1))
    rng = np.random.default_rng(0)
    return {
        f"{i}.png": (127 + 60 * np.sin((x + i) / 6) + rng.normal(0, 9, x.shape)).astype(np.uint8)
        for i in range(5)
    }


def run(stack, out, **options):
    said: list[str] = []
    made = adapt(stack, out, minutes=0.02, progress=False, say=said.append, **options)
    return made, said


def test_an_adapted_file_is_a_codec_with_the_same_encoder(stack, tmp_path):
    made, said = run(stack, tmp_path / "own.safetensors")
    assert said[0] == "4 slices to train on, 1 to validate on"
    assert f"{made.steps} iterations" in said[1] and made.sha256 in said[-1]
    card = json.loads((tmp_path / "own.json").read_text())
    assert card["sha256"] == made.sha256 and card["bd_rate_percent"]["jpeg"] == list(
        made.bd_rate["jpeg"]
    )
    codec = codecs.get("jpegai_bop_off", weights=str(made.path))
    image = stack["4.png"]
    assert codec.decode(codec.encode(image)).shape == image.shape
    before = weights.load(weights.WEIGHTS / "jpegai_general0.02.safetensors")[0].state_dict()
    after = weights.load(made.path)[0].state_dict()
    changed = {name.split(".")[0] for name in before if (before[name] != after[name]).any()}
    # In half precision, a few iterations need not show in every network.
    assert "synthesis" in changed and not changed & {"analysis", "hyper_encoder", "gain"}


def test_a_killed_adaptation_goes_on_with_its_plan(stack, tmp_path, monkeypatch):
    whole, _ = run(stack, tmp_path / "whole.safetensors")
    monkeypatch.setattr(module, "_seconds_per_step", lambda *_: 0.02 * 60 / whole.steps)
    with monkeypatch.context() as patch:
        patch.setattr(weights, "save", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            run(stack, tmp_path / "cut.safetensors")
    assert not (tmp_path / "cut.safetensors").exists()
    monkeypatch.setattr(module, "_seconds_per_step", lambda *_: pytest.fail("planned again"))
    trained: list[int] = []
    monkeypatch.setattr(
        "promic_nb.training.codec.CodecTask.on_train_batch_end",
        lambda *_: trained.append(1),
        raising=False,
    )
    resumed, _ = run(stack, tmp_path / "cut.safetensors")
    assert not trained  # the checkpoint of the last iteration was there
    assert resumed.sha256 == whole.sha256


def test_another_stack_starts_anew(stack, tmp_path):
    first, _ = run(stack, tmp_path / "own.safetensors")
    other = {name: image[::-1].copy() for name, image in stack.items()}
    second, _ = run(other, tmp_path / "own.safetensors")
    assert first.sha256 != second.sha256


def test_other_validation_slices_are_measured_anew(stack, tmp_path):
    first, _ = run(stack, tmp_path / "own.safetensors")
    rng = np.random.default_rng(1)
    noise = {**stack, "4.png": rng.integers(0, 256, stack["4.png"].shape, dtype=np.uint8)}
    second, _ = run(noise, tmp_path / "own.safetensors")
    plain = tmp_path / "plain.safetensors"
    assert second.bd_rate != first.bd_rate
    fresh, _ = run(noise, plain)
    assert second.bd_rate["jpeg"][0] == pytest.approx(fresh.bd_rate["jpeg"][0], nan_ok=True)


def test_a_bd_rate_that_is_not_known_is_null_in_the_card(stack, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "mean_bd_rate", lambda *_: float("nan"))
    run(stack, tmp_path / "own.safetensors")
    card = (tmp_path / "own.json").read_text()
    assert json.loads(card, parse_constant=pytest.fail)["bd_rate_percent"] == {"jpeg": [None, None]}


def test_bad_input_is_one_line_and_leaves_nothing(stack, tmp_path, monkeypatch):
    out = tmp_path / "new" / "own.safetensors"
    few = dict(list(stack.items())[:3])
    mixed = {**stack, "4.png": stack["4.png"].T}
    small = {name: image[:48] for name, image in stack.items()}
    for wrong, says in ((few, "has 3 slices"), (mixed, "4.png has 80x64"), (small, "at least 64")):
        with pytest.raises(UserError, match=says):
            adapt(wrong, out)
    for path, minutes in ((tmp_path / "own.pt", 1), (out, 0), (out, float("nan"))):
        with pytest.raises(UserError, match="cannot be adapted"):
            adapt(stack, path, minutes)
    with pytest.raises(UserError, match="'luchi' are unknown"):
        adapt(stack, out, start="luchi")
    usage = type("Usage", (), {"free": 3e6})()
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(UserError, match="3 MB of free disk space"):
        adapt(stack, out)
    assert not list(tmp_path.rglob("*.*"))
