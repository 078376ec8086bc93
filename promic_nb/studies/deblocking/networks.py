"""The networks of Table 4 and ResNetYUV (sections 2.6 and 3.4).

Each predicts the JPEG noise, which is added to its input (Fig. 19).

The thesis names their principles and numbers of parameters, not their layers. Layers here follow
its text, with widths and kernels that meet the printed number where some do; other layers can meet
it as well. All convolutions keep the size. The last layer starts at zero: an untrained network
returns its input.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from promic_nb.errors import UserError


def conv(inputs: int, outputs: int, kernel: int = 3, bias: bool = True) -> nn.Conv2d:
    """A convolution that keeps the size."""
    return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=bias)


def separable(inputs: int, outputs: int, kernel: int) -> nn.Sequential:
    """Depthwise, then pointwise convolution; one bias, as in Keras."""
    depthwise = nn.Conv2d(inputs, inputs, kernel, padding=kernel // 2, groups=inputs, bias=False)
    return nn.Sequential(depthwise, conv(inputs, outputs, 1))


class Add(nn.Sequential):
    """x + f(x)."""

    def forward(self, x: Tensor) -> Tensor:
        return x + super().forward(x)


class Concatenate(nn.Sequential):
    """x and f(x) side by side."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, super().forward(x)], dim=1)


def three_convolutions(
    inputs: int, outputs: int, middle: int = 32, bias: bool = True
) -> list[nn.Module]:
    """The inside of a block of ResNet and JJNet."""
    return [
        conv(inputs, middle, 5),
        nn.ReLU(),
        conv(middle, middle, 3),
        nn.ReLU(),
        conv(middle, outputs, 1, bias),
    ]


def resnet(inputs: int = 3, outputs: int = 3, width: int = 16, blocks: int = 5) -> nn.Module:
    """Five residual blocks of three convolutions: 114,691 parameters, as printed."""
    body = [
        layer
        for _ in range(blocks)
        for layer in (Add(*three_convolutions(width, width)), nn.ReLU())
    ]
    return nn.Sequential(conv(inputs, width, 5), nn.ReLU(), *body, conv(width, outputs, 3))


def jjnet(width: int = 16, blocks: int = 5) -> nn.Module:
    """ResNet with concatenation in place of addition: 244,771 parameters, as printed, where the
    third convolutions have no bias.
    """
    body = [
        Concatenate(*three_convolutions(width * i, width, bias=False), nn.ReLU())
        for i in range(1, blocks + 1)
    ]
    return nn.Sequential(conv(3, width, 5), nn.ReLU(), *body, conv(width * (blocks + 1), 3, 3))


def jjnet_tanh() -> nn.Module:
    """JJNet whose last convolution is followed by tanh (Table 17)."""
    return nn.Sequential(jjnet(), nn.Tanh())


def dense_block(inputs: int, growth: int, layers: int = 3) -> nn.Sequential:
    """Each layer takes all feature maps before it (Fig. 13); inputs + layers x growth channels."""
    return nn.Sequential(
        *(Concatenate(conv(inputs + i * growth, growth), nn.ReLU()) for i in range(layers))
    )


def densenet(width: int = 16, growth: int = 16, blocks: int = 3) -> nn.Module:
    """Three dense blocks of three layers, each narrowed by a 1x1 convolution; the thesis prints no
    number of parameters.
    """
    body = [
        layer
        for _ in range(blocks)
        for layer in (dense_block(width, growth), conv(width + 3 * growth, width, 1), nn.ReLU())
    ]
    return nn.Sequential(conv(3, width, 5), nn.ReLU(), *body, conv(width, 3, 3))


def xception(width: int = 20, blocks: int = 6) -> nn.Module:
    """SmallXception: residual blocks of separable convolutions; 11,183 parameters, as printed (as
    do many other layouts of width 20).
    """
    body = [
        Add(nn.ReLU(), separable(width, width, 5), nn.ReLU(), separable(width, width, 3))
        for _ in range(blocks)
    ]
    return nn.Sequential(conv(3, width, 5), *body, nn.ReLU(), conv(width, 3, 3))


class MemNet(nn.Module):
    """Memory blocks of four residual units and a gate that sees all units and all earlier memories
    (Fig. 15).

    Four blocks of width 16, units with weights of their own and one batch normalization each:
        84,403 parameters, as printed.
    """

    def __init__(self, width: int = 16, blocks: int = 4, units: int = 4) -> None:
        super().__init__()
        self.first = nn.Sequential(conv(3, width, 5), nn.ReLU())
        unit = lambda: Add(conv(width, width), nn.BatchNorm2d(width), nn.ReLU(), conv(width, width))  # noqa: E731
        self.units = nn.ModuleList(
            nn.ModuleList(unit() for _ in range(units)) for _ in range(blocks)
        )
        self.gates = nn.ModuleList(
            nn.Sequential(conv(width * (units + i), width, 1), nn.ReLU())
            for i in range(1, blocks + 1)
        )
        self.last = conv(width, 3, 5)

    def forward(self, x: Tensor) -> Tensor:
        memories = [self.first(x)]
        for units, gate in zip(self.units, self.gates, strict=True):
            short, state = [], memories[-1]
            for unit in units:
                state = unit(state)
                short.append(state)
            memories.append(gate(torch.cat([*short, *memories], dim=1)))
        return self.last(memories[-1])


