"""Own stacks of every form, from `init` to the objects: files are read as they are."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import own_stacks as own
import pytest
import tifffile
from PIL import Image

from promic_nb.core.window import Window
from promic_nb.datasets import open_stack
from promic_nb.datasets.own.discover import Given, init_stack
from promic_nb.datasets.own.stack import open_own
from promic_nb.testing import check_dataset

VNC = Path(__file__).parents[4] / "shared" / "data" / "vnc"
FORMS = {
    "PNG and masks": (own.folder_of_pngs, "masks", None),
    "OME-TIFF of 16 bits and instances": (own.ome_tiff, "instances", 8.0),
    "TIFF of many pages and masks": (own.multi_page, "masks", 5.0),
    "OME-Zarr and its labels": (own.ome_zarr, "instances", 4.0),
    "RGB and COCO": (own.coco, "coco", None),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_stack_of_any_form_is_a_data_set(tmp_path, form):
    draw, kind, pixel_size = FORMS[form]
    manifest = init_stack(draw(tmp_path / "mine"))
    assert manifest.name == "mine"
    assert manifest.labels and manifest.labels.kind == kind
    assert manifest.pixel_size_nm == pytest.approx(pixel_size)
    stack = open_stack("mine", tmp_path / "mine")
    check_dataset(stack)
    assert stack.split_ids == {"train": [0, 1, 2, 3, 4, 5], "val": [7, 8], "test": [10, 11]}
    found = stack.objects("test", 11)
    order = sorted(range(3), key=lambda k: found.boxes[k].tolist())
    assert found.boxes[order].tolist() == sorted(map(list, own.BOXES))
    for k, (x0, y0, x1, y1) in enumerate(found.boxes.astype(int)):
        assert (found.labels[y0:y1, x0:x1] == k + 1).all()
    assert (found.labels > 0).sum() == sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in own.BOXES)


def test_eight_bits_are_read_as_they_are(tmp_path):
    init_stack(own.folder_of_pngs(tmp_path / "mine"))
    stack = open_own(tmp_path / "mine")
    assert all(np.array_equal(stack.image("train", i), x) for i, x in enumerate(own.slices(12)))


@pytest.mark.parametrize("form", ["OME-TIFF of 16 bits and instances", "OME-Zarr and its labels"])
def test_sixteen_bits_go_through_the_window(tmp_path, form):
    init_stack(FORMS[form][0](tmp_path / "mine"), Given(window=(500, 500 + 255 * 16)))
    stack = open_own(tmp_path / "mine")
    assert stack.window == Window(500, 4580)
    assert all(np.array_equal(stack.image("train", i), x) for i, x in enumerate(own.slices(12)))


def test_version_0_5_of_ome_zarr_is_read(tmp_path):
    init_stack(own.ome_zarr(tmp_path / "mine", version=3), Given(window=(500, 4580)))
    stack = open_own(tmp_path / "mine")
    assert np.array_equal(stack.image("train", 3), own.slices(12)[3])
    assert stack.pixel_size_nm == 4


def test_the_estimated_window_spans_nearly_all_samples(tmp_path):
    manifest = init_stack(own.ome_tiff(tmp_path / "mine"))
    assert manifest.window is not None
    stored = np.stack([own.sixteen_bits(x) for x in own.slices(12)])
    outside = (stored < manifest.window[0]) | (stored > manifest.window[1])
    assert 0 < outside.mean() < 0.004


def test_a_value_a_class_gives_classes(tmp_path):
    init_stack(own.folder_of_pngs(tmp_path / "mine", values=(40, 90, 90)), Given(kind="classes"))
    stack = open_own(tmp_path / "mine")
    assert stack.classes == ("class40", "class90")
    found = stack.objects("test", 11)
    expected = {tuple(box): c for box, c in zip(own.BOXES, own.CLASSES, strict=True)}
    assert {
        tuple(map(int, b)): int(c) for b, c in zip(found.boxes, found.classes, strict=True)
    } == expected
    assert stack.survey().objects["test"] == {"class40": 2, "class90": 4}


def test_values_that_stand_for_many_objects_are_found_to_be_classes(tmp_path):
    own.folder_of_pngs(tmp_path / "mine", count=3, values=(40, 90, 90))
    for path in (tmp_path / "mine/seg").iterdir():
        label = np.zeros(own.SIZE, np.uint8)
        for k in range(6):
            label[10:30, 20 * k : 20 * k + 12] = (40, 90)[k % 2]
        Image.fromarray(label).save(path)
    manifest = init_stack(tmp_path / "mine")
    assert manifest.labels.kind == "classes" and manifest.classes == {"class40": 40, "class90": 90}


def test_the_classes_of_coco_are_its_categories(tmp_path):
    init_stack(own.coco(tmp_path / "mine"))
    stack = open_own(tmp_path / "mine")
    assert stack.classes == ("healthy", "swollen")
    assert stack.survey().objects["test"] == {"healthy": 2, "swollen": 4}


def test_boxes_of_coco_end_at_the_slice(tmp_path):
    """Tools round outwards: a pixel beyond the slice is cut off, of its box and of its area."""
    file = own.coco(tmp_path / "mine") / "annotations.json"
    content = json.loads(file.read_text())
    content["annotations"] = content["annotations"][:1]
    content["annotations"][0] |= {"bbox": [-1, -0.6, 21, 10.6], "segmentation": []}
    file.write_text(json.dumps(content))
    init_stack(file.parent)
    found = open_own(file.parent).objects("train", 0)
    assert found.boxes.tolist() == [[0, 0, 20, 10]]
    expected = np.zeros(own.SIZE, bool)
    expected[:10, :20] = True
    assert np.array_equal(found.labels == 1, expected)


def test_touching_instances_stay_apart(tmp_path):
    own.folder_of_pngs(tmp_path / "mine", count=3)
    for path in (tmp_path / "mine/seg").iterdir():
        label = np.zeros(own.SIZE, np.uint8)
        label[20:60, 20:50], label[20:60, 50:80] = 1, 2
        Image.fromarray(label).save(path)
    manifest = init_stack(tmp_path / "mine")
    assert manifest.labels.kind == "instances"
    stack = open_own(tmp_path / "mine")
    assert stack.boxes("test", 2).tolist() == [[20, 20, 50, 60], [50, 20, 80, 60]]


def test_masks_of_any_value_and_stray_pixels(tmp_path):
    """Masks whose value differs from file to file, with stray pixels of other values."""
    own.folder_of_pngs(tmp_path / "mine")
    for i, path in enumerate(sorted((tmp_path / "mine/seg").iterdir())):
        label = own.labels((255 - 20 * i,) * 3).astype(np.uint8)
        label[90, 5 + i] = 7
        Image.fromarray(label).save(path)
    assert init_stack(tmp_path / "mine").labels.kind == "masks"
    assert len(open_own(tmp_path / "mine").boxes("test", 11)) == 3


def test_colour_becomes_luma(tmp_path):
    (tmp_path / "mine").mkdir()
    rgb = np.random.default_rng(0).integers(0, 256, (80, 90, 3), dtype=np.uint8)
    Image.fromarray(rgb).save(tmp_path / "mine" / "a.png")
    init_stack(tmp_path / "mine")
    peer = np.asarray(Image.fromarray(rgb).convert("L"), int)
    assert np.abs(open_own(tmp_path / "mine").image("test", 0).astype(int) - peer).max() <= 1


def test_sixteen_bit_colour_keeps_its_depth(tmp_path):
    import imagecodecs

    (tmp_path / "mine").mkdir()
    rgb = np.random.default_rng(0).integers(0, 65536, (80, 90, 3), dtype=np.uint16)
    (tmp_path / "mine" / "a.png").write_bytes(imagecodecs.png_encode(rgb))
    manifest = init_stack(tmp_path / "mine", Given(window=(0, 65535)))
    assert manifest.window == (0, 65535)
    expected = rgb @ [0.299, 0.587, 0.114] / 257
    got = open_own(tmp_path / "mine").image("test", 0).astype(float)
    assert np.abs(got - expected).max() <= 0.51


def test_one_slice_without_a_label(tmp_path):
    (tmp_path / "mine").mkdir()
    tifffile.imwrite(tmp_path / "mine" / "one.tif", own.slices(1)[0])
    manifest = init_stack(tmp_path / "mine")
    assert manifest.labels is None
    stack = open_own(tmp_path / "mine")
    assert stack.split_ids == {"train": [], "val": [], "test": [0]}
    survey = stack.survey()
    assert survey.size == own.SIZE and survey.slices == 1 and survey.objects == {}


def test_slices_without_a_label_are_in_no_split(tmp_path):
    own.folder_of_pngs(tmp_path / "mine")
    for i in (0, 3, 4):
        (tmp_path / "mine" / "seg" / f"section_{i:02d}.png").unlink()
    init_stack(tmp_path / "mine")
    used = [i for ids in open_own(tmp_path / "mine").split_ids.values() for i in ids]
    assert used and not {0, 3, 4} & set(used)


def test_labels_are_matched_by_numbers_where_names_differ(tmp_path):
    own.folder_of_pngs(tmp_path / "mine")
    for path in (tmp_path / "mine/seg").iterdir():
        path.rename(path.with_name(f"{int(path.stem[-2:])}_mask.png"))
    init_stack(tmp_path / "mine")
    stack = open_own(tmp_path / "mine")
    assert [stack.labelled.planes[i].path.name for i in (2, 10)] == ["2_mask.png", "10_mask.png"]


def test_images_and_labels_in_one_folder(tmp_path):
    own.folder_of_pngs(tmp_path / "mine")
    for path in list((tmp_path / "mine/seg").iterdir()):
        path.rename(tmp_path / "mine/em" / f"{path.stem}_label.png")
    (tmp_path / "mine/seg").rmdir()
    manifest = init_stack(tmp_path / "mine")
    assert (manifest.images, manifest.labels.files) == (
        "em/section_*.png",
        "em/section_*_label.png",
    )
    assert len(open_own(tmp_path / "mine").planes) == 12


def test_the_fingerprint_follows_images_labels_and_the_manifest(tmp_path):
    def fingerprint():
        return open_own(tmp_path / "mine").fingerprint

    init_stack(own.folder_of_pngs(tmp_path / "mine"))
    first = fingerprint()
    assert fingerprint() == first
    file = tmp_path / "mine" / "stack.yaml"
    file.write_text(file.read_text().replace("gap: 1", "gap: 0"))
    assert (second := fingerprint()) != first
    Image.fromarray(own.labels((255, 255, 0)).astype(np.uint8)).save(
        tmp_path / "mine/seg/section_04.png"
    )
    assert fingerprint() not in (first, second)


def test_a_stack_may_lie_anywhere(tmp_path):
    """Moving the folder changes nothing that a run depends on."""
    init_stack(own.folder_of_pngs(tmp_path / "mine"))
    first = open_own(tmp_path / "mine").fingerprint
    shutil.move(tmp_path / "mine", tmp_path / "elsewhere")
    assert open_stack("mine", tmp_path / "elsewhere").fingerprint == first


def test_a_real_foreign_stack_works_as_it_comes(tmp_path):
    """20 sections of a fly's nerve cord: TIFF images, PNG masks of many values."""
    if not VNC.is_dir():
        pytest.skip("no copy of the stack in ../shared/data/vnc")
    for folder in ("raw", "mitochondria"):
        (tmp_path / "vnc" / folder).mkdir(parents=True)
        for path in sorted((VNC / folder).iterdir())[:6]:
            (tmp_path / "vnc" / folder / path.name).symlink_to(path)
    manifest = init_stack(tmp_path / "vnc")
    assert (manifest.images, manifest.labels.kind) == ("raw/*.tif", "masks")
    stack = open_own(tmp_path / "vnc")
    assert stack.image("train", 0).shape == (1024, 1024)
    assert 10 < len(stack.boxes("train", 0)) < 40
