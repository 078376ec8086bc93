"""The same weights and images give the same proposals, boxes and scores in both engines, and in
Detectron2 by itself.
"""

import os
import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from torchvision.ops import FrozenBatchNorm2d

from promic_nb.codecs.jpegai.networks import LATENT_CHANNELS
from promic_nb.datasets.boxes import boxes_from_mask
from promic_nb.errors import UserError
from promic_nb.metrics.detection import Detections
from promic_nb.models.build import build_detector, build_translator, make_detector, mirror
from promic_nb.models.checkpoints import read_state
from promic_nb.models.config import CONFIGS, STYLES
from promic_nb.models.conversion import from_detectron2, to_detectron2
from promic_nb.models.inputs import Batch
from promic_nb.models.load import load_detector
from promic_nb.models.weights import load_weights, save_weights
from promic_nb.training.data import DetectorData, Slices
from promic_nb.training.detection import train_detector
from promic_nb.training.options import FitOptions
from promic_nb.training.solver import Solver

pytest.importorskip("detectron2", reason="Detectron2 is not installed (docs/detectors.md)")
pytestmark = pytest.mark.detectron2
BOX_PX, SCORE = 0.05, 1e-3  # what counts as equal
SIZES = [(160, 224), (131, 203)]  # the second is odd


def picture(size: tuple[int, int], seed: int = 0) -> torch.Tensor:
    """A colour image (3, H, W) in 0..255 with blobs of many sizes."""
    generator = torch.Generator().manual_seed(seed)
    layers = [
        torch.rand(1, 3, -(-size[0] // s), -(-size[1] // s), generator=generator)
        for s in (4, 16, 64)
    ]
    return (
        255 * sum(torch.nn.functional.interpolate(x, size, mode="bilinear") for x in layers)[0] / 3
    )


def calibrate(model: torch.nn.Module, batch: Batch) -> None:
    """Give random frozen norms the statistics of a batch, as if they had been trained on it; and
    scores that differ between places.
    """

    def settle(norm, inputs):
        x = inputs[0]
        norm.running_mean.copy_(x.mean((0, 2, 3)))
        norm.running_var.copy_(x.var((0, 2, 3)) + 1e-3)

    hooks = [
        m.register_forward_pre_hook(settle)
        for m in model.modules()
        if isinstance(m, FrozenBatchNorm2d)
    ]
    with torch.no_grad():
        model.features(batch.inputs)
        for hook in hooks:
            hook.remove()
        generator = torch.Generator().manual_seed(1)
        for layer, gain in (
            (model.rpn.head.cls_logits, 0.3),
            (model.rpn.head.bbox_pred, 0.02),
            (model.heads.box_predictor.cls_score, 1.0),
        ):
            layer.weight.copy_(
                torch.randn(layer.weight.shape, generator=generator)
                * gain
                / layer.weight[0].numel() ** 0.5
            )
        model.heads.box_predictor.bbox_pred.weight.copy_(
            torch.randn(8, 1024, generator=generator) / 32
        )


def settings(style: str, **changes):
    """Table 3's detector in the style of some weights, with a threshold that lets random scores
    through.
    """
    return replace(
        CONFIGS["resnet50"],
        **{**STYLES[style], "score_threshold": 0.3, "detections": 1000, **changes},
    )


def random_detector(style: str, batch: Batch, seed: int = 0):
    """A torchvision-engine detector with random weights fit to a batch of images."""
    model = make_detector(settings(style), seed=seed).eval()
    calibrate(model, batch)
    return model


def counterpart(model, latent_channels: int = 0):
    """The same weights in the other engine."""
    translator = (
        build_translator(model.config, latent_channels, lrb=True) if latent_channels else None
    )
    other = make_detector(model.config, "detectron2", translator).eval()
    other.load_weights(model.weights())
    return other


def unmatched(ours: np.ndarray, theirs: np.ndarray) -> int:
    """How many boxes of either list have no equal in the other.

    The order of nearly equal scores may differ.
    """
    distance = np.abs(np.asarray(ours)[:, None] - np.asarray(theirs)[None]).max(-1)
    return int((distance.min(1) > BOX_PX).sum() + (distance.min(0) > BOX_PX).sum())


def assert_equal_detections(
    ours: list[Detections], theirs: list[Detections], share: float = 0.0
) -> None:
    """Equal boxes with equal scores, but for a share of the boxes."""
    for a, b in zip(ours, theirs, strict=True):
        assert unmatched(a.boxes, b.boxes) <= share * (len(a.boxes) + len(b.boxes))
        n = min(len(a.scores), len(b.scores))
        assert np.abs(a.scores[:n] - b.scores[:n]).max(initial=0) < SCORE + share


def assert_equal_engines(a, b, batch: Batch) -> int:
    """Each stage on equal inputs, strictly; then the whole. Returns the number of detections.

    From end to end, features that differ in their last bits may put an IoU on the other side of an
    NMS threshold, which replaces a box by
    its neighbour. Among 1000 random proposals that happens now and then: one box in a hundred is
        let pass there.
    """
    with torch.no_grad():
        ours, theirs = a.features(batch.inputs), b.features(batch.inputs)
        for x, y in zip(ours, theirs, strict=True):
            torch.testing.assert_close(x, y, rtol=1e-3, atol=1e-3 * float(x.std()))
        proposals, others = a.propose(batch, ours), b.propose(batch, ours)
        assert [len(p) for p in proposals] == [len(p) for p in others]
        assert (
            sum(unmatched(x.numpy(), y.numpy()) for x, y in zip(proposals, others, strict=True))
            == 0
        )
        assert_equal_detections(a.refine(batch, ours, proposals), b.refine(batch, ours, proposals))
    found = a.predict(batch)
    assert_equal_detections(found, b.predict(batch), share=0.01)
    return sum(len(d.boxes) for d in found)


@pytest.fixture(scope="module")
def batch():
    return Batch([picture(size, seed) for seed, size in enumerate(SIZES)], SIZES, [])


@pytest.fixture(scope="module", params=["detectron2", "torchvision", "classifier"])
def pair(request, batch):
    """One random detector in the style of a source of weights, in both engines."""
    ours = random_detector(request.param, batch)
    return ours, counterpart(ours)


def test_pixels(pair, batch):
    assert assert_equal_engines(*pair, batch) > 20


def test_grey_images(pair):
    grey = Batch([picture((97, 130))[:1]], [(97, 130)], [])
    assert_equal_engines(*pair, grey)


@pytest.mark.parametrize("size", [(128, 192), (131, 203), (33, 47)])
def test_latents(batch, size):
    teacher = random_detector("detectron2", batch)
    ours = mirror(teacher, build_translator("resnet50", LATENT_CHANNELS, lrb=True)).eval()
    latent = torch.randn(
        1, LATENT_CHANNELS, *(-(-n // 16) for n in size), generator=torch.Generator().manual_seed(2)
    )
    assert_equal_engines(ours, counterpart(ours, LATENT_CHANNELS), Batch(latent, [size], []))
    with torch.no_grad():
        image = teacher.features([picture(size)])
        assert [x.shape for x in image] == [x.shape for x in ours.features(latent)]


def native(config, state):
    """Detectron2's own detector, built by itself from the model zoo's file and Table 3."""
    from detectron2.checkpoint import DetectionCheckpointer
    from detectron2.modeling import build_model

    model = build_model(table_3(config)).eval()
    DetectionCheckpointer(model)._load_model({"model": dict(state)})
    return model


def table_3(config):
    from importlib.resources import files

    from detectron2.config import get_cfg

    cfg = get_cfg()
    cfg.merge_from_file(
        str(
            files("detectron2")
            / "model_zoo"
            / "configs"
            / "COCO-Detection"
            / "faster_rcnn_R_50_FPN_3x.yaml"
        )
    )
    cfg.merge_from_list(
        [
            "MODEL.DEVICE",
            "cpu",
            "MODEL.ANCHOR_GENERATOR.SIZES",
            [[32, 64, 128, 256, 512]],
            "MODEL.ANCHOR_GENERATOR.ASPECT_RATIOS",
            [[0.5, 1.0, 2.0]],
            "MODEL.ROI_HEADS.BATCH_SIZE_PER_IMAGE",
            128,
            "MODEL.ROI_HEADS.NUM_CLASSES",
            1,
            "MODEL.ROI_HEADS.NMS_THRESH_TEST",
            0.5,
            "MODEL.ROI_HEADS.SCORE_THRESH_TEST",
            config.score_threshold,
            "TEST.DETECTIONS_PER_IMAGE",
            config.detections,
        ]
    )
    return cfg


def test_settings_are_the_zoos_and_table_3s():
    from promic_nb.models.detectron2_engine import native_config

    config = CONFIGS["resnet50"]
    ours, theirs = native_config(config), table_3(config)
    assert config.score_threshold == 0.5
    sizes = ours.MODEL.ANCHOR_GENERATOR.SIZES
    assert sizes == theirs.MODEL.ANCHOR_GENERATOR.SIZES * 5  # one list stands on every level
    theirs.MODEL.ANCHOR_GENERATOR.SIZES = sizes
    for part in ("MODEL", "TEST"):
        for key in ("WEIGHTS",):
            theirs[part].pop(key, None), ours[part].pop(key, None)
    for part in (
        "BACKBONE",
        "FPN",
        "PROPOSAL_GENERATOR",
        "ANCHOR_GENERATOR",
        "RPN",
        "ROI_HEADS",
        "ROI_BOX_HEAD",
        "RESNETS",
        "PIXEL_MEAN",
        "PIXEL_STD",
    ):
        assert plain(ours.MODEL[part]) == plain(theirs.MODEL[part]), part
    assert ours.TEST.DETECTIONS_PER_IMAGE == theirs.TEST.DETECTIONS_PER_IMAGE


def plain(value):
    """Lists for tuples, so that both compare."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    return [plain(v) for v in value] if isinstance(value, list | tuple) else value


def test_detectron2_by_itself(batch):
    """Its own preprocessing, padding, meta-architecture and BGR planes."""
    ours = random_detector("detectron2", batch)
    model = native(ours.config, to_detectron2(ours.weights()))
    with torch.no_grad():
        found = model([{"image": x.flip(0)} for x in batch.inputs])
    theirs = [
        Detections(f["instances"].pred_boxes.tensor.numpy(), f["instances"].scores.numpy())
        for f in found
    ]
    assert sum(len(d.boxes) for d in theirs) > 20
    assert_equal_detections(ours.predict(batch), theirs, share=0.01)


def test_a_model_zoo_file(tmp_path, batch):
    """Written in the zoo's layout (a pickle of arrays with an author), read by Detectron2 and by
    us.
    """
    ours = random_detector("detectron2", batch)
    model = native(ours.config, to_detectron2(ours.weights()))
    path = tmp_path / "model_final.pkl"
    extra = {
        "proposal_generator.anchor_generator.cell_anchors.0": np.zeros((15, 4), np.float32),
        "pixel_mean": np.zeros((3, 1, 1), np.float32),
    }
    with path.open("wb") as file:
        pickle.dump(
            {
                "model": {k: v.numpy() for k, v in model.state_dict().items()} | extra,
                "__author__": "Detectron2 Model Zoo",
            },
            file,
        )
    state = from_detectron2(read_state(path))
    own = ours.weights()
    assert set(state) == set(own)
    deltas = {
        f"heads.box_predictor.bbox_pred.{k}" for k in ("weight", "bias")
    }  # the background's are read by nobody
    assert all(torch.equal(state[k], own[k]) for k in set(own) - deltas)
    assert all(torch.equal(state[k][4:], own[k][4:]) for k in deltas)


def test_losses_have_one_scale(batch):
    """With every anchor and proposal sampled, nothing is left to chance; the box losses differ by
    the rounded tip of torchvision's L1.
    """
    boxes = [
        torch.tensor([[10.0, 20, 90, 100], [100, 30, 190, 130]]),
        torch.tensor([[5.0, 5, 60, 64]]),
    ]
    trained = Batch(batch.inputs, batch.sizes, boxes)
    ours = random_detector("detectron2", batch)
    theirs = counterpart(ours)
    a, b = ours.train().losses(trained), theirs.train().losses(trained)
    assert set(a) == set(b)
    assert float(sum(a.values()).detach()) == pytest.approx(
        float(sum(b.values()).detach()), rel=0.2
    )


def test_files_are_read_by_either_engine(tmp_path, batch):
    ours = random_detector("torchvision", batch)
    theirs = counterpart(ours)
    save_weights(theirs, tmp_path / "model.safetensors")
    again = load_detector(tmp_path / "model.safetensors").eval()
    assert again.config == ours.config
    assert_equal_detections(again.predict(batch), theirs.predict(batch), share=0.01)
    with pytest.raises(UserError, match="other settings"):
        load_weights(
            make_detector(CONFIGS["resnet50"], "detectron2"), tmp_path / "model.safetensors"
        )


def test_equal_seeds_start_from_equal_weights():
    a, b = (build_detector("resnet50", seed=3, engine=e) for e in ("torchvision", "detectron2"))
    ours, theirs = a.weights(), b.weights()
    assert all(torch.equal(ours[k], theirs[k]) for k in ours if "box_predictor" not in k)


@pytest.mark.real_data
def test_trained_on_micrographs(tmp_path, lucchi):
    """After some training on real slices, on parts of test slices.

    PROMIC_PARITY_STEPS makes the training longer.
    """
    ids = lucchi.ids("train", 10)
    slices = (
        [lucchi.image("train", i) for i in ids],
        [boxes_from_mask(lucchi.mask("train", i)) for i in ids],
    )
    steps = int(os.environ.get("PROMIC_PARITY_STEPS", "2"))
    model = make_detector(settings("scratch", score_threshold=0.05))
    train_detector(
        model,
        DetectorData(Slices(*slices, slices[0][0].shape), crop=192),
        Solver(steps, 0.005),
        FitOptions(tmp_path, progress=False),
    )
    parts = [
        torch.from_numpy(lucchi.image("test", i)[:192, :253].copy())[None].float()
        for i in lucchi.ids("test", 80)
    ]
    assert_equal_engines(
        model.eval(), counterpart(model), Batch(parts, [(192, 253)] * len(parts), [])
    )


def test_only_resnet_50():
    with pytest.raises(UserError, match="no backbone 'small'"):
        build_detector("small", engine="detectron2")


def test_frozen_and_mirrored(batch):
    teacher = counterpart(random_detector("detectron2", batch))
    assert not any(p.requires_grad for p in teacher.front.parameters())
    student = mirror(teacher, build_translator("resnet50", 128, lrb=False))
    assert all(p.requires_grad for p in student.front.parameters())
    assert student.engine == "detectron2"
    losses = student.train().losses(
        Batch(torch.randn(1, 128, 8, 8), [(128, 128)], [torch.tensor([[10.0, 10, 60, 60]])])
    )
    sum(losses.values()).backward()
    assert all(torch.isfinite(p.grad).all() for p in student.front.parameters())
    assert settings("detectron2").frozen_stages == 2
