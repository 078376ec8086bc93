"""Networks against Table 4, losses in closed form, restored images against what they must be."""

import io

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from promic_nb.datasets.cells import draw_cell, open_cells, write_phantom_cells
from promic_nb.errors import UserError
from promic_nb.studies.deblocking.jpeg import jpeg, storage_table
from promic_nb.studies.deblocking.losses import build_loss
from promic_nb.studies.deblocking.losses.high_frequency import HighFrequency
from promic_nb.studies.deblocking.losses.perceptual import Perceptual
from promic_nb.studies.deblocking.network import (
    build_network,
    model_names,
    parameter_count,
    parameter_table,
)
from promic_nb.studies.deblocking.registry import NETWORKS
from promic_nb.studies.deblocking.restore import centre, distances, measure, restore
from promic_nb.studies.deblocking.results import lowest_quality, outliers, summary
from promic_nb.studies.deblocking.training import pairs, train_deblocker
from promic_nb.training.options import FitOptions, Schedule


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    return open_cells(
        write_phantom_cells(tmp_path_factory.mktemp("cells") / "some", count=10, side=64)
    )


@pytest.mark.parametrize(
    ("name", "published", "percent"),
    [
        ("unet", 888_003, 0.4),
        ("resnet", 114_691, 0),
        ("jjnet", 244_771, 0),
        ("dense_unet", 198_115, 0.3),
        ("xception", 11_183, 0),
        ("memnet", 84_403, 0),
    ],
)
def test_parameters_are_those_of_table_4(name, published, percent):
    assert NETWORKS[name].published == published
    assert parameter_count(build_network(name)) == pytest.approx(published, rel=percent / 100)


def test_the_parameter_table_compares_with_the_print():
    table = parameter_table().set_index("network")
    assert list(table.index) == list(NETWORKS)
    assert table.parameters["unet"] == 890_827
    assert table.difference_percent["unet"] == pytest.approx(100 * (890_827 / 888_003 - 1))
    assert table.difference_percent["jjnet"] == 0 and np.isnan(table.published["densenet"])


def test_models_are_named_by_network_quality_and_loss():
    models = [("jjnet", "75", "mse"), ("resnet_yuv", "random", "mae")]
    table = pd.DataFrame(models, columns=["network", "trained_on", "loss"])
    assert model_names(table) == ["JJNet-75", "ResNetYUV-random, mae"]


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_starts_as_the_identity_and_learns_in_all_its_layers(name):
    network = build_network(name)
    image = torch.rand(2, 3, 34, 45)
    assert torch.equal(network(image), image)
    for p in network.parameters():
        torch.nn.init.normal_(p, std=0.1)
    network(image).square().sum().backward()
    assert all(p.grad is not None and p.grad.any() for p in network.parameters())


def test_tanh_holds_the_predicted_noise_within_one():
    network = build_network("jjnet_tanh")
    for p in network.parameters():
        torch.nn.init.normal_(p, std=1.0)
    image = torch.rand(1, 3, 16, 16)
    assert 0.5 < (network(image) - image).abs().max() <= 1 + 1e-6
    assert parameter_count(network) == NETWORKS["jjnet"].published


def test_initial_weights_follow_the_seed():
    a, b, c = (next(build_network("jjnet", seed).parameters()) for seed in (0, 0, 1))
    assert torch.equal(a, b) and not torch.equal(a, c)


def test_a_constant_error_has_no_high_frequency():
    target = torch.rand(1, 3, 20, 20)
    assert HighFrequency()(target + 0.1, target).item() == pytest.approx(0.01 * 0.1, rel=1e-4)


def test_high_frequency_of_an_impulse():
    """A residual of 1 at one sample: h_f = (1 - k0 + sum of the other weights) / M
    = 2 (1 - k0) / M.
    """
    target, prediction = torch.zeros(1, 3, 31, 31), torch.zeros(1, 3, 31, 31)
    prediction[0, 1, 15, 15] = 1
    weights = np.exp(-(np.arange(-3, 4) ** 2) / 18)
    k0 = 1 / weights.sum() ** 2
    expected = 0.99 * 2 * (1 - k0) / (3 * 25**2) + 0.01 / (3 * 31**2)
    assert HighFrequency()(prediction, target).item() == pytest.approx(expected, rel=1e-5)


def test_perceptual_loss_mixes_features_and_mae():
    loss = build_loss("perceptual")
    target, prediction = torch.rand(1, 3, 64, 64), torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        assert loss.maps(target).shape == (1, 512, 2, 2)  # 6 x 6 for 192 x 192
        structure = (loss.maps(prediction) - loss.maps(target)).abs().mean()
        assert loss(prediction, target).item() == pytest.approx(
            (0.9 * structure + 0.1 * (prediction - target).abs().mean()).item(), rel=1e-5
        )
        assert loss(target, target) == 0
    assert not any(p.requires_grad for p in loss.parameters()) and isinstance(loss, Perceptual)


def test_a_missing_backbone_is_named(monkeypatch):
    import torchvision

    def offline(**_):
        raise OSError("no route to host")

    monkeypatch.setattr(torchvision.models, "vgg16", offline)
    with pytest.raises(UserError, match="could not be downloaded"):
        build_loss("perceptual", "imagenet")


@pytest.mark.parametrize(("build", "name"), [(build_network, "vgg"), (build_loss, "ssim")])
def test_unknown_names_are_refused(build, name):
    with pytest.raises(UserError, match=f"{name}.*Choose one of"):
        build(name)


