"""The networks of document 001 against its tables, its losses by hand, and what each training
leaves alone.
"""

import os
from pathlib import Path

import pandas as pd
import pytest
import torch
from torch import nn

from promic_nb.datasets.pictures import open_pictures
from promic_nb.errors import UserError
from promic_nb.studies.multitask.codec import LAYER4_CHANNELS, luma, prepared, start_codec
from promic_nb.studies.multitask.evaluation import (
    accuracy,
    cosine_distances,
    face_metrics,
    identified,
    reconstruction_mse,
)
from promic_nb.studies.multitask.faces import LOSSES, PARTS, FaceSystem
from promic_nb.studies.multitask.frameworks import adapt_codec, train_classifier, train_jointly
from promic_nb.studies.multitask.mobilefacenet import (
    MobileFaceNet,
    load_teacher,
    untrained_teacher,
)
from promic_nb.studies.multitask.networks import (
    ON_LATENT,
    ON_LAYER4,
    centre_crop,
    classifier,
    facenet,
    network_sizes,
    supnet,
)
from promic_nb.training.fit import digest
from promic_nb.training.options import FitOptions, Schedule

ROOT = Path(__file__).parents[2]


def weights_of_convolutions(rows, inputs):
    """Parameters of convolutions with bias and batch norm, by their definition."""
    total = 0
    for channels, side in rows:
        total, inputs = total + inputs * channels * side * side + 3 * channels, channels
    return total


@pytest.mark.parametrize(
    ("rows", "inputs", "printed"), [(ON_LATENT, 220, 1.8e6), (ON_LAYER4, 480, None)]
)
def test_classifiers_have_the_layers_of_tables_42_and_44(rows, inputs, printed):
    count = sum(p.numel() for p in classifier(inputs, rows).parameters())
    assert count == weights_of_convolutions(rows, inputs) + (rows[-1][0] + 1) * 10
    if printed:
        assert count == pytest.approx(printed, rel=0.05)


def test_supnet_and_facenet_have_the_layers_of_tables_54_and_55():
    for network, channels in (
        (supnet(220), [220, 700, 500, 400, 300, 220]),
        (facenet(220), [220, 400, 360, 240, 120, 60, 3]),
    ):
        convolutions = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
        assert [m.in_channels for m in convolutions] == channels[:-1] and [
            m.out_channels for m in convolutions
        ] == channels[1:]
        assert all(m.kernel_size == (3, 3) for m in convolutions)


def test_sizes_of_the_latent_tasks():
    y = torch.zeros(1, 160, 4, 4)
    assert supnet(160, 0.1).eval()(y).shape == (1, 160, 8, 8)
    assert facenet(160, 0.1).eval()(y).shape == (1, 3, 128, 128)  # 32 times, as Table 5.5
    assert classifier(160, ON_LATENT, 10, 0.1).eval()(y).shape == (1, 10)
    crop = centre_crop(torch.arange(128.0).expand(1, 3, 128, 128))
    assert crop.shape[-2:] == (112, 112) and crop[0, 0, 0, 0] == 8


def test_the_teacher_is_mobilefacenet():
    """Table 5.2, row by row: stride-2 convolution, depthwise one, 15 bottlenecks, 512, 7x7
    depthwise, 128.
    """
    net = MobileFaceNet().eval()
    assert sum(p.numel() for p in net.parameters()) == 999_936
    assert (
        sum(v.numel() for v in net.state_dict().values()) == 1_019_699
    )  # of the published file, statistics and counters included
    sizes = []
    for block in net.features:
        block.register_forward_hook(lambda m, i, o: sizes.append(tuple(o.shape[1:])))
    assert net(torch.zeros(2, 3, 112, 112)).shape == (2, 128)
    assert sizes == 5 * [(64, 28, 28)] + 7 * [(128, 14, 14)] + 3 * [(128, 7, 7)]


@pytest.fixture(scope="module")
def shared():
    """The folder beside the project that holds faces and the teacher's weights, or a skip."""
    folder = Path(os.environ.get("PROMIC_SHARED", ROOT.parent / "shared" / "data"))
    if not (folder / "mobilefacenet").is_dir():
        pytest.skip(
            "no faces and MobileFaceNet weights: set PROMIC_SHARED, or put them in ../shared/data"
        )
    return folder


def test_the_teacher_recognizes_people(shared):
    """The real weights fit the network: nine of ten unseen faces of ORL find their person;
    untrained ones find fewer.
    """
    faces, people = prepared(open_pictures("orl", shared / "faces-orl").test[:50], 112)
    trained, untrained = (
        load_teacher(shared / "mobilefacenet" / "mobilefacenet.pt"),
        untrained_teacher(faces),
    )
    with torch.inference_mode():
        good, bad = (
            identified(t(faces.expand(-1, 3, -1, -1)), people) for t in (trained, untrained)
        )
    assert good > 0.95 > bad


@pytest.mark.parametrize(
    ("content", "message"), [(None, "do not exist"), (b"no weights", "does not hold MobileFaceNet")]
)
def test_a_wrong_teacher_is_named(tmp_path, content, message):
    path = tmp_path / "teacher.pt"
    if content:
        path.write_bytes(content)
    with pytest.raises(UserError, match=message):
        load_teacher(path)


