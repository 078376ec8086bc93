"""Weights between layouts, and files that are not what they say."""

import pickle
from collections import OrderedDict
from dataclasses import replace

import numpy as np
import pytest
import torch
from torchvision.models import resnet50
from torchvision.models.detection import fasterrcnn_resnet50_fpn

from promic_nb.errors import UserError
from promic_nb.models.build import build_detector, make_detector
from promic_nb.models.checkpoints import read_state
from promic_nb.models.config import CONFIGS, STYLES
from promic_nb.models.conversion import (
    from_detectron2,
    from_torchvision,
    recognize,
    to_detectron2,
    to_torchvision,
)
from promic_nb.models.pretrained import PUBLISHED, adopt, fetch, starting_point


@pytest.fixture(scope="module")
def model():
    """As torchvision's COCO detector is set up: 3 anchors a position, stride in the 3x3."""
    sizes = ((32,), (64,), (128,), (256,), (512,))
    return make_detector(
        replace(CONFIGS["resnet50"], anchor_sizes=sizes, **STYLES["torchvision"])
    ).eval()


@pytest.fixture(scope="module")
def theirs():
    torch.manual_seed(5)
    return fasterrcnn_resnet50_fpn(weights=None, weights_backbone=None, num_classes=2).eval()


def test_torchvisions_detector_and_back(model, theirs):
    state = theirs.state_dict()
    own = from_torchvision(state)
    shapes = {
        k: v.shape for k, v in own.items() if not k.endswith("num_batches_tracked")
    }  # without weights, its norms are not frozen
    assert shapes == {k: v.shape for k, v in model.weights().items()}
    again = to_torchvision(own)
    assert set(again) == set(state) and all(torch.equal(again[k], state[k]) for k in state)


def test_torchvisions_features(theirs):
    """Normalization, backbone, neck and proposal head compute what torchvision's own do on its
    preprocessed input.
    """
    sizes = ((32,), (64,), (128,), (256,), (512,))
    model = make_detector(
        replace(
            CONFIGS["resnet50"], anchor_sizes=sizes, **{**STYLES["torchvision"], "norm_eps": 1e-5}
        )
    ).eval()
    model.load_weights(from_torchvision(theirs.state_dict()))
    image = torch.rand(3, 96, 128, generator=torch.Generator().manual_seed(0))
    normal = theirs.transform.normalize(image)[None]
    with torch.no_grad():
        expected = list(theirs.backbone(normal).values())
        found = model.features([255 * image])
        for a, b in zip(found, expected, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4 * float(b.std()))
        for a, b in zip(model.rpn.head(expected), theirs.rpn.head(expected), strict=True):
            assert all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def test_detectron2s_names_and_back(model):
    own = model.weights()
    native = to_detectron2(own)
    assert (
        "backbone.bottom_up.res4.5.conv2.norm.running_var" in native
        and "backbone.fpn_lateral5.bias" in native
    )
    assert torch.equal(
        native["backbone.bottom_up.stem.conv1.weight"],
        own["front.layers.conv1.weight"][:, [2, 1, 0]],
    )
    assert native["roi_heads.box_predictor.bbox_pred.weight"].shape[0] == 4  # one class
    assert torch.equal(
        native["roi_heads.box_predictor.cls_score.bias"],
        own["heads.box_predictor.cls_score.bias"][[1, 0]],
    )
    again = from_detectron2(native)
    assert set(again) == set(own)
    assert all(
        torch.equal(again[k], own[k]) for k in own if "bbox_pred" not in k or k.startswith("rpn")
    )


def test_files_of_old_torchvision_versions(theirs):
    state = theirs.state_dict()
    old = {
        k.replace("_blocks.0.0.", "_blocks.0.").replace("rpn.head.conv.0.0.", "rpn.head.conv."): v
        for k, v in state.items()
    }
    assert set(old) != set(state)
    assert set(from_torchvision(old)) == set(from_torchvision(state))


