"""Several classes of objects: labels, crops, training, files, detections and scores."""

from __future__ import annotations

import json

import numpy as np
import own_stacks as own
import pandas as pd
import pytest
import torch
from PIL import Image

from promic_nb.datasets import open_stack
from promic_nb.datasets.own.discover import Given, init_stack
from promic_nb.errors import UserError
from promic_nb.lab.detection import detect_files
from promic_nb.lab.evaluation import evaluate
from promic_nb.metrics.detection import Detections
from promic_nb.models.build import build_detector, build_translator, mirror
from promic_nb.models.load import load_detector
from promic_nb.models.tables import class_table
from promic_nb.models.weights import save_weights
from promic_nb.training.data import DetectorData
from promic_nb.training.detection import train_detector
from promic_nb.training.inputs import load_inputs
from promic_nb.training.options import FitOptions
from promic_nb.training.samples import collate, detection_crops
from promic_nb.training.solver import Solver

CLASSES = ("class40", "class90")


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """A stack of two classes; objects of the second are bright, those of the first dark."""
    folder = own.folder_of_pngs(tmp_path_factory.mktemp("two") / "two", 8, values=(40, 90, 90))
    for i, image in enumerate(own.slices(8)):
        lit = image.astype(int)
        for (x0, y0, x1, y1), number in zip(own.BOXES, own.CLASSES, strict=True):
            lit[y0:y1, x0:x1] += 130 * number
        Image.fromarray(lit.clip(0, 255).astype(np.uint8)).save(
            folder / "em" / f"section_{i:02d}.png"
        )
    init_stack(folder, Given(kind="classes"))
    return folder


@pytest.fixture(scope="module")
def seen(two):
    stack = open_stack("two", two)
    return load_inputs(stack, "original", {}, {"train": 1, "test": 1})


def test_a_recipe_sees_the_class_of_each_box(seen):
    train = seen.slices["train"]
    assert train.classes is not None and seen.card.classes == CLASSES
    for boxes, numbers in zip(train.boxes, train.classes, strict=True):
        expected = dict(zip(map(tuple, own.BOXES), own.CLASSES, strict=True))
        assert {tuple(map(int, b)): n for b, n in zip(boxes, numbers, strict=True)} == expected


def test_classes_follow_their_boxes_through_crops(seen):
    train, dropped = seen.slices["train"], 0
    stream = detection_crops(
        train.inputs, train.boxes, train.size, 64, 0, classes=train.classes, flips=True
    )
    samples = [sample for _, sample in zip(range(30), stream, strict=False)]
    for sample in samples:
        dropped += len(sample.boxes) < 3
        for (x0, y0, x1, y1), number in zip(sample.boxes.int(), sample.classes, strict=True):
            inside = sample.inputs[0, y0:y1, x0:x1].mean()
            assert (inside > 160) == bool(number), "a bright object is of class 1"
    assert dropped
    assert collate(samples[:4], 1).classes


@pytest.fixture(scope="module")
def model(seen, tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    detector = train_detector(
        build_detector("small", classes=2),
        DetectorData(seen.slices["train"], crop=64),
        Solver(120, 0.02),
        FitOptions(folder / "training"),
    )
    detector.card = seen.card
    save_weights(detector, folder / "model.safetensors")
    return folder / "model.safetensors"


def test_a_detector_tells_classes_apart(two, model, tmp_path):
    table = detect_files(two, model, tmp_path)
    scores = evaluate(tmp_path, two).pivot_table(index="class", columns="metric", values="value")
    assert scores.index.tolist() == list(CLASSES) and (scores.AP50 > 0.8).all()
    assert scores.labels.tolist() == [8, 16]
    assert set(table["class"]) == set(CLASSES)
    counts = pd.read_csv(tmp_path / "counts.csv")
    assert counts.groupby("image").size().eq(2).all()
    content = json.loads((tmp_path / "detections.json").read_text())
    assert [c["name"] for c in content["categories"]] == list(CLASSES)


def test_swapped_classes_score_nothing(two, model, tmp_path):
    detect_files(two, model, tmp_path)
    content = json.loads((tmp_path / "detections.json").read_text())
    for record in content["annotations"]:
        record["category_id"] = 3 - record["category_id"]
    (tmp_path / "swapped.json").write_text(json.dumps(content))
    table = evaluate(tmp_path / "swapped.json", two)
    assert (table[table.metric == "AP50"].value < 0.2).all()


def test_the_classes_are_saved_and_reach_the_detector_of_latents(model):
    loaded = load_detector(model)
    assert loaded.config.classes == 2 and loaded.card.classes == CLASSES
    latent = mirror(loaded, build_translator(loaded.config, 160, True))
    assert latent.config.classes == 2
    assert latent.heads.box_predictor.cls_score.out_features == 3


def test_ap_by_class():
    box = np.array([[0.0, 0.0, 50.0, 50.0], [60.0, 60.0, 99.0, 99.0]])
    truth = [(box, np.array([0, 1]))]
    found = [Detections(box, np.array([0.9, 0.8]), classes=np.array([0, 0]))]
    table = class_table(CLASSES, truth, found, {"low": 0.5})
    values = table[table.metric == "AP50"].set_index("class").value
    assert values.to_dict() == {"class40": 1.0, "class90": 0.0}


def test_detectron2_refuses_several_classes():
    with pytest.raises(UserError, match="one class of objects"):
        build_detector("resnet50", engine="detectron2", classes=2)


def test_one_class_is_as_before():
    """A detector of one class draws the same weights and gives every object the number 0."""
    torch.manual_seed(0)
    found = build_detector("small", seed=3).eval()
    assert found.heads.box_predictor.cls_score.out_features == 2
    assert found.config.classes == 1