def test_another_networks_weights_are_refused(tmp_path):
    torch.save(nn.Linear(2, 2).state_dict(), tmp_path / "linear.pt")
    with pytest.raises(UserError, match="does not hold MobileFaceNet"):
        load_teacher(tmp_path / "linear.pt")


@pytest.fixture(scope="module")
def codec():
    return start_codec(0.02)


def test_the_codec_begins_with_the_shipped_weights(codec):
    encoder, decoder = codec
    x = prepared(open_pictures("drawn_faces").test[:2], 64)[0]
    assert encoder(x).shape == (2, encoder.channels, 4, 4)
    assert encoder.layer4(x).shape == (2, LAYER4_CHANNELS, 8, 8)
    assert (
        reconstruction_mse(encoder, decoder, x) < 0.01
    )  # trained on micrographs, it reconstructs drawn faces


def test_luma_is_the_middle_square():
    image = torch.zeros(40, 20, 3, dtype=torch.uint8).numpy()
    image[10:30] = 255
    assert luma(image, 16).shape == (1, 16, 16) and float(luma(image, 16).min()) == pytest.approx(1)


def test_measures_by_hand():
    assert accuracy(torch.tensor([[1.0, 0], [1, 0]]), torch.tensor([0, 1])) == 0.5
    e = torch.tensor([[1.0, 0], [2, 0.1], [0, 1], [-0.1, 3]])
    assert identified(e, torch.tensor([0, 0, 1, 1])) == 1
    assert identified(e, torch.tensor([0, 1, 0, 1])) == 0
    x = torch.rand(3, 1, 4, 4)
    assert cosine_distances(nn.Identity(), nn.Identity(), x).abs().max() < 1e-6
    torch.testing.assert_close(
        cosine_distances(nn.Identity(), lambda p: -p, x), torch.full((3,), 2.0)
    )


def test_the_decoder_stays_frozen_and_the_rest_learns(tmp_path):
    encoder, decoder = start_codec(0.02)
    x, classes = prepared(open_pictures("gratings").train[:4], 32)
    short = Schedule(steps=1, batch=2, learning_rate=1e-4)
    options = FitOptions(tmp_path, progress=False)
    before = digest(decoder)
    adapt_codec(encoder, decoder, x, short, options.below("codec"))
    fixed = digest(decoder)
    assert fixed != before
    first = digest(encoder)
    head, other = (
        classifier(160, ON_LATENT, 10, 0.05),
        classifier(LAYER4_CHANNELS, ON_LAYER4, 10, 0.05),
    )
    train_classifier(encoder, other, x, classes, short, options.below("two"))
    assert digest(encoder) == first
    train_jointly(encoder, head, decoder, x, classes, short, options.below("one"))
    assert digest(encoder) != first and digest(decoder) == fixed


@pytest.fixture(scope="module")
def system():
    torch.manual_seed(0)
    encoder, decoder = start_codec(0.02)
    return FaceSystem(
        encoder,
        decoder,
        supnet(160, 0.05),
        facenet(160, 0.05),
        untrained_teacher(prepared(open_pictures("drawn_faces").train[:8], 112)[0]),
    )


def test_the_three_part_loss_is_the_mean_of_its_parts(system, tmp_path):
    """Eq. 5.4 with all weights 1/3."""
    x = prepared(open_pictures("drawn_faces").train[:4], 128)[0]
    system.train_parts(
        PARTS,
        LOSSES,
        x,
        Schedule(steps=1, batch=2, learning_rate=1e-9),
        FitOptions(tmp_path, progress=False),
    )
    row = pd.read_csv(tmp_path / "metrics.csv").iloc[0]
    assert row.loss == pytest.approx(row.mse + row.mse_hr + row.cosine, rel=1e-5)
    with torch.no_grad():
        whole = system.losses(x)
    assert 0 < 3 * row.mse < 0.01 and 0 <= 3 * row.cosine <= 2 and float(whole["mse"]) < 0.01


def test_one_part_learns_at_a_time(system, tmp_path):
    x = prepared(open_pictures("drawn_faces").train[:4], 128)[0]
    before = {name: digest(m) for name, m in system.named_children()}
    system.train_parts(
        ["facenet"],
        ["cosine"],
        x,
        Schedule(steps=1, batch=2),
        FitOptions(tmp_path, progress=False),
    )
    changed = {name for name, m in system.named_children() if digest(m) != before[name]}
    assert changed == {"facenet"}


def test_face_metrics_name_all_three_tasks(system):
    faces, people = prepared(open_pictures("drawn_faces").test[:4], 128)
    found = face_metrics(system, faces, people)
    assert {
        "mse",
        "mse_hr",
        "cosine",
        "mse_hr_bicubic",
        "identified_originals",
        "identified_reconstructions",
        "identified_facenet",
    } == set(found)
    small = FaceSystem.halved(faces)
    assert found["mse"] == pytest.approx(
        reconstruction_mse(system.encoder, system.decoder, small), rel=1e-4
    )


def test_parameter_table():
    table = network_sizes().set_index(["network", "latent"]).parameters_m
    assert table["classifier on the latent", "thesis"] == pytest.approx(1.876, abs=1e-3)
    assert table["classifier on layer 4", "thesis"] == pytest.approx(
        8.728, abs=1e-3
    )  # printed: 10.0
