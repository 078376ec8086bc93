"""Parameter counts against the released VM 7.0 checkpoints, shapes for any size, and the phases'
round trip.
"""

import pytest
import torch
from torch import nn

from promic_nb.codecs.jpegai import networks as nets
from promic_nb.codecs.jpegai.attention import ChannelAttention


def count(*modules: nn.Module) -> int:
    return sum(p.numel() for m in modules for p in m.parameters())


def test_parameter_counts_of_the_released_networks():
    assert count(nets.bop_analysis()) == 666_272
    assert count(nets.bop_synthesis()) == 566_656
    assert count(nets.hop_analysis()) == 2_987_944
    assert count(nets.hop_synthesis()) == 3_341_769
    assert (
        count(
            nets.hyper_encoder(),
            nets.hyper_decoder(),
            nets.hyper_scale_decoder(),
            nets.ContextModel(),
        )
        == 4_085_760
    )


@pytest.mark.parametrize("op", nets.OPERATION_POINTS)
@pytest.mark.parametrize("size", [(64, 64), (65, 49), (17, 16), (31, 95)])
def test_latents_are_a_sixteenth_rounded_up(op, size):
    analysis, synthesis = (make() for make in nets.OPERATION_POINTS[op])
    with torch.no_grad():
        y = analysis(torch.zeros(1, 1, *size))
        assert y.shape == (1, 160, -(-size[0] // 16), -(-size[1] // 16))
        assert synthesis(y).shape[-2:] == tuple(16 * n for n in y.shape[-2:])


def test_phases_merge_to_what_was_split():
    y = torch.randn(2, 5, 6, 8)
    assert torch.equal(nets.interleave(nets.deinterleave(y)), y)


def test_phases_come_in_the_order_of_the_standard():
    y = torch.arange(4.0).view(1, 1, 2, 2)  # 0 1 / 2 3
    assert [float(p) for p in nets.deinterleave(y)] == [0, 3, 1, 2]


def test_a_phase_does_not_see_later_ones():
    model, psi = nets.ContextModel(32), torch.randn(1, 128, 2, 2)
    first = torch.randn(1, 32, 2, 2)
    assert torch.equal(model.mean(0, psi, []), model.mean(0, psi, [first]))


def test_light_residual_block_adds_what_relu_leaves():
    block = nets.LightResidualBlock(3, kernel_size=1)
    nn.init.zeros_(block.conv.weight)
    nn.init.constant_(block.conv.bias, -1.0)
    x = torch.randn(1, 3, 4, 4)
    assert torch.equal(block(x), x)
    nn.init.constant_(block.conv.bias, 2.0)
    assert torch.equal(block(x), x + 2)


def test_channel_attention_mixes_channels_of_one_head_only():
    """With identity projections, a change in head 0's value channels leaves the other heads'
    outputs alone.
    """
    torch.manual_seed(0)
    attention = ChannelAttention(8, heads=4)
    nn.init.dirac_(attention.project.weight)
    x = torch.randn(1, 8, 4, 4)
    with torch.no_grad():
        before = attention(x)
        attention.qkv[0].weight[16:18] *= 2.0  # the values of head 0 (channels 0 and 1)
        after = attention(x)
    assert torch.allclose(after[:, :2], 2 * before[:, :2], atol=1e-6)
    assert torch.equal(after[:, 2:], before[:, 2:])
