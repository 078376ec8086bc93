"""RVS and LSBS: bands of local variance, constants for each, and what an encoder does with them."""

import torch

from promic_nb.codecs.jpegai.tools import LSBS_EDGES, Tools


def constants(**kwargs) -> Tools:
    base = {
        "thresholds": torch.tensor([2.0, 4, 6, 8]),
        "rvs": torch.tensor([-64.0, -32, 0, 32, 64]),
        "channels": torch.ones(2),
        "lsbs": torch.ones(7),
    }
    return Tools(**{k: v.double() for k, v in (base | kwargs).items()})


def test_a_block_of_8x8_shares_the_band_of_its_mean():
    index = torch.zeros(1, 2, 8, 16, dtype=torch.float64)
    index[0, 0, :, 8:] = 5.0
    index[0, 1, 0, 0] = 64 * 7.0  # one outlier lifts its block's mean to 7
    bands = constants().bands(index)
    assert (bands[0, 0, :, :8] == 0).all() and (bands[0, 0, :, 8:] == 2).all()
    assert (bands[0, 1, :, :8] == 3).all() and (bands[0, 1, :, 8:] == 0).all()


def test_a_mean_on_a_threshold_belongs_to_the_band_above():
    assert (
        int(constants().bands(torch.full((1, 2, 8, 8), 4.0, dtype=torch.float64))[0, 0, 0, 0]) == 2
    )


def test_any_size_has_bands():
    assert constants().bands(torch.full((1, 2, 5, 11), 9.0, dtype=torch.float64)).eq(4).all()
    assert constants().bands(torch.full((1, 2, 5, 11), 9.0, dtype=torch.float64)).shape == (
        1,
        2,
        5,
        11,
    )


def test_channels_without_the_flag_keep_their_step():
    moved = constants(channels=torch.tensor([1.0, 0])).displacement(
        torch.full((1, 2, 8, 8), 9.0, dtype=torch.float64)
    )
    assert (moved[0, 0] == 64).all() and (moved[0, 1] == 0).all()


def test_latent_scale_follows_the_position_itself():
    factors = torch.linspace(0.7, 1.3, 7)
    index = torch.cat([LSBS_EDGES - 0.1, torch.tensor([30.0])]).view(1, 1, 1, 7)
    assert torch.allclose(constants(lsbs=factors).latent_scale(index).flatten(), factors.double())
