import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from promic_nb.errors import UserError
from promic_nb.models.build import build_detector, build_translator, mirror
from promic_nb.models.inputs import Batch
from promic_nb.models.weights import load_weights, save_weights


@pytest.fixture(scope="module")
def pixels():
    return build_detector("small").eval()


@pytest.fixture(scope="module")
def latents(pixels):
    return mirror(pixels, build_translator("small", 160, lrb=True)).eval()


@pytest.mark.parametrize("size", [(128, 192), (100, 75), (65, 64)])
def test_pyramids_of_pixels_and_latents_have_one_shape(pixels, latents, size):
    image = torch.zeros(1, 1, *size)
    latent = torch.zeros(1, 160, *(-(-n // 16) for n in size))
    with torch.no_grad():
        shapes = [
            [x.shape[-2:] for x in m.features(x)] for m, x in ((pixels, image), (latents, latent))
        ]
    assert shapes[0] == shapes[1]
    padded = [-(-n // 32) * 32 for n in size]
    assert shapes[0] == [tuple(-(-n // stride) for n in padded) for stride in (4, 8, 16, 32, 64)]


def test_boxes_stay_inside_the_image(pixels):
    found = pixels.predict(Batch(torch.rand(1, 1, 100, 75) * 255, [(100, 75)], []))[0]
    assert found.boxes.shape == (len(found.scores), 4)
    if len(found.boxes):
        assert found.boxes[:, 0::2].max() <= 75 and found.boxes[:, 1::2].max() <= 100
        assert (np.diff(found.scores) <= 0).all()


def test_losses_are_the_four_of_faster_rcnn(pixels):
    model = build_detector("small").train()
    boxes = [torch.tensor([[10.0, 10, 60, 60]]), torch.zeros(0, 4)]
    losses = model.losses(Batch(torch.rand(2, 1, 128, 128) * 255, [(128, 128)] * 2, boxes))
    assert set(losses) == {"loss_objectness", "loss_rpn_box_reg", "loss_classifier", "loss_box_reg"}
    sum(losses.values()).backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


def test_mirror_keeps_the_teacher_behind_the_translator(pixels, latents):
    teacher, student = pixels.state_dict(), latents.state_dict()
    shared = [k for k in teacher if not k.startswith("front.")]
    assert shared and all(torch.equal(teacher[k], student[k]) for k in shared)
    assert not any(k.startswith("front.layers") for k in student)


def test_saved_weights_are_restored(tmp_path, pixels):
    save_weights(pixels, tmp_path / "model.safetensors")
    other = load_weights(build_detector("small", seed=1), tmp_path / "model.safetensors")
    assert all(torch.equal(v, other.state_dict()[k]) for k, v in pixels.state_dict().items())


def test_weights_of_another_model_are_refused(tmp_path, pixels, latents):
    save_weights(latents, tmp_path / "latent.safetensors")
    with pytest.raises(UserError, match=r"holds another model \(first wrong tensor: front"):
        load_weights(build_detector("small"), tmp_path / "latent.safetensors")
    torch.save({"a": 1}, tmp_path / "pickle.safetensors")
    with pytest.raises(UserError, match="not a whole safetensors file"):
        load_weights(build_detector("small"), tmp_path / "pickle.safetensors")
    save_file(
        {k: v[:1] for k, v in pixels.state_dict().items() if v.ndim}, tmp_path / "cut.safetensors"
    )
    with pytest.raises(UserError, match="another model"):
        load_weights(build_detector("small"), tmp_path / "cut.safetensors")


def test_table_3_gives_fifteen_anchors_a_position():
    detector = build_detector("resnet50")
    assert detector.rpn.anchor_generator.num_anchors_per_location() == [15] * 5
    assert detector.heads.score_thresh == detector.heads.nms_thresh == 0.5


def test_unknown_configuration():
    with pytest.raises(UserError, match="Choose one of small, resnet50"):
        build_detector("large")
