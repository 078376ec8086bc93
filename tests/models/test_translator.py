import numpy as np
import pytest
import torch
from torch import nn

from promic_nb.models.build import build_detector, build_translator, mirror
from promic_nb.models.load import load_detector
from promic_nb.models.translator import DomainTranslator
from promic_nb.models.weights import save_weights


@pytest.mark.parametrize(("channels", "height", "width"), [(160, 48, 64), (128, 5, 7)])
@pytest.mark.parametrize("kernel_size", [2, 3, 4])
def test_output_is_stage_2_of_resnet(channels, height, width, kernel_size):
    translator = DomainTranslator(channels, kernel_size=kernel_size).eval()
    with torch.no_grad():
        assert translator(torch.zeros(1, channels, height, width)).shape == (
            1,
            256,
            4 * height,
            4 * width,
        )


def test_layers_of_figure_21():
    layers = [type(m) for m in DomainTranslator().upsample]
    assert layers == [
        nn.BatchNorm2d,
        nn.ConvTranspose2d,
        nn.BatchNorm2d,
        nn.ReLU,
        nn.ConvTranspose2d,
        nn.BatchNorm2d,
        nn.ReLU,
    ]


def test_lrb_is_all_that_differs():
    with_lrb, without = DomainTranslator(lrb=True), DomainTranslator(lrb=False)
    extra = set(with_lrb.state_dict()) - set(without.state_dict())
    assert extra == {"lrb.conv.weight"}


def test_the_natural_scale_is_the_spread_over_the_largest():
    """Channels with standard deviations 4, 2 and 0 around a large mean."""
    rng = np.random.default_rng(0)
    signs = rng.permutation(np.repeat([-1.0, 1.0], 32)).reshape(8, 8)
    latent = np.stack([100 + 4 * signs, 2 * signs, np.zeros((8, 8))]).astype(np.float32)
    translator = DomainTranslator(3, first_norm="natural", lrb=False)
    translator.keep_spread([torch.from_numpy(latent), torch.from_numpy(latent)])
    assert torch.allclose(translator.upsample[0].weight, torch.tensor([1.0, 0.5, 0.0]))
    assert translator.upsample[0].weight.requires_grad


def test_with_an_lrb_the_scale_is_measured_behind_it():
    torch.manual_seed(0)
    latents = [torch.randn(4, 6, 6) * torch.tensor([8.0, 4.0, 2.0, 1.0]).view(4, 1, 1)] * 2
    translator = DomainTranslator(4, first_norm="natural")
    translator.keep_spread(latents)
    behind = translator.lrb(torch.stack(latents)).transpose(0, 1).flatten(1).std(1, correction=0)
    assert torch.allclose(translator.upsample[0].weight, behind / behind.max(), atol=1e-5)


def test_without_a_first_norm_the_latent_keeps_its_scale():
    plain = DomainTranslator(4, first_norm="none", lrb=False)
    assert isinstance(plain.upsample[0], nn.Identity)
    before = {k: v.clone() for k, v in plain.state_dict().items()}
    plain.keep_spread([torch.zeros(4, 2, 2)])
    assert all(torch.equal(v, before[k]) for k, v in plain.state_dict().items())


@pytest.mark.parametrize("first_norm", ["one", "natural", "none"])
def test_the_first_norm_survives_saving(tmp_path, first_norm):
    translator = build_translator("small", 8, True, first_norm=first_norm)
    model = mirror(build_detector("small"), translator)
    save_weights(model, tmp_path / "model.safetensors")
    again = load_detector(tmp_path / "model.safetensors").translator
    assert again.config == translator.config and again.config.first_norm == first_norm


def test_width_follows_the_detector():
    assert build_translator("small", 160, lrb=True).upsample[4].out_channels == 32
    assert build_translator("resnet50", 160, lrb=True).upsample[4].out_channels == 256