class UNetLike(nn.Module):
    """Contracting and expanding path with skip connections and two downsamplings (Fig. 14); sides
    are padded to multiples of four.

    Args:
        down: a module for each level, from the top.
        up: a module for each level but the lowest, from below; it sees the upsampled maps and those
            of its level.
        last: to three channels.
    """

    def __init__(self, down: list[nn.Module], up: list[nn.Module], last: nn.Module) -> None:
        super().__init__()
        self.down, self.up, self.last = nn.ModuleList(down), nn.ModuleList(up), last

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        step = 2 ** len(self.up)
        x = F.pad(x, (0, -width % step, 0, -height % step), mode="replicate")
        levels = [self.down[0](x)]
        for level in self.down[1:]:
            levels.append(level(F.max_pool2d(levels[-1], 2)))
        x = levels.pop()
        for level in self.up:
            x = level(torch.cat([F.interpolate(x, scale_factor=2), levels.pop()], dim=1))
        return self.last(x)[..., :height, :width]


def unet(width: int = 44) -> nn.Module:
    """U-Net with two convolutions a level, 44, 88 and 176 maps: 890,827 parameters, 0.3 % above the
    printed number.
    """
    double = lambda i, o: nn.Sequential(conv(i, o), nn.ReLU(), conv(o, o), nn.ReLU())  # noqa: E731
    down = [double(3, width), double(width, 2 * width), double(2 * width, 4 * width)]
    return UNetLike(
        down, [double(6 * width, 2 * width), double(3 * width, width)], conv(width, 3, 1)
    )


def dense_unet(growth: int = 16) -> nn.Module:
    """U-Net with a dense block of three layers on each level of the way down: 197,683 parameters,
    0.2 % below the printed number.
    """
    top = nn.Sequential(conv(3, 16, 5), nn.ReLU(), dense_block(16, growth))
    widths = [16 + 3 * growth * i for i in (1, 2, 3)]
    up = [
        nn.Sequential(conv(widths[2] + widths[1], 32), nn.ReLU()),
        nn.Sequential(conv(32 + widths[0], 16), nn.ReLU()),
    ]
    return UNetLike(
        [top, dense_block(widths[0], growth), dense_block(widths[1], growth)], up, conv(16, 3)
    )


# JFIF: RGB in 0..1 to luma in 0..1 and colour differences around 0.
YCBCR = torch.tensor(
    [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]]
)


class ResNetYuv(nn.Module):
    """ResNet in YCbCr: two blocks restore Y from Y, five restore Cb and Cr from all three (section
    3.4; its Fig. 23 is not in the text).
    """

    def __init__(self) -> None:
        super().__init__()
        self.luma, self.chroma = resnet(1, 1, blocks=2), resnet(3, 2, blocks=5)
        self.register_buffer("matrix", YCBCR[..., None, None], persistent=False)
        self.register_buffer("inverse", torch.linalg.inv(YCBCR)[..., None, None], persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        yuv = F.conv2d(x, self.matrix)
        luma = self.luma(yuv[:, :1])
        chroma = self.chroma(torch.cat([yuv[:, :1] + luma, yuv[:, 1:]], dim=1))
        return F.conv2d(torch.cat([luma, chroma], dim=1), self.inverse)


class Deblocker(nn.Module):
    """The input plus what `noise` predicts: RGB in, RGB out, float32 (N, 3, H, W), nominally 0..1."""

    def __init__(self, noise: nn.Module) -> None:
        super().__init__()
        self.noise = noise
        for part in [noise.luma, noise.chroma] if isinstance(noise, ResNetYuv) else [noise]:
            last = [m for m in part.modules() if isinstance(m, nn.Conv2d)][-1]
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.noise(x)


@dataclass(frozen=True)
class Network:
    """A network: how it is built, its name in figures, and the number of parameters that Table 4
    prints (None: none).
    """

    build: Callable[[], nn.Module]
    label: str
    published: int | None = None


NETWORKS: dict[str, Network] = {
    "unet": Network(unet, "UNet", 888_003),
    "resnet": Network(resnet, "ResNet", 114_691),
    "jjnet": Network(jjnet, "JJNet", 244_771),
    "jjnet_tanh": Network(jjnet_tanh, "JJNet, tanh"),
    "dense_unet": Network(dense_unet, "DenseUNet", 198_115),
    "xception": Network(xception, "Xception", 11_183),
    "memnet": Network(MemNet, "MemNet", 84_403),
    "densenet": Network(densenet, "DenseNet"),
    "resnet_yuv": Network(ResNetYuv, "ResNetYUV"),
}


def build_network(name: str, seed: int = 0) -> Deblocker:
    """A network by name with initial weights drawn by `seed`; raises `UserError` for an unknown
    name.
    """
    if name not in NETWORKS:
        raise UserError(f"network {name!r} is unknown", f"Choose one of {', '.join(NETWORKS)}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Deblocker(NETWORKS[name].build())


def parameter_count(network: nn.Module) -> int:
    """Parameters as Keras counts them: weights, biases, and four numbers a channel of batch
    normalization.
    """
    statistics = sum(2 * m.num_features for m in network.modules() if isinstance(m, nn.BatchNorm2d))
    return sum(p.numel() for p in network.parameters()) + statistics
