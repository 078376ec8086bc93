"""Tiles do not show: with margins beyond the receptive field, a tiled result is the whole one."""

import pytest
import torch

from promic_nb.codecs.jpegai import networks as nets
from promic_nb.codecs.jpegai import tiles


@pytest.fixture
def small_tiles(monkeypatch):
    """Tiles of 256 with 64 margin, for images of more than 2^14 samples: the geometry of the real
    ones at a sixteenth of the work.
    """
    monkeypatch.setattr(tiles, "TILE", 256)
    monkeypatch.setattr(tiles, "MAX_SAMPLES", 2**14)


@pytest.mark.parametrize("size", [(256, 128), (400, 272), (333, 515)])
def test_tiled_analysis_and_synthesis_equal_the_whole(small_tiles, size):
    torch.manual_seed(0)
    analysis, synthesis = nets.bop_analysis(), nets.bop_synthesis()
    x = torch.randn(1, 1, *size)
    with torch.no_grad():
        y = analysis(x)
        assert torch.allclose(tiles.tiled(analysis, x, size, -16), y, atol=1e-5)
        assert torch.allclose(tiles.tiled(synthesis, y, size, 16), synthesis(y), atol=1e-5)


def test_small_images_are_one_tile():
    calls = []
    tiles.tiled(
        lambda x: calls.append(x.shape) or x, torch.zeros(1, 1, 1024, 1024), (1024, 1024), 16
    )
    assert calls == [(1, 1, 1024, 1024)]


def test_a_tile_is_never_larger_than_1024(monkeypatch):
    calls = []

    def analysis(x):
        calls.append(x.shape[-2:])
        return torch.zeros(1, 160, -(-x.shape[-2] // 16), -(-x.shape[-1] // 16))

    out = tiles.tiled(analysis, torch.zeros(1, 1, 2100, 1700), (2100, 1700), -16)
    assert out.shape[-2:] == (132, 107)
    assert max(max(size) for size in calls) <= 1024
