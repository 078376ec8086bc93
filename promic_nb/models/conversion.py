"""Weights between three layouts: this package's (the torchvision engine's names), torchvision's own
detector, and Detectron2's.

What differs: names; Detectron2 takes BGR planes and puts the background class last, and predicts no
box for it. What does not: the order of anchors (all ratios of a size after another; see
`rois.Anchors`), of box deltas, and of the cells that the box head flattens. Settings that no tensor
shows (mean, std, place of the stride, epsilon) are in `config.STYLES`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

FIRST = "front.layers.conv1.weight"
CLASSES, BOXES = "heads.box_predictor.cls_score.", "heads.box_predictor.bbox_pred."

# (this package's, Detectron2's); N is a number, and what follows the matched beginning is kept
_BLOCK = [("downsample.0.", "shortcut."), ("downsample.1.", "shortcut.norm.")]
_BLOCK += [(f"conv{i}.", f"conv{i}.") for i in (1, 2, 3)] + [
    (f"bn{i}.", f"conv{i}.norm.") for i in (1, 2, 3)
]
_STAGES = [("front.layers.layer1", "res2"), *((f"stages.{i}", f"res{i + 3}") for i in range(3))]
DETECTRON2 = [
    ("front.layers.conv1.", "backbone.bottom_up.stem.conv1."),
    ("front.layers.bn1.", "backbone.bottom_up.stem.conv1.norm."),
    ("front.translator.", "front.translator."),  # Detectron2 has none
    *(
        (f"{ours}.N.{a}", f"backbone.bottom_up.{theirs}.N.{b}")
        for ours, theirs in _STAGES
        for a, b in _BLOCK
    ),
    *((f"neck.inner_blocks.{i}.0.", f"backbone.fpn_lateral{i + 2}.") for i in range(4)),
    *((f"neck.layer_blocks.{i}.0.", f"backbone.fpn_output{i + 2}.") for i in range(4)),
    ("rpn.head.conv.0.0.", "proposal_generator.rpn_head.conv."),
    ("rpn.head.cls_logits.", "proposal_generator.rpn_head.objectness_logits."),
    ("rpn.head.bbox_pred.", "proposal_generator.rpn_head.anchor_deltas."),
    ("heads.box_head.fc6.", "roi_heads.box_head.fc1."),
    ("heads.box_head.fc7.", "roi_heads.box_head.fc2."),
    (CLASSES, "roi_heads.box_predictor.cls_score."),
    (BOXES, "roi_heads.box_predictor.bbox_pred."),
]
# (this package's, torchvision's)
TORCHVISION = [
    ("front.layers.", "backbone.body."),
    *((f"stages.{i}.", f"backbone.body.layer{i + 2}.") for i in range(3)),
    ("neck.", "backbone.fpn."),
    ("rpn.", "rpn."),
    ("heads.", "roi_heads."),
]


def _rename(state: Mapping[str, Tensor], pairs: list[tuple[str, str]]) -> dict[str, Tensor]:
    """Names by the first pair (from, to) whose `from` they begin with, the longest first; other
    tensors are left out.
    """
    rules = [
        (re.compile(re.escape(a).replace("N", r"(\d+)")), b.replace("N", r"\1"))
        for a, b in sorted(pairs, key=lambda p: -len(p[0]))
    ]
    renamed = {}
    for name, value in state.items():
        for pattern, target in rules:
            if match := pattern.match(name):
                renamed[match.expand(target) + name[match.end() :]] = value
                break
    return renamed


def _flip(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(b, a) for a, b in pairs]


def from_detectron2(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Detectron2's tensors by this package's names; anchors and pixel statistics, which the
    settings hold, are left out.
    """
    own = _rename(state, _flip(DETECTRON2))
    if FIRST in own:
        own[FIRST] = own[FIRST].flip(1)
    for kind in ("weight", "bias"):
        if (scores := own.get(CLASSES + kind)) is not None:
            own[CLASSES + kind] = scores.roll(1, 0)
        if (deltas := own.get(BOXES + kind)) is not None:
            own[BOXES + kind] = torch.cat([torch.zeros_like(deltas[:4]), deltas])
    return own


def to_detectron2(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The inverse; the deltas of the background class, which nothing reads, are left out."""
    state = dict(state)
    if FIRST in state:
        state[FIRST] = state[FIRST].flip(1)
    for kind in ("weight", "bias"):
        if CLASSES + kind in state:
            state[CLASSES + kind] = state[CLASSES + kind].roll(-1, 0)
        if BOXES + kind in state:
            state[BOXES + kind] = state[BOXES + kind][4:]
    return _rename(state, DETECTRON2)


def from_torchvision(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A torchvision `fasterrcnn_resnet50_fpn`, or a `resnet50` classifier, by this package's names.

    Files of before 0.13 have fewer dots.
    """
    if "conv1.weight" in state:
        state = {
            f"backbone.body.{name}": value
            for name, value in state.items()
            if not name.startswith("fc.")
        }
    old = re.compile(
        r"(backbone\.fpn\.(?:inner|layer)_blocks\.\d)\.(weight|bias)$|(rpn\.head\.conv)\.(weight|bias)$"
    )

    def new(match: re.Match[str]) -> str:
        return f"{match[1]}.0.{match[2]}" if match[1] else f"{match[3]}.0.0.{match[4]}"

    return _rename({old.sub(new, name): value for name, value in state.items()}, _flip(TORCHVISION))


def to_torchvision(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The inverse, by the names of today's torchvision.

    A translator has no place there and is left out.
    """
    return _rename(
        {k: v for k, v in state.items() if not k.startswith("front.translator.")}, TORCHVISION
    )


def recognize(state: Mapping[str, Tensor]) -> str | None:
    """The style (a key of `config.STYLES`) of a state by its names; "own" for this package's, None
    for none of them.
    """
    marks = {
        FIRST: "own",
        "backbone.bottom_up.stem.conv1.weight": "detectron2",
        "backbone.body.conv1.weight": "torchvision",
    }
    found = [style for name, style in marks.items() if name in state]
    if not found and {"conv1.weight", "layer1.0.conv1.weight"} <= set(state):
        return "classifier"
    return found[0] if found else None
