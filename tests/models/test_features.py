"""Feature maps of trained models, and their correlation."""

import numpy as np
import pytest
import torch

from promic_nb.errors import UserError
from promic_nb.models.build import build_detector, build_translator, mirror
from promic_nb.models.features import ChannelCorrelation, stage_inputs
from promic_nb.models.load import load_detector
from promic_nb.models.weights import save_weights


def test_shapes_and_values_are_those_of_the_stages():
    model = build_detector("small").eval()
    image = np.random.default_rng(0).integers(0, 256, (96, 128), dtype=np.uint8)
    found = stage_inputs(model, image)
    assert found[3].shape == (32, 24, 32) and found[4].shape == (64, 12, 16)
    front = model.front(torch.from_numpy(image).float()[None, None])
    assert torch.equal(found[4], model.stages[0](front)[0].detach())


@pytest.mark.parametrize("lrb", [True, False])
def test_a_latent_model_is_loaded_as_its_tensors_say(tmp_path, lrb):
    model = mirror(build_detector("small"), build_translator("small", 160, lrb, seed=3)).eval()
    save_weights(model, tmp_path / "model.safetensors")
    again = load_detector(tmp_path / "model.safetensors").eval()
    latent = np.random.default_rng(0).normal(size=(160, 6, 8)).astype(np.float32)
    a, b = (stage_inputs(m, latent) for m in (model, again))
    assert a[3].shape == (32, 24, 32) and torch.equal(a[3], b[3]) and torch.equal(a[4], b[4])


def test_a_pixel_model_and_a_translator(tmp_path):
    save_weights(build_detector("small", seed=4), tmp_path / "a.safetensors")
    assert load_detector(tmp_path / "a.safetensors").config.backbone == "small"
    save_weights(build_translator("small", 160, True), tmp_path / "b.safetensors")
    with pytest.raises(UserError, match="holds no detector with its settings"):
        load_detector(tmp_path / "b.safetensors")


def test_correlation_is_that_of_numpy_over_all_slices():
    rng = np.random.default_rng(1)
    x = rng.normal(5, 2, (3, 4, 6, 7)).astype(np.float32)
    y = (0.5 * x + rng.normal(size=x.shape)).astype(np.float32)
    y[:, 1], y[:, 2], x[:, 3] = -x[:, 1], 0.1, 3.3
    found = ChannelCorrelation()
    for a, b in zip(x, y, strict=True):
        found.add(torch.from_numpy(a), torch.from_numpy(b))
    assert found.value[0] == pytest.approx(
        np.corrcoef(x[:, 0].ravel(), y[:, 0].ravel())[0, 1], abs=1e-9
    )
    assert found.value[1] == pytest.approx(-1)
    assert np.isnan(found.value[2:]).all()  # constant in one of the models