def test_a_classifier_gives_the_backbone_and_the_rest_is_drawn(tmp_path):
    net = resnet50(weights=None)
    torch.save(net.state_dict(), tmp_path / "resnet50.pth")
    built = build_detector("resnet50", weights=str(tmp_path / "resnet50.pth"))
    own = built.weights()
    assert torch.equal(own["front.layers.conv1.weight"], net.conv1.weight) and torch.equal(
        own["stages.2.2.bn3.bias"], net.layer4[2].bn3.bias
    )
    assert built.config.norm_eps == 1e-5 and not built.config.stride_in_1x1
    drawn = built.origin["from_random"]
    assert built.origin["layout"] == "classifier" and len(built.origin["sha256"]) == 64
    assert drawn and all(k.startswith(("neck.", "rpn.", "heads.")) for k in drawn)


def test_heads_of_other_classes_and_anchors_stay_random():
    own = {"a": torch.zeros(15, 2), "b": torch.zeros(3), "c": torch.zeros(1)}
    merged, left = adopt(own, {"a": torch.ones(3, 2), "b": torch.ones(3)})
    assert left == ["a", "c"] and merged["b"].sum() == 3 and merged["a"].sum() == 0


def test_no_weights_for_the_small_backbone(tmp_path):
    with pytest.raises(UserError, match="no weights 'coco' for the backbone 'small'"):
        build_detector("small", weights="coco")
    config, state, facts = starting_point("none", CONFIGS["resnet50"], tmp_path)
    assert (config.norm, config.frozen_stages, state, facts) == (
        "batch",
        0,
        {},
        {"weights": "none"},
    )


@pytest.mark.parametrize("author", [{"__author__": "someone"}, {}])
def test_pickles_of_arrays(tmp_path, author):
    arrays = OrderedDict(a=np.arange(6, dtype=np.float32).reshape(2, 3), b=np.float32(2))
    for protocol in (2, 4, 5):
        (tmp_path / "zoo.pkl").write_bytes(pickle.dumps({"model": arrays, **author}, protocol))
        state = read_state(tmp_path / "zoo.pkl")
        assert torch.equal(state["a"], torch.arange(6.0).view(2, 3)) and set(state) == {"a"}


class Evil:
    def __reduce__(self):
        return (print, ("run",))


@pytest.mark.parametrize("suffix", [".pkl", ".pth"])
def test_pickles_that_call_something_are_refused(tmp_path, suffix, capsys):
    path = tmp_path / f"evil{suffix}"
    path.write_bytes(pickle.dumps({"model": {"a": Evil()}}))
    with pytest.raises(UserError, match=f"evil{suffix} could not be read as weights"):
        read_state(path)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("cut.pkl", b"\x80\x04", "could not be read"),
        ("empty.pkl", pickle.dumps({"model": {}}), "no named tensors"),
        ("x.h5", b"", "no known kind"),
        ("list.pkl", pickle.dumps([1]), "no named tensors"),
        ("cut.safetensors", b"12", "could not be read"),
    ],
)
def test_files_without_weights_are_refused(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=message):
        read_state(tmp_path / name)


def test_missing_and_foreign_files(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        read_state(tmp_path / "none.pkl")
    torch.save({"a": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(UserError, match="no ResNet-50 detector or classifier"):
        starting_point(str(tmp_path / "other.pth"), CONFIGS["resnet50"], tmp_path)
    assert recognize({"a": torch.zeros(1)}) is None


def test_a_download_that_is_not_the_published_file(tmp_path, monkeypatch):
    """The hash at the end of torchvision's file names is checked, and a wrong file is not kept."""
    (tmp_path / "wrong").write_bytes(b"not weights")
    source = replace(PUBLISHED["imagenet"], url=(tmp_path / "wrong").as_uri())
    monkeypatch.setitem(PUBLISHED, "imagenet", source)
    with pytest.raises(UserError, match=r"could not be downloaded.*invalid hash"):
        fetch("imagenet", tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())
    assert all(p.prefix is None or p.prefix in p.url for p in PUBLISHED.values() if p is not source)