def test_metrics_in_closed_form():
    original = np.random.default_rng(0).integers(20, 200, (40, 40, 3), dtype=np.uint8)
    found = measure(original, original + 10)
    assert found["mae"] == pytest.approx(10 / 255) and found["mse"] == pytest.approx(
        (10 / 255) ** 2
    )
    assert found["psnr_db"] == pytest.approx(20 * np.log10(25.5))
    assert measure(original, original) == {"mae": 0, "mse": 0, "psnr_db": 100, "ssim": 1}


def test_storage_is_that_of_pillow():
    images = [draw_cell(np.random.default_rng(i), 64) for i in range(3)]
    table = storage_table(images, [75, 50]).set_index("quality")
    sizes = []
    for image in images:
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, "JPEG", quality=50)
        sizes.append(len(buffer.getvalue()))
    assert table.mean_kb[50] == pytest.approx(np.mean(sizes) / 1000)
    assert table.saved_percent[75] == 0 and 0 < table.saved_percent[50] < 100


def test_pairs_are_aligned_and_reproducible(cells):
    image = cells.image(0)
    stream = pairs([image], "random", 32, seed=3)
    (a, b), (again, _) = (next(iter(stream)) for _ in range(2))
    assert a.shape == b.shape == (3, 32, 32) and torch.equal(a, again)
    assert (a - b).abs().mean() < 0.1  # an unaligned pair differs more
    assert not torch.equal(a, b)
    assert next(iter(pairs([image], "50", 96, seed=0)))[0].shape == (
        3,
        96,
        96,
    )  # larger than the image


def test_training_restores_and_resumes(cells, tmp_path):
    images = [cells.image(i) for i in cells.splits()["train"]]

    def trained():
        return train_deblocker(
            build_network("xception"),
            images,
            build_loss("mse"),
            Schedule(steps=40, batch=2),
            FitOptions(tmp_path, progress=False),
            trained_on="25",
            crop=64,
        )

    network = trained()
    test = cells.image(cells.splits()["test"][0])
    compressed, _ = jpeg(test, 25)
    restored = restore(network, compressed)
    assert restored.shape == test.shape and restored.dtype == np.uint8
    assert measure(test, restored)["mse"] < measure(test, compressed)["mse"]
    assert np.array_equal(restore(trained(), compressed), restored)


def test_summary_counts_improvements_in_the_right_direction():
    keys = {
        "dataset": "d",
        "network": "n",
        "loss": "mse",
        "trained_on": "75",
        "split_seed": 100,
        "seed": 0,
        "size": "full",
    }
    rows = [
        {**keys, "image": i, "quality": q, "metric": m, "jpeg": before, "restored": after}
        for q, m, values in (
            (75, "mse", [(2, 1), (2, 3)]),
            (75, "psnr_db", [(30, 31), (30, 32)]),
            (50, "psnr_db", [(20, 29), (20, 33)]),
        )
        for i, (before, after) in enumerate(values)
    ]
    table = summary(pd.DataFrame(rows)).set_index(["quality", "metric"])
    assert table.improved_percent.tolist() == [50, 100, 100]
    assert table.reference[50, "psnr_db"] == 30 and table.reaches_reference[50, "psnr_db"]
    assert table.change[75, "mse"] == 0


def test_an_untrained_network_leaves_distances_as_they_are(cells):
    image = cells.image(0)
    rows = pd.DataFrame(distances(build_network("xception"), image, [25, 75]))
    assert len(rows) == 2 * 2 * 4  # qualities, sizes, metrics
    assert (rows.jpeg == rows.restored).all()
    one = rows.query("size == 'full' and quality == 25 and metric == 'mae'")
    assert one.jpeg.item() == measure(image, jpeg(image, 25)[0])["mae"]


def test_outliers_are_images_that_get_worse_in_the_direction_of_the_metric():
    about = {"dataset": "cells", "network": "jjnet", "loss": "mse", "trained_on": "75"}
    about |= {"split_seed": 100, "seed": 0, "size": "full"}
    values = {"mae": (0.2, [0.1, 0.2, 0.3, 0.4]), "ssim": (0.8, [0.7, 0.8, 0.9, 0.95])}
    rows = [
        {**about, "image": i, "quality": quality, "metric": m, "jpeg": jpeg, "restored": value}
        for m, (jpeg, restored) in values.items()
        for i, value in enumerate(restored)
        for quality in (50, 75)
    ]
    table = outliers(pd.DataFrame(rows)).set_index("metric")
    assert table.worse_percent.to_dict() == {"mae": 50, "ssim": 25}  # equal ones are not worse
    assert table.restored.to_list() == [8, 8] and "quality" not in table


def test_the_lowest_quality_that_reaches_the_reference():
    keys = {"dataset": "d", "model": "m", "size": "full", "metric": "psnr_db"}
    rows = [(60, True), (50, True), (40, False), (25, False)]
    means = pd.DataFrame([{**keys, "quality": q, "reaches_reference": r} for q, r in rows])
    saved = pd.Series({60: 20.0, 50: 30.0, 40: 35.0, 25: 50.0})
    table = lowest_quality(means, saved).set_index("metric")
    assert table.lowest_quality["psnr_db"] == 50 and table.saved_percent["psnr_db"] == 30
    assert table.lowest_quality.isna()["ssim"]  # no row of it reaches the reference


def test_centre():
    image = np.arange(100).reshape(10, 10)
    assert (
        centre(image, 4).tolist() == image[3:7, 3:7].tolist()
        and centre(image, 20) is not None
        and centre(image, 20).shape == (10, 10)
    )
