import pytest
from torch import nn

from promic_nb.codecs.jpegai.networks import bop_analysis, bop_synthesis
from promic_nb.models.complexity import macs
from promic_nb.models.translator import DomainTranslator


def test_closed_forms():
    assert (
        macs(nn.Conv2d(3, 8, 3, stride=2, padding=1), (1, 3, 10, 12))["total"] == 5 * 6 * 8 * 3 * 9
    )
    assert (
        macs(nn.Conv2d(8, 8, 3, padding=1, groups=4), (2, 8, 4, 4))["total"] == 2 * 16 * 8 * 2 * 9
    )
    assert macs(nn.Linear(7, 5), (3, 7))["total"] == 3 * 35


def test_a_transposed_convolution_in_two_conventions():
    layer = nn.ConvTranspose2d(4, 6, 3, 2, 1, output_padding=1)
    assert macs(layer, (1, 4, 5, 5), "true")["total"] == 25 * 4 * 6 * 9
    assert macs(layer, (1, 4, 5, 5), "paper")["total"] == 100 * 4 * 6 * 9


@pytest.mark.parametrize(("lrb", "published", "true"), [(False, 33.52, 8.38), (True, 33.60, 8.46)])
def test_table_8(lrb, published, true):
    translator = DomainTranslator(lrb=lrb).eval()
    assert round(macs(translator, (1, 160, 48, 64), "paper")["total"] / 1e9, 2) == published
    assert round(macs(translator, (1, 160, 48, 64), "true")["total"] / 1e9, 2) == true


def test_codec_operations_per_pixel():
    """The published counts of the networks: analysis 30.1 kMAC a pixel; synthesis about 8.6, or
    13.6 as the JPEG AI software counts.
    """
    pixels = 256 * 256
    assert macs(bop_analysis(), (1, 1, 256, 256))["total"] / pixels / 1e3 == pytest.approx(
        30.1, abs=0.05
    )
    assert macs(bop_synthesis(), (1, 160, 16, 16))["total"] / pixels / 1e3 == pytest.approx(
        8.61, abs=0.02
    )
    assert macs(bop_synthesis(), (1, 160, 16, 16), "paper")[
        "total"
    ] / pixels / 1e3 == pytest.approx(13.60, abs=0.02)


def test_parts_add_up():
    parts = macs(DomainTranslator().eval(), (1, 160, 2, 2))
    assert set(parts) == {"lrb", "upsample", "total"}
    assert (
        parts["total"]
        == parts["lrb"] + parts["upsample"]
        == 4 * 160 * 160 + 4 * 9 * 160 * 256 + 16 * 9 * 256 * 256
    )
