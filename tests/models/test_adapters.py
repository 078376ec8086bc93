"""What a latent passes before the translator: channels, and the affine of its rate."""

import pytest
import torch

from promic_nb.errors import UserError
from promic_nb.models.adapters import ChannelSelection, RateAffine
from promic_nb.models.build import build_translator
from promic_nb.models.complexity import macs
from promic_nb.models.weights import load_weights, save_weights


def test_channels_come_in_the_order_asked_for():
    latent = torch.arange(4.0).view(1, 4, 1, 1).expand(2, 4, 3, 5)
    assert ChannelSelection([3, 1])(latent)[:, :, 0, 0].tolist() == [[3, 1], [3, 1]]


def test_a_translator_of_some_channels_does_not_see_the_others():
    translator = build_translator("small", 8, lrb=True, channels=[1, 4]).eval()
    latent = torch.randn(1, 8, 3, 3)
    other = latent.clone()
    other[:, [0, 2, 3, 5, 6, 7]] = 9
    assert torch.equal(translator(latent), translator(other))
    other[:, 4] = 9
    assert not torch.equal(translator(latent), translator(other))


def test_its_operations_fall_by_the_channels_left_out():
    """LRB k x k, first transposed convolution k x 256 x 9, second 256 x 32 x 9 at four times the
    positions (2x2 latent).
    """
    for k in (8, 3):
        translator = build_translator("small", 8, lrb=True, channels=range(k))
        assert (
            macs(translator, (1, 8, 2, 2))["total"] == 4 * (k * k + k * 256 * 9) + 16 * 256 * 32 * 9
        )


def test_the_channels_are_saved_with_the_weights(tmp_path):
    save_weights(
        build_translator("small", 8, lrb=False, channels=[2, 5]), tmp_path / "t.safetensors"
    )
    loaded = load_weights(
        build_translator("small", 8, lrb=False, channels=[0, 1]), tmp_path / "t.safetensors"
    )
    assert loaded.adapters[0].index.tolist() == [2, 5]
    with pytest.raises(UserError, match="another model"):
        load_weights(build_translator("small", 8, lrb=False), tmp_path / "t.safetensors")


def numbered(latent: torch.Tensor, numbers: list[int]) -> torch.Tensor:
    planes = (
        torch.tensor(numbers, dtype=torch.float32)
        .view(-1, 1, 1, 1)
        .expand(-1, 1, *latent.shape[-2:])
    )
    return torch.cat([latent, planes], 1)


def test_each_latent_is_scaled_by_its_own_rate():
    """Variances of 4 - 1/12 and 100 - 1/12 beside rounding's 1/12: scales of 1/2 and 1/10."""
    affine = RateAffine(torch.tensor([[4.0], [100.0]]) - 1 / 12, learned=False)
    assert torch.allclose(
        affine(numbered(torch.full((3, 1, 2, 2), 20.0), [1, 0, 1]))[:, 0, 0, 0],
        torch.tensor([2.0, 10.0, 2.0]),
    )


def test_latents_of_two_gains_become_one():
    """What differs in its gain alone is equal behind the affine, up to rounding's variance."""
    latent = 50 * torch.randn(1, 6, 16, 16)
    gains = torch.tensor([1.0, 4.0])
    variance = torch.stack([(g * latent).var((0, 2, 3), correction=0) for g in gains])
    affine = RateAffine(variance, learned=False)
    a, b = (affine(numbered(g * latent, [i])) for i, g in enumerate(gains))
    assert torch.allclose(a, b, rtol=1e-3, atol=1e-6)
    assert torch.allclose(a.var((0, 2, 3), correction=0), torch.ones(6), rtol=1e-3)


def test_a_channel_without_variance_is_not_amplified():
    assert RateAffine(torch.zeros(1, 1), learned=False).scale.item() == pytest.approx(12**0.5)


@pytest.mark.parametrize("learned", [True, False])
def test_gain_is_fixed_and_affine_learns(learned):
    affine = RateAffine(torch.ones(2, 3), learned)
    assert [p.shape for p in affine.parameters()] == ([(2, 3), (2, 3)] if learned else [])
    assert set(affine.state_dict()) == {"scale", "shift"}


def test_only_the_affine_of_rates_seen_gets_a_gradient():
    translator = build_translator(
        "small", 3, lrb=False, rates=RateAffine(torch.ones(2, 3), learned=True)
    )
    translator(numbered(torch.randn(2, 3, 2, 2), [1, 1])).square().sum().backward()
    gradient = translator.adapters[0].scale.grad
    assert (gradient[0] == 0).all() and (gradient[1] != 0).any()
