"""The networks of document 004 against its Table 1, the rate term in closed form, accuracy and mIoU
against values by hand.
"""

import copy
import math

import numpy as np
import pandas as pd
import pytest
import torch
import torchvision

from promic_nb.datasets.pictures import Pictures, open_pictures
from promic_nb.studies.latent_learning.codec import (
    CompressionNetworks,
    crops,
    entropy_bits,
    entropy_bpp,
    rate_term,
    train_compression,
)
from promic_nb.studies.latent_learning.experiments import (
    TRAINING,
    Experiment,
    Setting,
    classification,
    large_sides,
    run_experiments,
)
from promic_nb.studies.latent_learning.learner import build_learner, counted_layers
from promic_nb.studies.latent_learning.learners.up_scale import up_scale
from promic_nb.studies.latent_learning.learning import Received, batches, train_learner
from promic_nb.studies.latent_learning.pictures import original_size
from promic_nb.studies.latent_learning.registry import LEARNERS
from promic_nb.studies.latent_learning.statistics import channel_statistics, rates
from promic_nb.studies.latent_learning.tables import comparable, correlations, gains
from promic_nb.studies.latent_learning.testing import accuracy, mean_iou, predict
from promic_nb.training.options import FitOptions, Schedule


@pytest.fixture(scope="module")
def codec():
    torch.manual_seed(0)
    return CompressionNetworks(width=8, channels=64).eval().requires_grad_(False)


@pytest.mark.parametrize(
    ("name", "layers"),
    [("resnet41", 41), ("mobilenetv2_45", 45), ("resnet49", 49), ("resnet50", 50)],
)
def test_layers_are_as_many_as_the_names_say(name, layers):
    assert (
        counted_layers(
            build_learner(name, 256 if LEARNERS[name].scale == 16 else 3, 1000, width=0.125)
        )
        == layers
    )


@pytest.mark.parametrize(
    ("name", "peer"), [("resnet50", "resnet50"), ("mobilenetv2", "mobilenet_v2")]
)
def test_pixel_networks_are_torchvisions(name, peer):
    ours, theirs = build_learner(name, 3, 1000), getattr(torchvision.models, peer)(weights=None)
    assert sorted(tuple(p.shape) for p in ours.parameters()) == sorted(
        tuple(p.shape) for p in theirs.parameters()
    )


def test_resnet41_ends_like_resnet50():
    """Table 1a: after the up-scaling come the stages of ResNet-50, but for the first stride."""
    ours, theirs = build_learner("resnet41", 256, 1000), torchvision.models.resnet50(weights=None)
    stages = [p.shape for stage in ours.features[1:] for p in stage.parameters()]
    assert stages == [
        p.shape
        for stage in (theirs.layer2, theirs.layer3, theirs.layer4)
        for p in stage.parameters()
    ]


@pytest.mark.parametrize("name", ["resnet41", "mobilenetv2_45"])
def test_sizes_follow_table_1(name):
    """A 224 x 224 picture: 14 x 14 latent, 28 x 28 after up-scaling, 7 x 7 (w/32) in the end."""
    network = build_learner(name, 256, 10, width=0.125).eval()
    z = torch.zeros(1, 256, 14, 14)
    assert network.features[0](z).shape[-2:] == (28, 28)
    assert network.features(z).shape[-2:] == (7, 7)
    assert network(torch.zeros(1, 256, 5, 9)).shape == (1, 10)  # any size


def test_resnet49_is_resnet50_behind_its_pooling():
    """Section 4.6: an 896 x 896 picture has a 56 x 56 latent, as large as what the stages of
    ResNet-50 see of 224 x 224.
    """
    ours, theirs = build_learner("resnet49", 64, 1000), torchvision.models.resnet50(weights=None)
    stages = [
        p.shape
        for stage in (theirs.layer1, theirs.layer2, theirs.layer3, theirs.layer4)
        for p in stage.parameters()
    ]
    assert [p.shape for p in ours.features.parameters()] == stages
    assert ours.features(torch.zeros(1, 64, 56, 56)).shape[-2:] == (7, 7)


@pytest.mark.parametrize(
    ("inputs", "name", "size"), [(256, "resnet41", (4, 6)), (3, "resnet50", (64, 96))]
)
def test_segmenters_answer_for_each_pixel(inputs, name, size):
    network = build_learner(name, inputs, 3, width=0.125, dense=True).eval()
    assert network.features(torch.zeros(1, inputs, *size)).shape[-2:] == (
        8,
        12,
    )  # an eighth of the pixels
    assert network(torch.zeros(1, inputs, *size)).shape == (1, 3, 64, 96)


