"""Counts against PyTorch's own counter, the released parameter counts, and the published operations
a pixel.
"""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from promic_nb.codecs.jpegai import networks as nets
from promic_nb.codecs.jpegai.chroma import CHROMA_SYNTHESIS
from promic_nb.models.build import build_translator, make_detector
from promic_nb.models.complexity import macs
from promic_nb.models.config import CONFIGS
from promic_nb.models.operations import (
    detector_operations,
    latent_detector_operations,
    latent_operations,
    synthesis_operations,
    table_7,
    translator_operations,
)

PIXELS = 768 * 1024


def by_pytorch(call) -> int:
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        call()
    return counter.get_total_flops() // 2


@pytest.mark.parametrize("op", nets.OPERATION_POINTS)
def test_pytorch_counts_the_same(op):
    """Its counter works on the operators, ours on the layers; true operations of transposed
    convolutions and of attention.
    """
    network = nets.OPERATION_POINTS[op][1]().to("meta")
    x = torch.zeros(1, 160, 3, 5, device="meta")
    assert macs(network, x.shape)["total"] == by_pytorch(lambda: network(x))


def test_pytorch_counts_the_same_detector():
    model = make_detector(CONFIGS["resnet50"]).eval().to("meta")

    def detect():
        model.rpn.head(model.features(torch.zeros(1, 3, 64, 96, device="meta")))
        model.heads.box_predictor(model.heads.box_head(torch.zeros(7, 256, 7, 7, device="meta")))

    assert sum(detector_operations(64, 96, 7).values()) == by_pytorch(detect)


def test_chroma_networks_are_the_released_ones():
    assert {
        op: sum(p.numel() for p in make().parameters()) for op, make in CHROMA_SYNTHESIS.items()
    } == {"bop": 396_528, "hop": 755_072}


@pytest.mark.parametrize(
    ("op", "convention", "luma", "chroma"),
    [
        ("bop", "true", 8.61, 3.17),
        ("bop", "paper", 13.60, 4.90),
        ("hop", "true", 131.31, 14.76),
        ("hop", "paper", 175.81, 17.03),
    ],
)
def test_operations_a_pixel(op, convention, luma, chroma):
    """kMAC a pixel of the released decoders, counted from their layers elsewhere, biases included
    there.
    """
    parts = synthesis_operations(768, 1024, op, convention, colour=True)
    assert parts["luma synthesis"] / PIXELS / 1e3 == pytest.approx(luma, rel=0.003)
    assert parts["chroma synthesis"] / PIXELS / 1e3 == pytest.approx(chroma, rel=0.005)


def test_entropy_networks_a_pixel():
    true, paper = (
        sum(latent_operations(768, 1024, c, colour=True).values()) / PIXELS / 1e3
        for c in ("true", "paper")
    )
    assert (true, paper) == pytest.approx((2.56, 2.97), abs=0.01)


def test_table_7():
    """The published sums; the claims' notes say what ProMIC's surplus of 1.9 GMAC can be."""
    paper, true = (table_7(768, 1024, c) for c in ("paper", "true"))
    total = {name: sum(parts.values()) / 1e9 for name, parts in paper.items()}
    assert total["A"] == pytest.approx(315.52, rel=0.01)
    assert total["ProMIC"] == pytest.approx(180.04, abs=0.01)
    assert total["ProMIC"] + paper["A"]["stem"] / 1e9 == pytest.approx(181.93, abs=0.05)
    assert total["ProMIC, from the bitstream"] == pytest.approx(181.93, abs=0.05)
    assert 100 * (total["ProMIC"] / total["A"] - 1) == pytest.approx(-42.34, abs=0.1)
    saved = {
        name: 100 - 100 * sum(true["ProMIC"].values()) / sum(parts.values())
        for name, parts in true.items()
    }
    assert saved["A"] == pytest.approx(43.8, abs=0.1) and 8 < saved["A, BOP"] < 10
    assert total["A, BOP"] < total["ProMIC"], (
        "in Table 7's way of counting, ProMIC needs more than decoding at BOP and detecting"
    )


@pytest.mark.parametrize("size", [(100, 75), (1, 1), (33, 2000)])
def test_any_size(size):
    cells = -(-size[0] // 16) * -(-size[1] // 16)
    assert translator_operations(*size, "true", lrb=False)["translator"] == cells * 9 * (
        160 * 256 + 4 * 256 * 256
    )
    assert all(
        n > 0 for parts in table_7(*size, "true", proposals=1).values() for n in parts.values()
    )


def test_fewer_channels_save_in_the_first_transposed_convolution_and_the_lrb():
    """On the 48x64 latent of 768x1024: 9 k 256 + k^2 a position less; all else is as it was."""
    whole, half = (latent_detector_operations(768, 1024, CONFIGS["small"], 160, k) for k in (0, 80))
    assert whole["translator"] - half["translator"] == 48 * 64 * (9 * 80 * 256 + 160**2 - 80**2)
    assert {k: v for k, v in whole.items() if k != "translator"} == {
        k: v for k, v in half.items() if k != "translator"
    }
    assert set(whole) == {
        "translator",
        "stage 3",
        "stage 4",
        "stage 5",
        "neck",
        "proposals",
        "box head",
    }


@pytest.mark.parametrize(("channels", "gmac"), [(160, 8.46), (40, 7.54)])
def test_what_fewer_channels_save_for_resnet(channels, gmac):
    """The numbers of docs/extensions.md."""
    translator = build_translator("resnet50", 160, lrb=True, channels=range(channels))
    assert macs(translator, (1, 160, 48, 64))["total"] / 1e9 == pytest.approx(gmac, abs=0.005)
