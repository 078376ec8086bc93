"""Rate-distortion optimized quantization: a better encoder for the same decoder."""

import numpy as np
import pytest
import torch
from scipy.stats import norm

from promic_nb import codecs
from promic_nb.codecs.jpegai import refine as r
from promic_nb.codecs.jpegai.hyperprior import size_of
from promic_nb.codecs.jpegai.model import SCALE_TABLE
from promic_nb.errors import UserError

PLAIN, REFINED = {"beta": 0.02}, {"beta": 0.02, "refine": 3}


@pytest.fixture(scope="module")
def image(tiny):
    return np.ascontiguousarray(tiny.image("test", 0)[:150, :200])


@pytest.fixture(scope="module", params=["jpegai_bop_off", "jpegai_bop_on"])
def name(request):
    return request.param


def test_the_same_decoder_reads_a_refined_stream(name, image):
    refined, plain = codecs.get(name, **REFINED), codecs.get(name, **PLAIN)
    stream = refined.encode(image)
    assert stream != plain.encode(image)
    assert (plain.latent(stream) == refined.latent(stream)).all()
    assert (plain.decode(stream) == refined.decode(stream)).all()


def test_rate_and_error_together_cost_less(name, image):
    """At about the price of the search: 10 bits a squared step are 0.033 for a squared sample."""
    cost = {}
    for settings in (PLAIN, REFINED):
        codec = codecs.get(name, **settings)
        stream = codec.encode(image)
        error = np.mean((codec.decode(stream).astype(float) - image) ** 2)
        cost[len(settings)] = codecs.bpp(stream, image.shape) + 0.033 * error
    assert cost[2] < cost[1]


def test_passes_that_make_it_worse_leave_the_plain_stream(image, monkeypatch):
    monkeypatch.setattr(r, "DAMPING", 40.0)
    plain = codecs.get("jpegai_bop_off", **PLAIN).encode(image)
    assert codecs.get("jpegai_bop_off", **REFINED).encode(image) == plain


def test_the_setting_names_the_passes():
    for weights, name in (("lucchi", "beta0.02"), ("general", "general0.02")):
        codec = codecs.get("jpegai_bop_off", weights=weights, **REFINED)
        assert codec.setting == f"{name} refine=3"
    with pytest.raises(UserError, match="'refine' is -1"):
        codecs.get("jpegai_bop_off", refine=-1)


def test_bits_are_those_of_the_gaussian_and_of_the_coder():
    coder = codecs.get("jpegai_bop_off", **PLAIN).coder
    symbols = torch.tensor([0.0, 1, -1, 2])
    for level in (8, 12, 20):
        sigma, x = SCALE_TABLE[level], symbols.numpy()
        expected = -np.log2(norm.cdf((x + 0.5) / sigma) - norm.cdf((x - 0.5) / sigma))
        found = coder.bits(symbols, torch.full((4,), level))
        assert found.numpy() == pytest.approx(expected, rel=0.01)
    drawn = torch.from_numpy(np.random.default_rng(0).normal(0, 1, (1, 8, 30, 40)).round())
    level = torch.full(drawn.shape, 11)
    stream = coder.encode_r(drawn, level.double(), torch.ones_like(drawn, dtype=torch.bool))
    assert 8 * len(stream) == pytest.approx(float(coder.bits(drawn, level).sum()), rel=0.005)


@pytest.fixture(scope="module")
def coded(image):
    """Codec, samples and decoded latent."""
    codec = codecs.get("jpegai_bop_off", **PLAIN)
    x = torch.from_numpy(image)[None, None].float()
    with torch.no_grad():
        y = codec.analysis_transform(x)
        side = codec.side_information(codec.hyper_latent(y), size_of(y), 0, 0)
        latent = codec.dequantize(codec.quantize(y.double(), side), side)
    return codec, x, latent[..., : y.shape[-2], : y.shape[-1]]


def test_the_gradient_in_tiles_is_that_of_the_whole(coded, monkeypatch):
    whole = r._total(*coded, r._squared_error)
    monkeypatch.setattr(r, "MAX_SAMPLES", 0)
    monkeypatch.setattr(r, "TILE", 192)
    tiled = r._total(*coded, r._squared_error)
    assert len(list(r._tiles(coded[1].shape[-2:], coded[2].shape[-2:]))) == 12
    assert tiled[0] == pytest.approx(whole[0], rel=1e-4)
    assert torch.allclose(tiled[1], whole[1], atol=1e-3 * float(whole[1].abs().max()))


def test_the_error_is_quadratic_with_one_constant_for_each_channel(coded):
    codec, x, latent = coded
    signs = torch.Generator().manual_seed(1)

    def random_signs(made: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
        return (made * (torch.randint(0, 2, made.shape, generator=signs) * 2 - 1)).sum()

    _, random = r._total(codec, x, latent, random_signs)
    weight = random.square().mean((0, 2, 3), keepdim=True)
    before, slope = r._total(codec, x, latent, r._squared_error)
    change = 0.3 * torch.randn(latent.shape, generator=signs, dtype=torch.float64) / weight.sqrt()
    after, _ = r._total(codec, x, latent + 10 * change, r._squared_error, gradient=False)
    predicted = float((slope * 10 * change).sum() + (weight * (10 * change) ** 2).sum())
    assert after - before == pytest.approx(predicted, rel=0.05)
