import pytest
import torch
from torch import nn

from promic_nb.models.build import build_translator
from promic_nb.models.translator import DomainTranslator


@pytest.mark.parametrize(("channels", "height", "width"), [(160, 48, 64), (128, 5, 7)])
@pytest.mark.parametrize("kernel_size", [2, 3, 4])
def test_output_is_stage_2_of_resnet(channels, height, width, kernel_size):
    translator = DomainTranslator(channels, kernel_size=kernel_size).eval()
    with torch.no_grad():
        assert translator(torch.zeros(1, channels, height, width)).shape == (1, 256, 4 * height, 4 * width)


def test_layers_of_figure_21():
    layers = [type(m) for m in DomainTranslator().upsample]
    assert layers == [nn.BatchNorm2d, nn.ConvTranspose2d, nn.BatchNorm2d, nn.ReLU, nn.ConvTranspose2d, nn.BatchNorm2d, nn.ReLU]


def test_multiplications_of_table_8():
    """Weights of the transposed convolutions times positions, on the 48x64 latent of 768x1024: counted on the output, as Table 8 is."""
    up = [m for m in DomainTranslator(lrb=False).modules() if isinstance(m, nn.ConvTranspose2d)]
    paper = sum(m.weight.numel() * positions for m, positions in zip(up, (96 * 128, 192 * 256), strict=True))
    true = sum(m.weight.numel() * positions for m, positions in zip(up, (48 * 64, 96 * 128), strict=True))
    lrb = DomainTranslator().lrb.conv.weight.numel() * 48 * 64
    assert round(paper / 1e9, 2) == 33.52
    assert round((paper + lrb) / 1e9, 2) == 33.60
    assert round(true / 1e9, 2) == 8.38


def test_lrb_is_all_that_differs():
    with_lrb, without = DomainTranslator(lrb=True), DomainTranslator(lrb=False)
    extra = set(with_lrb.state_dict()) - set(without.state_dict())
    assert extra == {"lrb.conv.weight"}


def test_width_follows_the_detector():
    assert build_translator("small", 160, lrb=True).upsample[4].out_channels == 32
    assert build_translator("resnet50", 160, lrb=True).upsample[4].out_channels == 256
