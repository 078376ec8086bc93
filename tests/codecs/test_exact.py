"""The fixed-point networks do not depend on threads, library or order of summation, and stay near
the float ones.
"""

from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from promic_nb.codecs.jpegai import networks as nets
from promic_nb.codecs.jpegai.exact import fixed_point, on_grid


@pytest.fixture
def hyper():
    torch.manual_seed(0)
    return nets.hyper_decoder(32)


def test_near_the_float_network(hyper):
    z = torch.randint(-31, 32, (1, 32, 3, 5))
    with torch.no_grad():
        exact, real = fixed_point(hyper)(z.double()), hyper(z.float())
    assert (exact - real).abs().max() < 0.05 * real.abs().max()


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("onednn", [True, False])
def test_equal_bits_for_every_thread_count_and_library(hyper, threads, onednn):
    z = torch.randint(-31, 32, (1, 32, 6, 7)).double()
    exact = fixed_point(hyper)
    expected = exact(z)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with torch.backends.mkldnn.flags(enabled=onednn):
            assert torch.equal(exact(z), expected)
    finally:
        torch.set_num_threads(before)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_equal_bits_for_every_order_of_summation(seed):
    generator = torch.Generator().manual_seed(seed)
    conv = nn.Conv2d(64, 8, 3, padding=1)
    order = torch.randperm(64, generator=generator)
    turned = nn.Conv2d(64, 8, 3, padding=1)
    turned.load_state_dict({"weight": conv.weight[:, order], "bias": conv.bias})
    x = on_grid(torch.randn(1, 64, 5, 5, generator=generator, dtype=torch.float64) * 300)
    with torch.no_grad():
        assert torch.equal(fixed_point(conv)(x), fixed_point(turned)(x[:, order]))


def test_float32_is_not_sufficient():
    """The reason for all this: in float32 the order does matter."""
    large, one = np.float32(1e8), np.float32(1)
    assert (large + one) - large != (large - large) + one


@given(st.integers(-(2**21), 2**21))
def test_leaky_relu_is_integer_arithmetic(n):
    """The slope is 164 / 2^14; half a step rounds to even, as in Python."""
    expected = n if n > 0 else round(Fraction(164 * n, 2**14))
    assert (
        fixed_point(nn.LeakyReLU(0.01))(torch.tensor(n / 2**10, dtype=torch.float64)) * 2**10
        == expected
    )


def test_leaky_networks_are_equal_with_and_without_onednn():
    torch.manual_seed(0)
    exact = fixed_point(
        nn.Sequential(
            nn.Conv2d(8, 8, 3, padding=1),
            nn.LeakyReLU(0.01),
            nn.ConvTranspose2d(8, 8, 4, 2, 1),
            nn.LeakyReLU(0.01),
        )
    )
    z = torch.randint(-31, 32, (1, 8, 5, 7)).double()
    with torch.backends.mkldnn.flags(enabled=False):
        expected = exact(z)
    assert torch.equal(exact(z), expected)
    assert torch.equal((expected * 2**10).round(), expected * 2**10)


@pytest.mark.parametrize(
    "layer", [nn.BatchNorm2d(3), nn.Sigmoid()], ids=lambda layer: type(layer).__name__
)
def test_layers_without_a_fixed_point_form_are_refused(layer):
    with pytest.raises(TypeError, match=type(layer).__name__):
        fixed_point(nn.Sequential(layer))
