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
        assert translator(torch.zeros(1, channels, height, width)).shape == (
            1,
            256,
            4 * height,
            4 * width,
        )


def test_layers_of_figure_21():
    layers = [type(m) for m in DomainTranslator().upsample]
    assert layers == [
        nn.BatchNorm2d,
        nn.ConvTranspose2d,
        nn.BatchNorm2d,
        nn.ReLU,
        nn.ConvTranspose2d,
        nn.BatchNorm2d,
        nn.ReLU,
    ]


def test_lrb_is_all_that_differs():
    with_lrb, without = DomainTranslator(lrb=True), DomainTranslator(lrb=False)
    extra = set(with_lrb.state_dict()) - set(without.state_dict())
    assert extra == {"lrb.conv.weight"}


def test_width_follows_the_detector():
    assert build_translator("small", 160, lrb=True).upsample[4].out_channels == 32
    assert build_translator("resnet50", 160, lrb=True).upsample[4].out_channels == 256