def test_up_scaling_fills_odd_channel_counts():
    assert up_scale(30, 5).eval()(torch.zeros(2, 30, 3, 4)).shape == (2, 5, 6, 8)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1.0, -1.0], 0.0),
        ([0.0, 2.0, 4.0, 6.0], math.log(5)),
        ([3.0 * math.e, -3.0 * math.e], 2 + math.log(9)),
    ],
)
def test_the_rate_term_in_closed_form(values, expected):
    assert float(rate_term(torch.tensor(values))) == pytest.approx(expected, rel=1e-6)


def test_the_rate_term_grows_with_the_square_of_the_scale():
    z = torch.randn(4, 8, 3, 3, generator=torch.Generator().manual_seed(0))
    assert float(rate_term(10 * z + 5) - rate_term(z)) == pytest.approx(2 * math.log(10), rel=1e-5)
    leaf = z.clone().requires_grad_()
    rate_term(leaf).backward()
    n, centred = z.numel(), z - z.mean()
    torch.testing.assert_close(leaf.grad, 2 * centred / (n * z.var(correction=0)))  # d log var / dz


def test_entropy_of_a_gaussian_is_half_the_rate_term_and_a_constant():
    """Theorem 8.3.1 of Cover and Thomas, which section 3.3 stands on: H = log2(e)/2 (log(2 pi e) +
    log sigma^2) at step 1.
    """
    for sigma in (2.0, 5.0, 20.0):
        z = np.round(np.random.default_rng(0).normal(0, sigma, 400_000))
        term = float(rate_term(torch.from_numpy(z)))
        assert entropy_bits(z) == pytest.approx(
            (math.log(2 * math.pi * math.e) + term) / 2 / math.log(2), abs=0.005
        )


def test_entropy_is_the_rate_of_256_channels():
    z = np.zeros((256, 2, 2))
    z[:128] = 1
    assert entropy_bits(z) == pytest.approx(1)
    assert entropy_bpp(z) == pytest.approx(1)
    assert entropy_bpp(z[64:192]) == pytest.approx(0.5)  # half the channels, half the values
    assert entropy_bits(np.zeros(5)) == 0


def test_noise_keeps_the_rate_term_above_a_twelfth(tmp_path):
    """Without noise the loss would fall without end as the features shrink: here nothing but the
    rate counts.
    """
    train_compression(
        open_pictures("gratings").train,
        Schedule(steps=12, batch=2),
        FitOptions(tmp_path, progress=False),
        beta=1e-9,
        width=4,
        crop=32,
    )
    log = pd.read_csv(tmp_path / "metrics.csv")
    assert log.log_variance.min() > math.log(1 / 12) - 0.05
    assert log.log_variance.iloc[-1] == pytest.approx(math.log(1 / 12), abs=0.3)


def test_latents_are_whole_numbers_of_a_sixteenth(codec):
    z = codec.latent(torch.rand(2, 3, 48, 32))
    assert z.shape == (2, 64, 3, 2) and torch.equal(z, z.round())
    assert codec.decode(z).shape == (2, 3, 48, 32)


def test_training_lowers_the_loss(tmp_path):
    samples = open_pictures("gratings").train[:1]
    train_compression(
        samples,
        Schedule(steps=40, batch=2, learning_rate=1e-2),
        FitOptions(tmp_path, progress=False),
        beta=5000,
        width=8,
        crop=32,
    )
    log = pd.read_csv(tmp_path / "metrics.csv")
    assert log.loss.iloc[-3:].mean() < 0.8 * log.loss.iloc[:3].mean()


def test_a_minibatch_has_one_size_and_the_next_another():
    samples = open_pictures("gratings").train
    drawn = iter(batches(samples, (32, 96), 3, seed=0))
    sides = [next(drawn)[0].shape for _ in range(20)]
    assert all(s[:2] == (3, 3) and s[2] == s[3] and s[2] % 16 == 0 for s in sides)
    assert {s[2] for s in sides} == {32, 48, 64, 80, 96}
    assert next(iter(batches(samples, (64, 64), 3, seed=0)))[0].shape == (3, 3, 64, 64)


