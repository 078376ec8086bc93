"""Objects in images and bitstreams, written as a lab reads them."""

from __future__ import annotations

import json

import numpy as np
import own_stacks as own
import pandas as pd
import pytest
import tifffile
from faster_coco_eval import COCO
from PIL import Image

from promic_nb.errors import UserError
from promic_nb.lab.coding import encode
from promic_nb.lab.detection import OF_DECODED, OF_LATENT, OF_PIXELS, Options, detect_files
from promic_nb.lab.evaluation import evaluate
from promic_nb.models.api import detect
from promic_nb.models.load import load_detector


@pytest.fixture(scope="module")
def out(stack, pixel_model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("found")
    detect_files(stack, pixel_model, folder)
    return folder


def content(folder):
    return json.loads((folder / "detections.json").read_text())


def test_coco_holds_all_that_the_model_finds(out, pixel_model):
    found = content(out)
    model = load_detector(pixel_model)
    for image, pixels in zip(found["images"], own.slices(6), strict=True):
        expected = detect(model, pixels)
        mine = [a for a in found["annotations"] if a["image_id"] == image["id"]]
        assert len(mine) == len(expected.boxes) > 0
        boxes = np.array([a["bbox"] for a in mine])
        boxes[:, 2:] += boxes[:, :2]
        assert np.allclose(boxes, expected.boxes, atol=0.02)
        assert np.allclose([a["score"] for a in mine], expected.scores, atol=1e-4)
    coco = COCO(str(out / "detections.json"))  # another reader opens it
    assert len(coco.getAnnIds()) == len(found["annotations"])


def test_the_table_has_areas_in_pixels_and_in_square_micrometres(out):
    table = pd.read_csv(out / "detections.csv")
    assert len(table) and (table.score >= 0.5).all() and (table.area_of == "mask").all()
    assert np.allclose(table.area_um2, table.area_px * 25e-6)  # 5 nm pixels
    counts = pd.read_csv(out / "counts.csv")
    assert counts.image.tolist() == [f"section_{i:02d}" for i in range(6)]
    assert counts.objects.sum() == len(table)
    assert counts.area_px.sum() == pytest.approx(table.area_px.sum())


def test_masks_are_instance_labels(out):
    table = pd.read_csv(out / "detections.csv")
    for name, own_rows in table.groupby("image"):
        labels = tifffile.imread(out / "masks" / f"{name}.tif")
        assert labels.dtype == np.uint16 and labels.shape == own.SIZE
        ranked = own_rows.sort_values("score", ascending=False).area_px.to_numpy()
        assert labels.max() <= len(ranked)
        assert (labels == 1).sum() == ranked[0], "nothing covers the surest object"
        for k in range(2, len(ranked) + 1):
            assert (labels == k).sum() <= ranked[k - 1]


def test_overlays_show_the_slice(out):
    overlay = np.asarray(Image.open(out / "overlays" / "section_03.png"))
    pixels = np.repeat(own.slices(6)[3][..., None], 3, axis=2)
    assert overlay.shape == pixels.shape and 0 < (overlay != pixels).any(axis=2).mean() < 0.5


def test_the_trained_detector_scores_well_against_its_labels(out, stack):
    table = evaluate(out, stack).set_index("metric").value
    assert table["images"] == 6 and table["labels"] == 18
    assert table["AP50"] > 0.8
    assert (
        table["AP50"] == evaluate(out / "detections.json", stack).set_index("metric").value["AP50"]
    )


def test_labels_as_detections_score_one(stack, tmp_path):
    folder = own.coco(tmp_path / "mine", count=3)
    labels = json.loads((folder / "annotations.json").read_text())
    for record in labels["annotations"]:
        record["score"] = 0.9
    (tmp_path / "perfect.json").write_text(json.dumps(labels))
    table = evaluate(tmp_path / "perfect.json", folder / "annotations.json")
    scores = table.pivot_table(index="class", columns="metric", values="value")
    assert scores.index.tolist() == ["healthy", "swollen"]
    assert (scores.AP == 1).all() and scores.labels.tolist() == [3, 6]
    labels["annotations"] = [a for a in labels["annotations"] if a["category_id"] != 8]
    (tmp_path / "half.json").write_text(json.dumps(labels))
    table = evaluate(tmp_path / "half.json", folder / "annotations.json")
    scores = table.pivot_table(index="class", columns="metric", values="value")
    assert scores.AP.tolist() == [1, 0]


def test_a_latent_model_never_decodes_a_stream(streams, latent_model, tmp_path, no_synthesis):
    detect_files(streams, latent_model, tmp_path, Options(score=0.0))
    found = content(tmp_path)
    assert [image["read"] for image in found["images"]] == [OF_LATENT] * 2
    assert [image["height"] for image in found["images"]] == [97, 97]
    model, file = load_detector(latent_model), sorted(streams.glob("*.pmai"))[0]
    expected = detect(model, file.read_bytes())
    assert len([a for a in found["annotations"] if a["image_id"] == 1]) == len(expected.boxes)
    assert (tmp_path / "overlays" / "section_00.png").is_file()


def test_overlays_on_decoded_pictures_only_when_asked(streams, latent_model, tmp_path):
    detect_files(streams, latent_model, tmp_path, Options(decode_for_overlays=True))
    assert content(tmp_path)["images"][0]["read"] == OF_LATENT
    overlay = np.asarray(Image.open(tmp_path / "overlays" / "section_00.png")).astype(float)
    assert abs(overlay.mean() - own.slices(1)[0].mean()) < 10


def test_a_pixel_model_decodes_streams_and_says_so(stack, streams, pixel_model, tmp_path):
    detect_files(streams, pixel_model, tmp_path / "a")
    assert content(tmp_path / "a")["images"][0]["read"] == OF_DECODED
    detect_files(stack / "em" / "section_00.png", pixel_model, tmp_path / "b")
    assert content(tmp_path / "b")["images"][0]["read"] == OF_PIXELS
    assert np.isnan(pd.read_csv(tmp_path / "b" / "detections.csv").area_um2).all()


def test_an_interrupted_call_goes_on(stack, pixel_model, out, tmp_path, monkeypatch):
    from promic_nb.lab import detection

    calls, real = [], detection._of_picture

    def find(model, picture):
        if len(calls) == 3:
            raise KeyboardInterrupt
        calls.append(picture.name)
        return real(model, picture)

    monkeypatch.setattr(detection, "_of_picture", find)
    with pytest.raises(KeyboardInterrupt):
        detect_files(stack, pixel_model, tmp_path)
    assert not (tmp_path / "detections.json").exists()
    monkeypatch.setattr(
        detection, "_of_picture", lambda m, p: (calls.append(p.name), real(m, p))[1]
    )
    detect_files(stack, pixel_model, tmp_path)
    assert len(calls) == 6
    assert content(tmp_path) == content(out)


def test_images_for_a_latent_model_are_refused(stack, latent_model, tmp_path):
    with pytest.raises(UserError, match="cannot read pixels"):
        detect_files(stack, latent_model, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_odd_sizes_and_colour_are_read(pixel_model, tmp_path):
    image = np.repeat(own.slices(1, (101, 67))[0][..., None], 3, axis=2)
    Image.fromarray(image).save(tmp_path / "a.png")
    detect_files(tmp_path / "a.png", pixel_model, tmp_path / "out")
    assert content(tmp_path / "out")["images"][0]["width"] == 67


def test_streams_of_a_codec_without_latent_are_refused(stack, latent_model, tmp_path):
    encode(stack / "em" / "section_00.png", "jpegxl", tmp_path / "streams")
    with pytest.raises(UserError, match="'jpegxl', which has no latent"):
        detect_files(tmp_path / "streams", latent_model, tmp_path / "out")
    assert not (tmp_path / "out").exists()
