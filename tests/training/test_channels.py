"""The choice of channels, and latents of several rates as one training set."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from promic_nb.errors import UserError
from promic_nb.models.build import build_translator
from promic_nb.models.config import CONFIGS
from promic_nb.models.weights import save_weights
from promic_nb.training.channels import channel_importance, channel_variance, choose_channels
from promic_nb.training.multirate import NumberedLatents, TranslatorOptions, pooled, translator_for


def noise(*deviations: float, count: int = 3) -> list[np.ndarray]:
    """Latents (C, 8, 8) of exact variance 1 x deviation^2 around a mean of 7."""
    signs = np.where(np.indices((8, 8)).sum(0) % 2, 1.0, -1.0)
    return [np.stack([7 + d * signs for d in deviations]).astype(np.float32)] * count


def test_variance_is_that_of_all_positions_of_all_latents():
    rng = np.random.default_rng(0)
    latents = rng.normal(100, 3, (4, 5, 6, 7)).astype(np.float32)
    assert np.allclose(channel_variance(latents), latents.var(axis=(0, 2, 3)), rtol=1e-4)
    assert np.allclose(channel_variance(noise(1, 0, 3)), [1, 0, 9])


def test_the_channels_of_highest_variance_are_in_ascending_order():
    assert choose_channels(noise(1, 5, 0, 3), 2) == [1, 3]
    assert choose_channels(noise(1, 1, 1, 1), 2) == [0, 1]  # the earlier at equal variance
    assert choose_channels(noise(1, 5), 0) == []


@given(st.permutations(range(6)), st.integers(1, 6))
def test_a_choice_follows_its_channels_and_grows(order, count):
    """Channels in another order give the same channels; more channels include fewer."""
    deviations = np.array([1.0, 2, 3, 4, 5, 6])
    here = choose_channels(noise(*deviations[order]), count)
    assert {order[c] for c in here} == set(range(6 - count, 6))
    assert count == 1 or set(choose_channels(noise(*deviations[order]), count - 1)) < set(here)


def test_importance_measures_how_the_translator_depends_on_a_channel():
    """Channels whose norm has no weight have none; equal latents, falling weights: falling
    importance.
    """
    translator = build_translator("small", 4, lrb=False)
    with torch.no_grad():
        translator.upsample[0].weight.copy_(torch.tensor([0.0, 3, 0.1, 0]))
        translator.upsample[1].weight.copy_(
            translator.upsample[1].weight[:1].expand(4, -1, -1, -1).clone()
        )
    importance = channel_importance(noise(1, 1, 1, 1), translator)
    assert importance[0] == importance[3] == 0
    assert importance[1] > importance[2] > 0
    assert choose_channels(noise(9, 1, 1, 9), 2, "importance", translator) == [
        1,
        2,
    ]  # variance would take 0 and 3


@pytest.mark.parametrize(
    ("count", "choice", "message"),
    [
        (5, "variance", "5 channels were requested, but the latent has only 4"),
        (2, "luck", "Choose one of variance, importance"),
        (2, "importance", "Set importance_of to a translator trained on all channels"),
    ],
)
def test_impossible_choices_are_refused(count, choice, message):
    with pytest.raises(UserError, match=message):
        choose_channels(noise(1, 2, 3, 4), count, choice)


def test_pooled_rates_follow_one_another_and_are_numbered():
    low, high = noise(1, 2), noise(3, 4)
    both = pooled([low, high], numbered=True)
    assert len(both) == 6 and both[0].shape == (3, 8, 8) and both[0].dtype == np.float32
    assert [int(x[-1].mean()) for x in both] == [0, 0, 0, 1, 1, 1]
    assert (both[4][:-1] == high[1]).all()
    assert len(pooled([low, high])) == 6 and pooled([low]) is low


def test_the_affine_map_gives_each_rate_unit_variance():
    rates = [noise(10, 20), noise(100, 200)]
    options = TranslatorOptions(rate_input="gain")
    affine = translator_for(CONFIGS["small"], rates, False, 0, options).adapters[0]
    for number, latents in enumerate(rates):
        x = torch.from_numpy(np.stack(list(NumberedLatents(latents, number))))
        assert torch.allclose(affine(x).var((0, 2, 3), correction=0), torch.ones(2), rtol=1e-2)


def test_affine_map_and_channel_selection_can_be_combined():
    """The affine map reads all channels and the rate plane; the selection reads its output."""
    rates = [noise(1, 30, 2), noise(4, 50, 3)]
    options = TranslatorOptions(channels=1, rate_input="affine")
    translator = translator_for(CONFIGS["small"], rates, True, 0, options).eval()
    assert (
        translator.adapters[1].index.tolist() == [1] and translator.adapters[0].scale.requires_grad
    )
    x = torch.from_numpy(pooled(rates, numbered=True)[4])[None]
    assert translator(x).shape == (1, 32, 32, 32)


def test_by_default_it_is_the_dissertations_translator():
    plain = translator_for(CONFIGS["small"], [noise(1, 2)], True, 3, TranslatorOptions())
    other = build_translator("small", 2, True, 3)
    assert all(
        torch.equal(v, other.state_dict()[k]) for k, v in plain.state_dict().items()
    ) and len(plain.state_dict()) == len(other.state_dict())


def test_the_natural_scale_comes_from_the_training_latents():
    """Channels of one rate with spreads 1 and 4; the affine of two rates brings all to one."""
    natural = TranslatorOptions(first_norm="natural")
    latents = noise(1, 16)
    translator = translator_for(CONFIGS["small"], [latents], False, 0, natural)
    spread = np.stack(latents).std((0, 2, 3))
    expected = torch.from_numpy(spread / spread.max()).float()
    assert torch.allclose(translator.upsample[0].weight, expected, rtol=1e-4)
    both = TranslatorOptions(first_norm="natural", rate_input="gain")
    two = translator_for(CONFIGS["small"], [noise(10, 20), noise(100, 200)], False, 0, both)
    assert two.upsample[0].weight.min() > 0.9  # the channels' own spreads are as 1 to 2


def test_importance_is_read_from_a_trained_translator(tmp_path):
    save_weights(build_translator("small", 4, lrb=True), tmp_path / "t.safetensors")
    options = TranslatorOptions(
        channels=2, channel_choice="importance", importance_of=tmp_path / "t.safetensors"
    )
    latents = [noise(1, 5, 0, 3)]
    chosen = translator_for(CONFIGS["small"], latents, True, 0, options).adapters[0].index
    assert (
        2 not in chosen and len(chosen) == 2
    )  # a channel without variance changes nothing when it is held
    with pytest.raises(UserError, match="another model"):
        translator_for(CONFIGS["small"], latents, False, 0, options)