def test_masks_are_flipped_with_their_pictures():
    image = np.zeros((32, 32, 3), np.uint8)
    image[:16, :10] = 255
    drawn = iter(batches([(image, (image[..., 0] > 0).astype(np.uint8))], (32, 32), 8, seed=1))
    x, masks = next(drawn)
    assert torch.equal((x[:, 0] > 0.5).long(), masks)
    assert len({int(m[0, 0]) for m in masks}) == 2  # some are flipped


def test_original_sizes_become_whole_blocks():
    assert original_size(np.zeros((50, 23, 3), np.uint8)).shape == (1, 3, 48, 16)


def test_learners_get_the_chosen_channels_only(codec):
    x = torch.rand(1, 3, 32, 32)
    torch.testing.assert_close(Received(codec, "latent", [3, 60])(x), codec.latent(x)[:, [3, 60]])
    assert Received(codec, "reconstruction")(x).shape == (1, 3, 32, 32)


def test_accuracy_by_hand():
    scores = [
        torch.tensor(row)
        for row in ([9.0, 1, 1, 1, 1, 1, 0], [0.0, 6, 5, 4, 3, 2, 1], [0.0, 1, 2, 3, 4, 5, 6])
    ]
    assert accuracy(scores, [0, 5, 0]) == pytest.approx({"top1": 1 / 3, "top5": 2 / 3})
    assert math.isnan(accuracy([torch.tensor([1.0, 0.0])], [0])["top5"])


def test_mean_iou_by_hand():
    """Class 0: 3 common of 5; class 1: 2 of 4; class 2 nowhere; one void pixel."""
    masks = [np.array([[0, 0, 0], [0, 1, 1]], np.uint8), np.array([[1, 255]], np.uint8)]
    answers = [torch.tensor([[0, 0, 0], [1, 1, 1]]), torch.tensor([[0, 2]])]
    scores = [torch.nn.functional.one_hot(a, 3).permute(2, 0, 1).float() for a in answers]
    assert mean_iou(scores, masks, 3) == pytest.approx((3 / 5 + 2 / 4) / 2)


def test_rates_and_channels(codec):
    samples = open_pictures("gratings").test[:4]
    for bpp, log_variance, psnr in rates(codec, samples):
        assert 0 <= bpp <= 8 and psnr > 0 and (math.isnan(log_variance) or log_variance < 20)
    variance, entropy = channel_statistics(codec, samples)
    assert variance.shape == entropy.shape == (64,)
    assert ((entropy > 0) >= (variance > 0)).all()  # what varies has entropy


def test_which_learners_the_tables_need():
    found = classification(["resnet41", "mobilenetv2_45"])
    assert len(found) == len(set(found)) == 10
    assert (
        Experiment("resnet41", "latent", "variable", 32) in found
        and Experiment("mobilenetv2", "reconstruction", "smallest") in found
    )


@pytest.fixture(scope="module")
def learned(codec, tmp_path_factory):
    pictures = open_pictures("gratings")
    some = Pictures("gratings", pictures.classes, pictures.train[:20], pictures.test[:10])
    plan = [
        Experiment("resnet50", "reconstruction", "smallest"),
        Experiment("resnet41", "latent", "variable", 16),
    ]
    return run_experiments(
        plan,
        some,
        codec,
        Setting(sides=(32, 48), width=0.125),
        Schedule(steps=1, batch=2, learning_rate=0.01),
        FitOptions(tmp_path_factory.mktemp("learners"), progress=False),
    )


def test_each_learner_is_tested_at_both_sizes(learned):
    assert len(learned) == 2 * 2 * 2  # learners, tests, metrics
    assert learned.value.between(0, 1).all()
    assert set(learned.features) == {256, 16}


def test_large_pictures_have_the_papers_sides():
    assert large_sides((224, 448)) == (672, 1120)
    assert TRAINING["middle"](672, 1120) == (896, 896)


def test_large_pictures_are_tested_enlarged(codec, tmp_path):
    pictures = open_pictures("gratings")
    some = Pictures("gratings", pictures.classes, pictures.train[:4], pictures.test[:5])
    found = run_experiments(
        [Experiment("resnet49", "latent", "middle", 16)],
        some,
        codec,
        Setting(sides=(32, 48), width=0.125, enlarged=3),
        Schedule(steps=1, batch=2, learning_rate=0.01),
        FitOptions(tmp_path, progress=False),
    )
    assert set(found.tested) == {"enlarged"} and set(found.metric) == {"top1", "top5"}
    assert original_size(np.zeros((50, 23, 3), np.uint8), 3).shape == (1, 3, 144, 64)


