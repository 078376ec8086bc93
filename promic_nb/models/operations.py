"""Operations of each part on the two ways from a bitstream to boxes: decode and detect, or detect
on the latent.

JPEG AI's decoders are counted with all three planes, as Table 7 did, and with luma alone, which is
what a micrograph needs.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

from promic_nb.codecs.jpegai import networks as nets
from promic_nb.codecs.jpegai.chroma import CHROMA_CHANNELS, CHROMA_SYNTHESIS
from promic_nb.models.build import build_translator
from promic_nb.models.complexity import Convention, macs, macs_of_call
from promic_nb.models.config import CONFIGS, DetectorConfig
from promic_nb.models.torchvision_engine import TorchvisionDetector
from promic_nb.models.translator import DomainTranslator

Parts = dict[str, int]
# Modules of the pixel detector by part; stages 3 and on are what a latent detector keeps.
DETECTOR = {
    "front.layers.conv1": "stem",
    "front.layers.layer1": "stage 2",
    "stages.0": "stage 3",
    "stages.1": "stage 4",
    "stages.2": "stage 5",
    "neck": "neck",
    "rpn": "proposals",
    "heads": "box head",
}
REPLACED = ("stem", "stage 2")


def detector_operations(
    height: int, width: int, proposals: int = 1000, config: DetectorConfig = CONFIGS["resnet50"]
) -> Parts:
    """Multiply-accumulates of a pixel detector, by part; it has no transposed convolution, so both
    conventions agree.

    Args:
        proposals: boxes that reach the box head.
        config: of another backbone than ResNet-50, stem and stage 2 are not counted.
    """
    model = TorchvisionDetector(config).eval().to("meta")

    def detect() -> None:
        features = model.features(torch.zeros(1, len(config.mean), height, width, device="meta"))
        model.rpn.head(features)
        model.heads.box_predictor(
            model.heads.box_head(torch.zeros(proposals, config.fpn_channels, 7, 7, device="meta"))
        )

    counted = macs_of_call(model, detect, depth=3)
    return {
        part: sum(n for name, n in counted.items() if name.startswith(prefix))
        for prefix, part in DETECTOR.items()
    }


def translator_operations(
    height: int, width: int, convention: Convention, lrb: bool = True
) -> Parts:
    """Multiply-accumulates of the Domain Translator."""
    return {
        "translator": macs(
            DomainTranslator(lrb=lrb).eval(),
            (1, nets.LATENT_CHANNELS, *_cells(height, width, 16)),
            convention,
        )["total"]
    }


def latent_detector_operations(
    height: int,
    width: int,
    config: DetectorConfig,
    in_channels: int,
    channels: int = 0,
    lrb: bool = True,
) -> Parts:
    """True multiply-accumulates from a latent of `in_channels` to boxes, by part; the translator
    reads `channels` of them, 0: all.
    """
    translator = build_translator(config, in_channels, lrb, channels=range(channels)).eval()
    counted = macs(translator, (1, in_channels, *_cells(height, width, 16)))["total"]
    kept = {
        part: n
        for part, n in detector_operations(height, width, config.post_nms[1], config).items()
        if part not in REPLACED
    }
    return {"translator": counted} | kept


def latent_operations(
    height: int, width: int, convention: Convention, colour: bool = False
) -> Parts:
    """Multiply-accumulates from hyper-latent to latent: hyper-decoders and context model.

    Range coding has none and is left out.
    """
    h, w = _cells(height, width, 64)
    parts = {"hyperprior": 0, "context": 0}
    for channels in (nets.LATENT_CHANNELS, *([CHROMA_CHANNELS] if colour else [])):
        for network in (nets.hyper_decoder(channels), nets.hyper_scale_decoder(channels)):
            parts["hyperprior"] += macs(network, (1, channels, h, w), convention)["total"]
    parts["context"] = sum(
        _context(h * 2, w * 2, convention).values()
    )  # chroma has no context model
    return parts


def _context(h: int, w: int, convention: Convention) -> Parts:
    model = nets.ContextModel().to("meta")

    def walk() -> None:
        psi = torch.zeros(1, 4 * nets.LATENT_CHANNELS, h, w, device="meta")
        decoded: list[Tensor] = []
        for phase in range(4):
            decoded.append(model.mean(phase, psi, decoded))

    return macs_of_call(model, walk, convention)


def synthesis_operations(
    height: int, width: int, op: Literal["bop", "hop"], convention: Convention, colour: bool = False
) -> Parts:
    """Multiply-accumulates from latent to samples."""
    h, w = _cells(height, width, 16)
    parts = {
        "luma synthesis": macs(
            nets.OPERATION_POINTS[op][1](), (1, nets.LATENT_CHANNELS, h, w), convention
        )["total"]
    }
    if colour:
        network = CHROMA_SYNTHESIS[op]().to("meta")
        latents = [
            torch.zeros(1, c, h, w, device="meta") for c in (nets.LATENT_CHANNELS, CHROMA_CHANNELS)
        ]
        parts["chroma synthesis"] = sum(
            macs_of_call(network, lambda: network(*latents), convention).values()
        )
    return parts


def _cells(height: int, width: int, side: int) -> tuple[int, int]:
    return math.ceil(height / side), math.ceil(width / side)


def table_7(
    height: int, width: int, convention: Convention, proposals: int = 1000
) -> dict[str, Parts]:
    """Operations of each way, by part.

    "A" decodes three planes at the high operation point, which is what the dissertation's 315.52
    GMAC fit; the other decoders are beside it. "ProMIC" starts from the decoded latent, as in Table
    7; "ProMIC, from the bitstream" counts how the latent comes about, too.
    """
    detector = detector_operations(height, width, proposals)
    kept = {part: n for part, n in detector.items() if part not in REPLACED}
    ways = {}
    decoders: tuple[tuple[str, Literal["bop", "hop"], bool], ...] = (
        ("A", "hop", True),
        ("A, HOP, luma only", "hop", False),
        ("A, BOP", "bop", True),
        ("A, BOP, luma only", "bop", False),
    )
    for name, op, colour in decoders:
        decoder = latent_operations(height, width, convention, colour) | synthesis_operations(
            height, width, op, convention, colour
        )
        ways[name] = decoder | detector
    ways["ProMIC"] = translator_operations(height, width, convention) | kept
    ways["ProMIC, from the bitstream"] = (
        latent_operations(height, width, convention) | ways["ProMIC"]
    )
    return ways