def test_table_2_compares_latents_at_original_sizes_with_reconstructions_at_the_fixed_size():
    rows = [
        ("latent", "original", 256, "top1", True),
        ("latent", "fixed", 256, "top1", False),
        ("reconstruction", "fixed", 256, "top1", True),
        ("reconstruction", "original", 256, "top1", False),
        ("latent", "original", 16, "top1", False),
        ("latent", "original", 256, "top5", False),
    ]
    table = pd.DataFrame(rows, columns=["domain", "tested", "features", "metric", "compared"])
    assert comparable(table).index.tolist() == table[table.compared].index.tolist()


def test_gains_are_differences_of_top1():
    rows = []
    for rate, base in (("low", 0.5), ("high", 0.7)):
        for network, domain, training, features, tested, value in (
            ("resnet41", "latent", "variable", 256, "original", base),
            ("resnet41", "latent", "smallest", 256, "original", base - 0.04),
            ("resnet41", "latent", "largest", 256, "original", base - 0.03),
            ("resnet50", "reconstruction", "smallest", 256, "fixed", base + 0.01),
            ("resnet41", "latent", "variable", 16, "original", base + 0.02),
            ("resnet49", "latent", "variable", 256, "enlarged", base),
            ("resnet49", "latent", "middle", 256, "enlarged", base - 0.05),
        ):
            rows.append(
                dict(
                    rate=rate,
                    network=network,
                    domain=domain,
                    training=training,
                    features=features,
                    tested=tested,
                    metric="top1",
                    value=value,
                )
            )
    found = gains(pd.DataFrame(rows)).set_index(["comparison", "rate"]).gain_pp
    assert found["latent - reconstruction", "low"] == pytest.approx(-1)
    assert found["variable - smallest", "mean"] == pytest.approx(4)
    assert found["variable - largest", "high"] == pytest.approx(3)
    assert found["16 features - all", "low"] == pytest.approx(2)
    assert found["variable - middle", "low"] == pytest.approx(5) and found[
        "variable - middle", "mean"
    ] == pytest.approx(5)


def test_correlation_of_a_line_is_one():
    pictures = pd.DataFrame(
        {"rate": ["a", "a", "b", "b"], "log_variance": [0.0, 1, 2, np.nan], "bpp": [1.0, 3, 5, 0]}
    )
    channels = pd.DataFrame(
        {"rate": "a", "variance": [0.0, 1.0, math.e, math.e**2], "entropy_bits": [7.0, 1, 2, 3]}
    )
    found = correlations(pictures, channels).set_index(["over", "rate"]).correlation
    assert found["pictures", "all"] == pytest.approx(1)
    assert found["channels", "a"] == pytest.approx(1)  # a channel without variance does not count


@pytest.mark.parametrize("change", ["codec", "channels"])
def test_a_checkpoint_behind_another_codec_is_not_resumed(codec, tmp_path, change):
    """`fit` resumes where its note of the cause is unchanged."""
    other = copy.deepcopy(codec)
    other.compress[-1].bias += 1
    causes = []
    changed = (
        Received(other, "latent", [0, 1, 2, 3])
        if change == "codec"
        else Received(codec, "latent", [4, 5, 6, 7])
    )
    for given in (Received(codec, "latent", [0, 1, 2, 3]), changed):
        model = build_learner("resnet41", 4, 10, width=0.0625)
        train_learner(
            model,
            given,
            open_pictures("gratings").train,
            (32, 32),
            Schedule(steps=1, batch=2, learning_rate=0.01),
            FitOptions(tmp_path, progress=False),
        )
        causes.append((tmp_path / "training.sha256").read_text())
    assert causes[0] != causes[1]


def test_predictions_take_pictures_of_any_size(codec):
    model = build_learner("resnet41", 64, 3, width=0.125)
    samples = [(np.zeros((h, 40, 3), np.uint8), 0) for h in (33, 64)]
    assert [s.shape for s in predict(model, Received(codec, "latent"), samples)] == [(3,), (3,)]


def test_crops_enlarge_small_pictures():
    assert next(iter(crops([(np.zeros((20, 40, 3), np.uint8), 0)], 48, 0))).shape == (3, 48, 48)
